package tlsrpt

import "strings"

// About returns the domain whose mail each policy is about, in the order of
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
func (r *Report) About() []string {
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
	owner := domainOfReportID(r.ReportID)
	told := owner != ""
	if !told {
		if len(others) != 1 || hinted {
			return about
		}
		for owner = range others {
		}
		hosts.find(r)
	}
	for i := range r.Policies {
		p := &r.Policies[i]
		if _, own := others[p.Domain]; p.Type == TLSA && !own && (told || hosts[p.Domain]) {
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
