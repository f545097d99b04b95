package digest

import (
	"fmt"
	"strings"

	"tlsbrief/templates"
)

// leadBlind says which mailbox could not be read, since when, and why.
func (w words) leadBlind() []string {
	s := "Nothing is known about the mail to your domains: the reports could not be fetched."
	if last := w.lastDay(); last > 0 {
		s = fmt.Sprintf("Nothing is known about any day after %s: the reports could not be fetched.", templates.ShortDay(last.time()))
	}
	out := []string{s}
	for _, b := range w.Blind {
		out = append(out, blindSentence(b))
	}
	return out
}

// blindShort names the unreadable mailbox for the subject.
func (w words) blindShort() string {
	if len(w.Blind) != 1 {
		return templates.Plural(int64(len(w.Blind)), "mailbox") + " cannot be read"
	}
	if b := w.Blind[0]; refusedLogin(b.Error) {
		return "mailbox " + templates.Line(b.Name) + ": password refused"
	}
	return "mailbox " + templates.Line(w.Blind[0].Name) + " cannot be read"
}

// firstBlind says what to do about mailboxes that cannot be read.
func (w words) firstBlind() []string {
	var out []string
	for _, b := range w.Blind {
		if refusedLogin(b.Error) && len(out) < maxFirst {
			out = append(out, fmt.Sprintf("Check the user name and the password of mailbox %s in the configuration.", templates.Line(b.Name)))
		}
	}
	return append(out, "Run the command below: it tries every mailbox and says which step fails and how to mend it.")
}

// refusedLogin tells whether a mail server refused user name or password.
func refusedLogin(fault string) bool {
	fault = strings.ToLower(fault)
	return strings.Contains(fault, "authenticationfailed") || strings.Contains(fault, "refused the login") ||
		strings.Contains(fault, "invalid credentials")
}

// plainFault says in plain words why a mailbox could not be read; nothing where
// the error says it well enough.
func plainFault(fault string) string {
	if refusedLogin(fault) {
		return "the mail server refused the user name or the password"
	}
	fault = strings.ToLower(fault)
	for _, known := range []struct{ part, words string }{
		{"no such host", "the name of the mail server could not be found in DNS"},
		{"connection refused", "the mail server does not accept connections"},
		{"timeout", "the mail server did not answer in time"},
		{"deadline exceeded", "the mail server did not answer in time"},
		{"x509:", "the certificate of the mail server is not accepted"},
	} {
		if strings.Contains(fault, known.part) {
			return known.words
		}
	}
	return ""
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
	switch plain := plainFault(b.Error); {
	case plain != "":
		s += ": " + plain + " (" + strings.TrimSuffix(templates.Line(b.Error), ".") + ")"
	case b.Error != "":
		s += ": " + templates.Line(b.Error)
	}
	return strings.TrimSuffix(s, ".") + "."
}
