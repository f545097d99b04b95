package digest

import (
	"fmt"
	"strings"

	"tlsbrief/templates"
)

// leadSilent says that nothing came that counts, and what that means.
func (w words) leadSilent() []string {
	if w.Kind == kindFallback && len(w.Domains) == 0 {
		return []string{w.leadFallback()}
	}
	var out []string
	names := make([]string, 0, len(w.Domains))
	last := day(0)
	for _, d := range w.Domains {
		names = append(names, d.Name)
		last = max(last, d.LastDay)
	}
	about := "any domain"
	if len(names) > 0 {
		about = listNames(names, 5)
	}
	n := len(w.Tally.uncounted.reports)
	s := fmt.Sprintf("Nothing has arrived for %s%s.", about, w.silentSince())
	if n > 0 {
		s = fmt.Sprintf("None of the %s that came for %s could be verified, so nothing is known for sure.", templates.Plural(int64(n), "report"), about)
	}
	if last > 0 {
		s += fmt.Sprintf(" The last report that counts is about %s.", templates.LongDay(last.time()))
	} else {
		s += " No report that counts has come in the last 60 days."
	}
	out = append(out, s)
	if k := len(w.Stopped); k > 0 {
		out = append(out, fmt.Sprintf("%s used to report on most days and no longer %s. That does not mean that all is well: nobody is telling you.",
			templates.Plural(int64(k), "sender"), verb(k, "does", "do")))
	} else {
		out = append(out, "That does not mean that all is well, only that nobody has told you. Domains that get little mail have days without a report.")
	}
	return out
}

// silentSince says for how long nothing came.
func (w words) silentSince() string {
	switch {
	case w.ByDays:
		return " for " + daySpan(w.First, w.Last)
	case w.LastRun.IsZero():
		return " so far"
	default:
		return " since the digest of " + templates.ShortDay(w.LastRun)
	}
}

// leadFallback says why there is a fallback digest without reports that count.
func (w words) leadFallback() string {
	var out []string
	if n := len(w.Rejected); n > 0 {
		out = append(out, fmt.Sprintf("%s looked like TLS reports and could not be read; in the mailbox they are as they were.", templates.Plural(int64(n), "message")))
	}
	if n := len(w.Tally.uncounted.reports); n > 0 {
		out = append(out, fmt.Sprintf("%s for domains that no digest claims could not be verified.", templates.Plural(int64(n), "report")))
	}
	if len(out) == 0 {
		return "No report came for a domain that no digest claims."
	}
	return strings.Join(out, " ")
}

// leadBlind says which mailbox could not be read, since when, and why.
func (w words) leadBlind() []string {
	out := []string{"Nothing is known about the mail to your domains: the reports could not be fetched."}
	for _, b := range w.Blind {
		out = append(out, blindSentence(b))
	}
	return out
}

// blindShort names the unreadable mailbox for the subject.
func (w words) blindShort() string {
	if len(w.Blind) == 1 {
		return "mailbox " + templates.Line(w.Blind[0].Name) + " cannot be read"
	}
	return templates.Plural(int64(len(w.Blind)), "mailbox") + " cannot be read"
}

// blindSentence says since when a mailbox has not been read, and why.
func blindSentence(b mailboxState) string {
	s := fmt.Sprintf("Mailbox %s could not be read", templates.Line(b.Name))
	switch {
	case !b.Since.IsZero():
		s += " since " + b.Since.UTC().Format("Monday 2 January 2006 15:04 UTC")
	case !b.LastGood.IsZero():
		s += "; it was last read on " + b.LastGood.UTC().Format("Monday 2 January 2006 15:04 UTC")
	default:
		s = fmt.Sprintf("Mailbox %s has never been read: no poll of it has worked yet", templates.Line(b.Name))
	}
	if b.Error != "" {
		s += ": " + templates.Line(b.Error)
	}
	return strings.TrimSuffix(s, ".") + "."
}
