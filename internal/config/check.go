package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// config judges a whole file. What it leaves in cfg is of use only where no fault
// was noted. more are the files that it includes.
func (c *checker) config(cfg *Config, more []included) {
	for _, table := range []any{&cfg.Database, &cfg.Schedule, &cfg.Reports, &cfg.Templates, &cfg.DNS, &cfg.Check} {
		c.rules(table)
	}
	c.smtp(&cfg.SMTP)
	if cfg.Database.Path == "" {
		c.fault(c.key(&cfg.Database.Path), "is empty; name the file that holds the reports")
	}
	mailboxes, digests := map[string]place{}, map[string]place{}
	c.several(cfg, cfg, mailboxes, digests)
	for _, inc := range more {
		inc.checker.several(inc.config, cfg, mailboxes, digests)
		cfg.Mailboxes = append(cfg.Mailboxes, inc.config.Mailboxes...)
		cfg.Digests = append(cfg.Digests, inc.config.Digests...)
		cfg.Accepts = append(cfg.Accepts, inc.config.Accepts...)
		c.faults = append(c.faults, inc.checker.faults...)
	}
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

// several judges what there may be several of in one file. Digests take from whole
// what they do not say themselves.
func (c *checker) several(cfg, whole *Config, mailboxes, digests map[string]place) {
	for i := range cfg.Mailboxes {
		c.mailbox(&cfg.Mailboxes[i], mailboxes)
	}
	for i := range cfg.Digests {
		d := &cfg.Digests[i]
		c.digest(d, digests)
		if len(d.To) == 0 {
			d.To = slices.Clone(whole.SMTP.To)
		}
		if d.Timezone == nil {
			d.Timezone = whole.Schedule.Timezone
		}
		d.SubjectPrefix = cmp.Or(d.SubjectPrefix, whole.SMTP.SubjectPrefix)
	}
	for i := range cfg.Accepts {
		c.accept(&cfg.Accepts[i])
	}
}

// name judges the name of a mailbox or digest: people type it on the command
// line and read it in logs and mails. names holds those seen and their lines.
func (c *checker) name(k key, reserved, why, example string, names map[string]place) {
	if !c.required(k, example) {
		return
	}
	switch {
	case !printable(k.text):
		c.fault(k, "%s has characters that do not print, or blanks at an end; use plain letters", quote(k.text))
	case strings.EqualFold(k.text, reserved):
		c.fault(k, "%s is reserved for %s; take another name", quote(k.text), why)
	case names[k.text].line > 0:
		c.fault(k, "%s is taken by %s; every name must be different", quote(k.text), names[k.text])
	default:
		names[k.text] = place{c.file, k.line}
	}
}

// path makes a path absolute, counted from the folder of the file.
func (c *checker) path(k key) string {
	if strings.ContainsRune(k.text, 0) {
		c.fault(k, "has a NUL character, which no path has; write the path as it is")
	}
	if k.text == "" || filepath.IsAbs(k.text) {
		return k.text
	}
	return filepath.Join(c.dir, k.text)
}

// timezone judges the name of a time zone. "Local", which Go knows, is whatever
// the machine or the container happens to be set to.
func (c *checker) timezone(k key) *time.Location {
	if k.text == "Local" {
		c.fault(k, `"Local" would be another zone on another machine; use a name such as UTC or Europe/Berlin`)
		return time.UTC
	}
	zone, err := time.LoadLocation(k.text)
	if k.text == "" || err != nil {
		c.fault(k, "%s is not a time zone; use a name such as UTC or Europe/Berlin", quote(k.text))
		return time.UTC
	}
	return zone
}

// authservIDs judges the names by which mail servers sign their
// Authentication-Results: RFC 8601, section 2.5.
func (c *checker) authservIDs(k key) []string {
	for i, id := range k.items {
		if id.text == "" || !printable(id.text) || strings.ContainsAny(id.text, " ;") {
			c.fault(k.at(i), "%s cannot be an authserv-id; copy the first word of your server's Authentication-Results field, such as mx.example.com", quote(id.text))
		}
	}
	return k.list()
}
