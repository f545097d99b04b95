package config

import (
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/spelling"
)

// rules fills the fields of a table by the rules of their tags. Tables inside it,
// and the fields that no text, list or number goes into, are left to the caller.
func (c *checker) rules(table any) {
	v := reflect.ValueOf(table).Elem()
	for _, s := range c.settings(v.Type()) {
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
		case *netclient.TLSMode:
			*p = netclient.TLSMode(c.oneOf(k, strings.Split(s.rule, "|")...))
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

// A rule judges the value of a key and returns it in the form that [Config] holds.
type rule[T any] = func(*checker, key) T

// textRules returns the rules for text by the names that tags have for them.
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

// listRules returns the rules for lists by the names that tags have for them.
func listRules() map[string]rule[[]string] {
	return map[string]rule[[]string]{
		"patterns": each(pattern), "domains": each(domainName), "addresses": each(bareAddress),
		"folders": (*checker).folders, "command": (*checker).command, "authserv-ids": (*checker).authservIDs, "scopes": (*checker).scopes,
	}
}

// named returns the rule for one name, by a function that returns its usual spelling.
func named(usual func(string) (string, error)) rule[string] {
	return func(c *checker, k key) string {
		name, err := usual(k.text)
		if err != nil {
			c.fault(k, "%v", err)
		}
		return name
	}
}

// each returns the rule for a list of names. It drops wrong ones and repetitions.
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
