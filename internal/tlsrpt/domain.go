package tlsrpt

import (
	"strings"

	"golang.org/x/net/idna"
)

// normalizeDomain returns a domain as an A-label in lower case without trailing
// dot, and what had to be done for it. What cannot be a domain is returned as
// sent, but for blanks around it. A leading "*." is allowed.
func normalizeDomain(sent string) (domain, odd string) {
	sent = strings.TrimSpace(sent)
	s := strings.TrimSuffix(sent, ".")
	if len(s) < len(sent) {
		odd = "a dot at the end; removed"
	}
	if lower := strings.ToLower(s); lower != s {
		s, odd = lower, "upper-case letters; read as lower case"
	}
	if !isASCII(s) {
		star, rest := "", s
		if strings.HasPrefix(s, "*.") {
			star, rest = "*.", s[2:]
		}
		a, err := idna.Lookup.ToASCII(rest)
		if err != nil {
			return sent, "not a domain name; kept as sent"
		}
		s, odd = star+strings.TrimSuffix(a, "."), "an internationalized name; read as its A-label"
	}
	if !looksLikeDomain(strings.TrimPrefix(s, "*.")) {
		return sent, "not a domain name; kept as sent"
	}
	return s, odd
}

// looksLikeDomain reports whether s, in lower case, has the form of a domain name
// as hosts and mail domains have it; underscores are let pass.
func looksLikeDomain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	label := 0
	for i := range len(s) {
		switch c := s[i]; {
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

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
