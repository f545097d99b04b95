package config

import (
	"strings"
	"time"
)

// An Accept is a failure that the owner knows of and puts up with for a time.
// Empty fields cover everything; one of ResultType, MX and Sender is set.
type Accept struct {
	ResultType string    `toml:"result_type" rule:"result type"` // RFC 8460, section 4.3; lower case
	MX         string    `toml:"mx" rule:"pattern"`              // a receiving MX host, or "*.example.net"
	Domain     string    `toml:"domain" rule:"pattern"`          // a policy domain, or "*.example.org"
	Sender     string    `toml:"sender" rule:"pattern"`          // a signing domain
	Until      time.Time `toml:"until"`                          // the last UTC day that is covered
	Why        string    `toml:"why"`                            // one printable line
}

// maxWhy bounds the reason of an [[accept]], in characters: it is one line of a
// digest.
const maxWhy = 200

// accept judges one [[accept]]. What would cover every failure for ever is
// refused: it must name what it is about, until when, and why.
func (c *checker) accept(a *Accept) {
	c.rules(a)
	result, mx, sender := c.key(&a.ResultType), c.key(&a.MX), c.key(&a.Sender)
	if strings.HasPrefix(a.Sender, "*.") {
		c.fault(sender, "%s is a pattern, but who signs is one domain; name it, as in sender = \"google.com\"", quote(sender.text))
	}
	if result.text+mx.text+sender.text == "" && !result.bad && !mx.bad && !sender.bad {
		c.fault(c.key(a), "would accept every failure; set result_type, mx or sender to say which")
	}
	if until := c.key(&a.Until); c.required(until, `until = "2026-12-31"`) {
		var err error
		if a.Until, err = time.Parse(time.DateOnly, until.text); err != nil {
			c.fault(until, `%s is no day; write it as in until = "2026-12-31"`, quote(until.text))
		}
	}
	why := c.key(&a.Why)
	if c.required(why, `why = "mx2 is being replaced"`) && (!printable(a.Why) || len([]rune(a.Why)) > maxWhy) {
		c.fault(why, "has characters that do not print, blanks at an end, or more than %d characters; the digest shows it in one line", maxWhy)
	}
}

// resultType judges the name of a result type, of which new ones may come.
func (c *checker) resultType(k key) string {
	name := strings.ToLower(k.text)
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		c.fault(k, `%s is no result type; use one as the digest prints it, such as "certificate-expired"`, quote(k.text))
	}
	return name
}
