// Package hostname answers what programs ask of the name of a host or a mail
// domain: its one spelling, whether it is one, its A-labels, and the domain that
// an organization registered.
//
// # Trust
//
// Names are a stranger's. No function fails on any bytes, and what [Valid]
// accepts holds nothing but letters, digits, dots, hyphens and underscores.
package hostname

import (
	"errors"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// A Change is the last thing that [Normalize] did to a name.
type Change int

// The changes.
const (
	Unchanged  Change = iota
	DotRemoved        // there was a dot at the end
	Lowered           // there were upper-case letters
	Encoded           // there were U-labels
	NotName           // it is no host name, and is returned as sent
)

// Normalize returns a name in A-labels and lower case, without the trailing dot
// and without blanks around it. A leading "*." is allowed.
func Normalize(sent string) (name string, change Change) {
	sent = strings.TrimSpace(sent)
	s := strings.TrimSuffix(sent, ".")
	if len(s) < len(sent) {
		change = DotRemoved
	}
	if lower := strings.ToLower(s); lower != s {
		s, change = lower, Lowered
	}
	star, rest := "", s
	if strings.HasPrefix(s, "*.") {
		star, rest = "*.", s[2:]
	}
	if !isASCII(rest) {
		a, err := idna.Lookup.ToASCII(rest)
		if err != nil {
			return sent, NotName
		}
		rest, change = strings.TrimSuffix(a, "."), Encoded
	}
	if !Valid(rest) {
		return sent, NotName
	}
	return star + rest, change
}

// Valid reports whether a name in lower case has the form of a host name or a
// mail domain. Underscores are allowed, a trailing dot is not.
func Valid(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	label := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
			continue
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return label > 0
}

// Domain returns a name normalized, if it is a domain of at least two labels;
// otherwise "".
func Domain(name string) string {
	name, _ = Normalize(name)
	if !strings.Contains(name, ".") || !Valid(name) {
		return ""
	}
	return name
}

// Strict returns a name in A-labels and lower case, without the trailing dot, if
// its labels are those of RFC 1123, section 2.1. also lists the characters that
// are allowed beside letters, digits and hyphens.
func Strict(name, also string) (string, error) {
	profile := idna.New(
		idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(),
		idna.StrictDomainName(false), // what is let through is judged below
		idna.CheckHyphens(false),     // real names have "--" in the third place
	)
	name, err := profile.ToASCII(strings.TrimSuffix(name, "."))
	bad := err != nil || len(name) > 253
	for label := range strings.SplitSeq(name, ".") {
		bad = bad || label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-'
		bad = bad || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && !strings.ContainsRune(also, r)
		})
	}
	if bad {
		return "", errors.New("it is not a host name")
	}
	return name, nil
}

// Fold returns a name in lower case, without the trailing dot.
func Fold(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// ALabels returns a name in A-labels and lower case, without the trailing dot
// (RFC 5890, section 2.3.2.1). What is in ASCII already is not judged.
func ALabels(name string) (string, error) {
	if name = Fold(name); isASCII(name) {
		return name, nil
	}
	return idna.Lookup.ToASCII(name)
}

// Comparable returns what [ALabels] does, or the folded name if that fails.
func Comparable(name string) string {
	if a, err := ALabels(name); err == nil {
		return a
	}
	return Fold(name)
}

// Organizational returns the domain that an organization registered and under
// which name lies: one label more than the public suffix, such as
// "example.co.uk" for "mail.example.co.uk". The result is [Comparable]. A name
// that is itself a public suffix, or no domain name at all, is its own
// organizational domain.
//
// RFC 7489, section 3.2, with the Public Suffix List as compiled in, and with the
// domains below which mail hosts name their customers as public suffixes.
func Organizational(name string) string {
	name = Comparable(name)
	if tenant, ok := tenantOf(name); ok {
		return tenant
	}
	if org, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return org
	}
	return name
}

// Leading returns the host name that a text begins with, in lower case and
// without dots around it, such as that before a port; empty if it has no dot.
func Leading(text string) string {
	s := strings.ToLower(strings.TrimSpace(text))
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	})
	if end >= 0 {
		s = s[:end]
	}
	s = strings.Trim(s, ".")
	if !strings.Contains(s, ".") {
		return ""
	}
	return s
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
