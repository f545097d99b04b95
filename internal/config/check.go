package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tlsbrief/internal/spelling"
)

// config judges a whole file. What it gives is of use only where no fault was
// noted. more are the files that it includes.
func (c *checker) config(f *file, more []included) *Config {
	cfg := &Config{
		Database: Database{Path: c.path(f.Database.Path), Keep: c.keep(f.Database.Keep)},
		Schedule: Schedule{
			Timezone: c.timezone(f.Schedule.Timezone),
			Poll:     c.cron(f.Schedule.Poll),
			Digest:   c.timeOfDay(f.Schedule.Digest),
			Check:    c.cron(f.Schedule.Check),

			Parallel:  int(c.between(f.Schedule.Parallel, 1, 100)),
			WarnAfter: c.warnAfter(f.Schedule.WarnAfter),
		},
		SMTP:         c.smtp(&f.SMTP),
		Reports:      c.reports(&f.Reports),
		TemplatesDir: c.path(f.DigestTemplates.Dir),
		DNS:          DNS{Server: c.dnsServer(f.DNS.Server)},
		Check:        c.domainCheck(&f.Check),
	}
	if cfg.Database.Path == "" {
		c.fault(f.Database.Path.key, "is empty; name the file that holds the reports")
	}
	mailboxes, digests := map[string]place{}, map[string]place{}
	c.lists(cfg, &includedFile{f.Mailboxes, f.Digests, f.Accepts}, mailboxes, digests)
	for _, inc := range more {
		inc.checker.lists(cfg, inc.file, mailboxes, digests)
		c.faults = append(c.faults, inc.checker.faults...)
	}
	return cfg
}

// A place is where a name was seen first.
type place struct {
	file string // empty: the main one
	line int
}

func (p place) String() string {
	if p.file == "" {
		return fmt.Sprintf("line %d", p.line)
	}
	return fmt.Sprintf("%s, line %d", p.file, p.line)
}

// lists judges what there may be several of in one file, and adds it.
func (c *checker) lists(cfg *Config, f *includedFile, boxNames, digestNames map[string]place) {
	for i := range f.Mailboxes {
		cfg.Mailboxes = append(cfg.Mailboxes, c.mailbox(&f.Mailboxes[i], boxNames))
	}
	for i := range f.Digests {
		d := c.digest(&f.Digests[i], digestNames)
		if len(d.To) == 0 {
			d.To = slices.Clone(cfg.SMTP.To)
		}
		if f.Digests[i].Timezone.value == "" {
			d.Timezone = cfg.Schedule.Timezone
		}
		if f.Digests[i].SubjectPrefix.value == "" {
			d.SubjectPrefix = cfg.SMTP.SubjectPrefix
		}
		cfg.Digests = append(cfg.Digests, d)
	}
	for i := range f.Accepts {
		cfg.Accepts = append(cfg.Accepts, c.accept(&f.Accepts[i]))
	}
}

// required reports whether a key has text, and notes a fault where not.
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
func (c *checker) name(k textKey, reserved, why, example string, names map[string]place) string {
	if !c.required(k, example) {
		return ""
	}
	switch {
	case !printable(k.value):
		c.fault(k.key, "%s has characters that do not print, or blanks at an end; use plain letters", quote(k.value))
	case strings.EqualFold(k.value, reserved):
		c.fault(k.key, "%s is reserved for %s; take another name", quote(k.value), why)
	case names[k.value].line > 0:
		c.fault(k.key, "%s is taken by %s; every name must be different", quote(k.value), names[k.value])
	default:
		names[k.value] = place{c.file, k.line}
	}
	return k.value
}

// printable reports whether text shows as it is: no control characters, nothing
// that reverses the writing direction, no blanks at the ends.
func printable(s string) bool {
	return utf8.ValidString(s) && strings.TrimSpace(s) == s && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// oneOf judges a key that takes one of a few words.
func (c *checker) oneOf(k textKey, words ...string) string {
	if !slices.Contains(words, k.value) && !k.bad {
		c.fault(k.key, "%s is not one of %s%s", quote(k.value), strings.Join(words, ", "), spelling.Hint(k.value, words))
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
		MaxUnknown:        c.size(f.MaxUnknown, 1<<10, 1<<30),
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
