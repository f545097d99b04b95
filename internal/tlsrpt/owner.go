package tlsrpt

import (
	"strings"

	"tlsbrief/internal/hostname"
)

// OwnerDomains returns the domain whose mail each policy is about, in the order of
// Policies. It is the policy's own domain, but for a tlsa policy at an MX host:
// that belongs to the owner of the domain that the report is for (Q29).
//
// Only what stands in the JSON says which that is, since a mail's header and a
// file's name may be a stranger's (R9): the domain in the report-id; or, where
// that shows none, the one domain of the report's other policies, if the report
// names the tlsa policy's domain as an MX host. Where neither tells, another
// policy's domain was only hinted at (Q11), or another policy is of the tlsa
// policy's domain itself, that domain stands.
//
// Its cost grows with the report, and not with the product of how many policies
// and how many names a stranger put into it.
func (r *Report) OwnerDomains() []string {
	about := make([]string, len(r.Policies))
	others, hosts, hinted := map[string]struct{}{}, mxNames{}, false
	for i := range r.Policies {
		p := &r.Policies[i]
		about[i] = p.Domain
		if p.Type == TLSA {
			hosts[p.Domain] = false
		} else {
			others[p.Domain] = struct{}{}
			hinted = hinted || p.Hinted
		}
	}
	if len(hosts) == 0 {
		return about
	}
	owner := DomainOfReportID(r.ReportID)
	named := owner != ""
	if !named {
		if len(others) != 1 || hinted {
			return about
		}
		for owner = range others {
		}
		hosts.find(r)
	}
	for i := range r.Policies {
		p := &r.Policies[i]
		if _, own := others[p.Domain]; p.Type == TLSA && !own && (named || hosts[p.Domain]) {
			about[i] = owner
		}
	}
	return about
}

// mxNames says of some names whether a report has them as those of MX hosts.
type mxNames map[string]bool

// find looks through the policies and failures of a report once.
func (m mxNames) find(r *Report) {
	below := map[string][]string{}
	for host := range m {
		if _, parent, ok := strings.Cut(host, "."); ok {
			below[parent] = append(below[parent], host)
		}
	}
	mark := func(pattern string) {
		if parent, star := strings.CutPrefix(pattern, "*."); star {
			for _, host := range below[parent] {
				m[host] = m[host] || MatchesMX(pattern, host)
			}
			delete(below, parent) // these are settled, however often the pattern is there
		} else if _, asked := m[pattern]; asked {
			m[pattern] = true
		}
	}
	for i := range r.Policies {
		p := &r.Policies[i]
		for _, pattern := range p.MXHosts {
			mark(pattern)
		}
		for _, line := range p.Strings {
			if pattern, ok := strings.CutPrefix(line, "mx:"); ok {
				mark(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(pattern)), "."))
			}
		}
		for j := range p.Failures {
			mark(p.Failures[j].ReceivingMXHostname)
		}
	}
}

// DomainOfReportID returns the policy domain that a report-id shows; empty if it
// shows none. These senders put it there:
//
//	2022-09-15T00:00:00Z_example.com                  Google
//	2025-09-20T00:00:00Z_idx1_example.com             tlsrpt-reporter
//	133526718584528772+example.com                    Microsoft
//	20240225.example.com@sender.example               mox
func DomainOfReportID(id string) string {
	id, _, mox := strings.Cut(id, "@")
	if _, rest, ok := strings.Cut(id, "Z_"); ok {
		if index, domain, ok := strings.Cut(rest, "_"); ok && strings.HasPrefix(index, "idx") && isDigits(index[3:]) {
			rest = domain
		}
		return hostname.Domain(rest)
	}
	if digits, rest, ok := strings.Cut(id, "+"); ok && isDigits(digits) {
		return hostname.Domain(rest)
	}
	if digits, rest, ok := strings.Cut(id, "."); ok && mox && len(digits) == 8 && isDigits(digits) {
		return hostname.Domain(rest)
	}
	return ""
}

// isDigits reports whether s is decimal digits and nothing else.
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
