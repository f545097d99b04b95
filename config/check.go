package config

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
)

// config judges a whole file. What it gives is of use only where no fault was
// noted.
func (c *checker) config(f *file) *Config {
	cfg := &Config{
		Database: Database{Path: c.path(f.Database.Path), Keep: c.keep(f.Database.Keep)},
		Schedule: Schedule{
			Timezone: c.timezone(f.Schedule.Timezone),
			Poll:     c.cron(f.Schedule.Poll),
			Digest:   c.timeOfDay(f.Schedule.Digest),
			Check:    c.cron(f.Schedule.Check),
		},
		SMTP:    c.smtp(&f.SMTP),
		Reports: c.reports(&f.Reports),
		DNS:     DNS{Server: c.dnsServer(f.DNS.Server)},
		Check:   c.domainCheck(&f.Check),
	}
	if cfg.Database.Path == "" {
		c.fault(f.Database.Path.key, "is empty; name the file that holds the reports")
	}
	names := map[string]int{}
	for i := range f.Mailboxes {
		cfg.Mailboxes = append(cfg.Mailboxes, c.mailbox(&f.Mailboxes[i], names))
	}
	names = map[string]int{}
	for i := range f.Digests {
		d := c.digest(&f.Digests[i], names)
		if len(d.To) == 0 {
			d.To = slices.Clone(cfg.SMTP.To)
		}
		cfg.Digests = append(cfg.Digests, d)
	}
	return cfg
}

// required tells whether a key has text, and notes a fault where not.
func (c *checker) required(k textKey, example string) bool {
	switch {
	case k.bad:
		return false
	case !k.set:
		c.fault(k.key, "missing; set it, as in %s", example)
		return false
	case k.value == "":
		c.fault(k.key, "is empty; set it, as in %s", example)
		return false
	}
	return true
}

// name judges the name of a mailbox or digest: people type it on the command
// line and read it in logs and mails. names holds those seen and their lines.
func (c *checker) name(k textKey, reserved, why, example string, names map[string]int) string {
	if !c.required(k, example) {
		return ""
	}
	switch {
	case !printable(k.value):
		c.fault(k.key, "%s has characters that do not print, or blanks at an end; use plain letters", quote(k.value))
	case strings.EqualFold(k.value, reserved):
		c.fault(k.key, "%s is reserved for %s; take another name", quote(k.value), why)
	case names[k.value] > 0:
		c.fault(k.key, "%s is taken by line %d; every name must be different", quote(k.value), names[k.value])
	default:
		names[k.value] = k.line
	}
	return k.value
}

// printable tells whether text shows as it is: no control characters, nothing
// that reverses the writing direction, no blanks at the ends.
func printable(s string) bool {
	return strings.TrimSpace(s) == s && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// oneOf judges a key that takes one of a few words.
func (c *checker) oneOf(k textKey, words ...string) string {
	if !slices.Contains(words, k.value) && !k.bad {
		hint := ""
		if near := nearest(k.value, slices.Clone(words)); near != "" {
			hint = "; did you mean " + near + "?"
		}
		c.fault(k.key, "%s is not one of %s%s", quote(k.value), strings.Join(words, ", "), hint)
	}
	return k.value
}

// path makes a path absolute, counted from the folder of the file.
func (c *checker) path(k textKey) string {
	if strings.ContainsRune(k.value, 0) {
		c.fault(k.key, "has a NUL character, which no path has; write the path as it is")
	}
	if k.value == "" || filepath.IsAbs(k.value) {
		return k.value
	}
	return filepath.Join(c.dir, k.value)
}

// timezone judges the name of a time zone. "Local", which Go knows, is whatever
// the machine or the container happens to be set to.
func (c *checker) timezone(k textKey) *time.Location {
	if k.value == "Local" {
		c.fault(k.key, `"Local" would be another zone on another machine; use a name such as UTC or Europe/Berlin`)
		return time.UTC
	}
	zone, err := time.LoadLocation(k.value)
	if k.value == "" || err != nil {
		c.fault(k.key, "%s is not a time zone; use a name such as UTC or Europe/Berlin", quote(k.value))
		return time.UTC
	}
	return zone
}

// reports judges [reports].
func (c *checker) reports(f *fileReports) Reports {
	const kiB, giB = 1 << 10, 1 << 30
	return Reports{
		Domains:           c.domains(f.Domains),
		Authenticity:      c.oneOf(f.Authenticity, "flag", "require", "off"),
		TrustedAuthservID: c.authservIDs(f.TrustedAuthservID),
		TrustMicrosoft365: f.TrustMicrosoft365.value,
		IgnoreSigners:     c.signers(f.IgnoreSigners),
		MaxMessage:        c.size(f.MaxMessage, kiB, giB),
		MaxReport:         c.size(f.MaxReport, kiB, giB),
		MaxPolicies:       int(c.between(f.MaxPolicies, 1, 1_000_000)),
		MaxFailures:       int(c.between(f.MaxFailures, 1, 10_000_000)),
	}
}

// authservIDs judges the names by which mail servers sign their
// Authentication-Results: RFC 8601, section 2.5.
func (c *checker) authservIDs(k listKey) []string {
	for i, id := range k.values {
		if id == "" || !printable(id) || strings.ContainsAny(id, " ;") {
			c.fault(k.at(i), "%s cannot be an authserv-id; copy the first word of your server's Authentication-Results field, such as mx.example.com", quote(id))
		}
	}
	return k.values
}

func (c *checker) signers(k listKey) []string {
	var signers []string
	for i, s := range k.values {
		name, err := domainName(s)
		if err != nil {
			c.fault(k.at(i), "%v", err)
			continue
		}
		signers = append(signers, name)
	}
	return unique(signers)
}

// unique drops what is there twice, and keeps the order.
func unique(in []string) []string {
	seen := make(map[string]bool, len(in))
	return slices.DeleteFunc(in, func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}
