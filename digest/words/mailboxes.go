package words

import (
	"fmt"
	"strings"

	"tlsbrief/digest/judge"
	"tlsbrief/templates"
)

// leadBlind says which mailbox or folder could not be read, since when, and why.
func leadBlind(j *judge.Judgement) []string {
	s := "Nothing is known about the mail to your domains: the reports could not be fetched."
	if last := j.LastDay(); last > 0 {
		s = fmt.Sprintf("Nothing is known about any day after %s: the reports could not be fetched.", templates.ShortDay(last.Time()))
	}
	out := []string{s}
	for _, u := range j.Unread {
		out = append(out, unreadSentence(u))
	}
	return out
}

// blindShort names what cannot be read for the subject.
func blindShort(j *judge.Judgement) string {
	all := judge.Blinding(j.Unread)
	mailboxes, folders := map[string]struct{}{}, 0
	for _, u := range all {
		mailboxes[u.Mailbox] = struct{}{}
		if u.Name != "" {
			folders++
		}
	}
	mailbox := "mailbox " + templates.Line(all[0].Mailbox)
	switch {
	case len(mailboxes) > 1 && folders > 0:
		return templates.Plural(int64(len(mailboxes)), "mailbox") + " cannot be read in full"
	case len(mailboxes) > 1:
		return templates.Plural(int64(len(mailboxes)), "mailbox") + " cannot be read"
	case folders > 1:
		return templates.Plural(int64(folders), "folder") + " of " + mailbox + " cannot be read"
	case folders == 1:
		return "folder " + templates.Line(all[0].Name) + " of " + mailbox + " cannot be read"
	case faultTextOf(all[0].Fault).subject != "":
		return mailbox + ": " + faultTextOf(all[0].Fault).subject
	}
	return mailbox + " cannot be read"
}

// firstBlind says what to do about mailboxes that cannot be read.
func firstBlind(j *judge.Judgement) []string {
	var out []string
	for _, u := range j.Unread {
		if advice := faultTextOf(u.Fault).advice; u.Name == "" && advice != "" && len(out) < maxFirst {
			out = append(out, fmt.Sprintf(advice, templates.Line(u.Mailbox)))
		}
	}
	return append(out, "Run the command below: it tries every mailbox and says which step fails and how to mend it.")
}

// unreadSentence says what has not been read, since when, and why.
func unreadSentence(u judge.Unread) string {
	what := "Mailbox " + templates.Line(u.Mailbox)
	if u.Name != "" {
		what = fmt.Sprintf("Folder %s of mailbox %s", templates.Line(u.Name), templates.Line(u.Mailbox))
	}
	s := what + " could not be read"
	switch {
	case !u.Since.IsZero():
		s += " since " + u.Since.UTC().Format("Monday 2 January 2006 15:04 UTC")
	case !u.LastGood.IsZero():
		s += "; it was last read on " + u.LastGood.UTC().Format("Monday 2 January 2006 15:04 UTC")
	case u.Error == "":
		s = what + " has not been polled yet (tlsbrief run does that, or tlsbrief poll)"
	default:
		s = what + " has never been read: no poll of it has worked yet"
	}
	switch plain := faultTextOf(u.Fault).sentence; {
	case plain != "":
		s += ": " + plain + " (" + strings.TrimSuffix(templates.Line(u.Error), ".") + ")"
	case u.Error != "":
		s += ": " + templates.Line(u.Error)
	}
	return strings.TrimSuffix(s, ".") + "."
}

// overrunSentence says since when a poll has been running that takes too long.
func overrunSentence(j *judge.Judgement) string {
	return fmt.Sprintf("A poll has been running since %s, longer than its interval: mail is waiting, and reports may be among it.",
		j.Facts.Overrun.UTC().Format("Monday 2 January 2006 15:04 UTC"))
}

// leadWaiting says that nothing is known because mail has not been read yet.
func leadWaiting(j *judge.Judgement) []string {
	unknown := "Until it is read, nothing is known about the mail to your domains."
	if last := j.LastDay(); last > 0 && !j.Facts.ByDays {
		unknown = fmt.Sprintf("Until it is read, nothing is known about any day after %s.", templates.ShortDay(last.Time()))
	}
	return []string{overrunSentence(j), unknown}
}

// firstWaiting says what to do about mail that waits.
func firstWaiting() []string {
	return []string{"Wait for the next digest, which brings what the poll reads. Where it says the same again, run the command below, and look at the log for the mailbox that takes so long."}
}
