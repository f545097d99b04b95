package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tlsbrief/internal/spelling"
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

// rules fills the fields of a table by the rules of their tags. Tables inside it,
// and the fields that no text, list or number goes into, are left to the caller.
func (c *checker) rules(table any) {
	v := reflect.ValueOf(table).Elem()
	for _, s := range settings(v.Type()) {
		field := v.FieldByIndex(s.index).Addr().Interface()
		k := c.key(field)
		if k.empty() && s.def == "" {
			continue
		}
		switch p := field.(type) {
		case *string:
			if strings.Contains(s.rule, "|") {
				*p = c.oneOf(k, strings.Split(s.rule, "|")...)
			} else {
				*p = c.texts[s.rule](c, k)
			}
		case *[]string:
			*p = c.lists[s.rule](c, k)
		case *bool:
			*p = k.text == "true"
		case *int:
			*p = int(c.between(k, s.rule))
		case *int64:
			*p = c.size(k)
		case *time.Duration:
			*p = c.span(k, s.rule)
		case **time.Location:
			*p = c.timezone(k)
		}
	}
}

// A rule judges what a key holds and gives it the form that [Config] has it in.
type rule[T any] = func(*checker, key) T

// textRules gives the rules for text by the names that tags have for them.
func textRules() map[string]rule[string] {
	return map[string]rule[string]{
		"":     func(_ *checker, k key) string { return k.text },
		"path": (*checker).path, "guarded": (*checker).guarded, "secret": (*checker).secretFile,
		"env": (*checker).envName, "line": (*checker).line, "prefix": (*checker).prefix, "keyword": (*checker).keyword,
		"cron": (*checker).cron, "time of day": (*checker).timeOfDay, "rhythm": (*checker).rhythm,
		"host": named(hostName), "domain": named(domainName), "pattern": named(pattern),
		"url": (*checker).endpoint, "resolver": (*checker).dnsServer, "result type": (*checker).resultType,
	}
}

// listRules gives the rules for lists by the names that tags have for them.
func listRules() map[string]rule[[]string] {
	return map[string]rule[[]string]{
		"patterns": each(pattern), "domains": each(domainName), "addresses": each(bareAddress),
		"folders": (*checker).folders, "command": (*checker).command, "authserv-ids": (*checker).authservIDs, "scopes": (*checker).scopes,
	}
}

// named is the rule for one name, which it gives its usual spelling; "" where it is
// none.
func named(usual func(string) (string, error)) rule[string] {
	return func(c *checker, k key) string {
		name, err := usual(k.text)
		if err != nil {
			c.fault(k, "%v", err)
		}
		return name
	}
}

// each is the rule for a list of names; it drops those that are none or there twice.
func each(usual func(string) (string, error)) rule[[]string] {
	one := named(usual)
	return func(c *checker, k key) []string {
		var names []string
		for i := range k.items {
			if name := one(c, k.at(i)); name != "" {
				names = append(names, name)
			}
		}
		return unique(names)
	}
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

// required reports whether a key has text, and notes a fault where not.
func (c *checker) required(k key, example string) bool {
	switch {
	case k.bad:
		return false
	case !k.set:
		c.fault(k, "missing; set it, as in %s", example)
		return false
	case k.text == "":
		c.fault(k, "is empty; set it, as in %s", example)
		return false
	}
	return true
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

// printable reports whether text shows as it is: no control characters, nothing
// that reverses the writing direction, no blanks at the ends.
func printable(s string) bool {
	return utf8.ValidString(s) && strings.TrimSpace(s) == s && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// oneOf judges a key that takes one of a few words.
func (c *checker) oneOf(k key, words ...string) string {
	if !slices.Contains(words, k.text) {
		c.fault(k, "%s is not one of %s%s", quote(k.text), strings.Join(words, ", "), spelling.Hint(k.text, words))
	}
	return k.text
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
