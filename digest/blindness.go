package digest

import (
	"fmt"
	"strings"

	"tlsbrief/templates"
)

// leadBlind says which mailbox or folder could not be read, since when, and why.
func (w words) leadBlind() []string {
	s := "Nothing is known about the mail to your domains: the reports could not be fetched."
	if last := w.lastDay(); last > 0 {
		s = fmt.Sprintf("Nothing is known about any day after %s: the reports could not be fetched.", templates.ShortDay(last.time()))
	}
	out := []string{s}
	for _, u := range w.Unread {
		out = append(out, u.sentence())
	}
	return out
}

// blindShort names what cannot be read for the subject.
func (w words) blindShort() string {
	all := blind(w.Unread)
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
func (w words) firstBlind() []string {
	var out []string
	for _, u := range w.Unread {
		if advice := faultTextOf(u.Fault).advice; u.Name == "" && advice != "" && len(out) < maxFirst {
			out = append(out, fmt.Sprintf(advice, templates.Line(u.Mailbox)))
		}
	}
	return append(out, "Run the command below: it tries every mailbox and says which step fails and how to mend it.")
}

// sentence says what has not been read, since when, and why.
func (u unread) sentence() string {
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
