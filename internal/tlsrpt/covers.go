package tlsrpt

import (
	"strings"

	"tlsbrief/internal/hostname"
)

// Unlisted reports whether an MTA-STS policy, as the report quotes it, names mail
// servers and a host is none of them. Of a policy that is not quoted nobody knows.
//
// RFC 8461, section 4.1.
func (p *Policy) Unlisted(host string) bool {
	if p.Type != STS || !hostname.Valid(host) {
		return false
	}
	named := false
	for _, line := range p.Strings {
		key, value, ok := strings.Cut(line, ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(key), "mx") {
			continue
		}
		pattern, _ := hostname.Normalize(value)
		if named = true; matchesMX(pattern, host) {
			return false
		}
	}
	for _, pattern := range p.MXHosts {
		if named = true; matchesMX(pattern, host) {
			return false
		}
	}
	return named
}

// matchesMX reports whether a pattern of a policy is for a host: "*." stands for one
// label.
func matchesMX(pattern, host string) bool {
	if parent, ok := strings.CutPrefix(pattern, "*."); ok {
		_, rest, _ := strings.Cut(host, ".")
		return rest == parent
	}
	return pattern == host
}
