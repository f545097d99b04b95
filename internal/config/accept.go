package config

import (
	"strings"
	"time"
)

// maxWhy bounds the reason of an [[accept]], in characters: it is one line of a
// digest.
const maxWhy = 200

// accept judges one [[accept]]. What would cover every failure for ever is
// refused: it must name what it is about, until when, and why.
func (c *checker) accept(f *fileAccept) Accept {
	a := Accept{
		ResultType: strings.ToLower(f.ResultType.value),
		MX:         c.patternKey(f.MX),
		Domain:     c.patternKey(f.Domain),
		Sender:     c.patternKey(f.Sender),
		Why:        f.Why.value,
	}
	if strings.Trim(a.ResultType, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		c.fault(f.ResultType.key, `%s is no result type; use one as the digest prints it, such as "certificate-expired"`, quote(f.ResultType.value))
	}
	if strings.HasPrefix(a.Sender, "*.") {
		c.fault(f.Sender.key, "%s is a pattern, but who signs is one domain; name it, as in sender = \"google.com\"", quote(f.Sender.value))
	}
	if f.ResultType.value+f.MX.value+f.Sender.value == "" && !f.ResultType.bad && !f.MX.bad && !f.Sender.bad {
		c.fault(f.At, "would accept every failure; set result_type, mx or sender to say which")
	}
	if c.required(f.Until, `until = "2026-12-31"`) {
		until, err := time.Parse(time.DateOnly, f.Until.value)
		if err != nil {
			c.fault(f.Until.key, `%s is no day; write it as in until = "2026-12-31"`, quote(f.Until.value))
		}
		a.Until = until
	}
	if c.required(f.Why, `why = "mx2 is being replaced"`) && (!printable(a.Why) || len([]rune(a.Why)) > maxWhy) {
		c.fault(f.Why.key, "has characters that do not print, blanks at an end, or more than %d characters; the digest shows it in one line", maxWhy)
	}
	return a
}

// patternKey judges a domain, or "*." and a domain; empty is allowed.
func (c *checker) patternKey(k textKey) string {
	if k.value == "" || k.bad {
		return ""
	}
	name, err := pattern(k.value)
	if err != nil {
		c.fault(k.key, "%v", err)
	}
	return name
}
