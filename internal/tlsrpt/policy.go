package tlsrpt

import (
	"strings"

	"tlsbrief/internal/hostname"
)

// A PolicyType says under which policy sessions were counted. Values that
// RFC 8460 does not know are kept as sent, in lower case; empty where a report
// gives none.
//
// RFC 8460, section 4.2.
type PolicyType string

// The policy types of RFC 8460, section 4.2.
const (
	STS           PolicyType = "sts"             // MTA-STS, RFC 8461
	TLSA          PolicyType = "tlsa"            // DANE, RFC 7672
	NoPolicyFound PolicyType = "no-policy-found" // the sender saw neither
)

// Known reports whether RFC 8460 knows the policy type.
func (t PolicyType) Known() bool {
	switch t {
	case STS, TLSA, NoPolicyFound:
		return true
	}
	return false
}

// A Mode is the mode of an MTA-STS policy as the report quotes it; empty where
// it does not (Q4, Q8).
//
// RFC 8461, section 3.2.
type Mode string

// The modes of RFC 8461, section 3.2.
const (
	ModeEnforce Mode = "enforce"
	ModeTesting Mode = "testing"
	ModeNone    Mode = "none"
)

// ModeOf returns the mode of an MTA-STS policy, "" if it does not show one. Of
// several the first counts (RFC 8461, section 3.2).
func ModeOf(t PolicyType, lines []string) Mode {
	if t != STS {
		return ""
	}
	for _, line := range lines {
		key, value, ok := strings.Cut(line, ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(key), "mode") {
			continue
		}
		switch m := Mode(strings.ToLower(strings.TrimSpace(value))); m {
		case ModeEnforce, ModeTesting, ModeNone:
			return m
		}
		return ""
	}
	return ""
}

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
		if named = true; MatchesMX(pattern, host) {
			return false
		}
	}
	for _, pattern := range p.MXHosts {
		if named = true; MatchesMX(pattern, host) {
			return false
		}
	}
	return named
}

// MatchesMX reports whether an MX host, in lower case and without a trailing dot, is
// one that a pattern of an MTA-STS policy stands for; a "*" in front stands for
// one label (RFC 8461, section 4.1).
func MatchesMX(pattern, host string) bool {
	if below, ok := strings.CutPrefix(pattern, "*."); ok {
		_, rest, _ := strings.Cut(host, ".")
		return rest == below
	}
	return pattern == host
}
