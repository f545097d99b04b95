package tlsrpt

import (
	"slices"
	"strings"
)

// About returns the domain whose mail each policy is about, in the order of
// Policies. It is the policy's own domain, but for a tlsa policy at an MX host:
// that belongs to the owner of the domain that the report is for (Q29).
//
// Only what stands in the JSON says which that is, since a mail's header and a
// file's name may be a stranger's (R9): the domain in the report-id; or, where
// that shows none, the one domain of the report's other policies, if the report
// names the tlsa policy's domain as an MX host. Where neither tells, or another
// policy is of the tlsa policy's domain itself, that domain stands.
func (r *Report) About() []string {
	about := make([]string, len(r.Policies))
	others := r.otherDomains()
	id := domainOfReportID(r.ReportID)
	for i := range r.Policies {
		p := &r.Policies[i]
		about[i] = p.Domain
		switch {
		case p.Type != TLSA || slices.Contains(others, p.Domain):
		case id != "":
			about[i] = id
		case len(others) == 1 && r.namesMX(p.Domain):
			about[i] = others[0]
		}
	}
	return about
}

// otherDomains returns the domains of the policies that are not tlsa, each once.
func (r *Report) otherDomains() (domains []string) {
	for i := range r.Policies {
		if p := &r.Policies[i]; p.Type != TLSA && !slices.Contains(domains, p.Domain) {
			if domains = append(domains, p.Domain); len(domains) > maxEntries {
				return domains // a few are enough to know that there are several
			}
		}
	}
	return domains
}

// namesMX tells whether a policy or a failure of the report has a name as that of
// an MX host.
func (r *Report) namesMX(host string) bool {
	for i := range r.Policies {
		p := &r.Policies[i]
		if slices.ContainsFunc(p.MXHosts, func(pattern string) bool { return MatchesMX(pattern, host) }) {
			return true
		}
		for _, line := range p.Strings {
			if pattern, ok := strings.CutPrefix(line, "mx:"); ok && MatchesMX(strings.ToLower(strings.TrimSpace(pattern)), host) {
				return true
			}
		}
		for j := range p.Failures {
			if p.Failures[j].ReceivingMXHostname == host {
				return true
			}
		}
	}
	return false
}

// MatchesMX tells whether an MX host, in lower case and without a trailing dot, is
// one that a pattern of an MTA-STS policy stands for; a "*" in front stands for
// one label (RFC 8461, section 4.1).
func MatchesMX(pattern, host string) bool {
	if below, ok := strings.CutPrefix(pattern, "*."); ok {
		_, rest, _ := strings.Cut(host, ".")
		return rest == below
	}
	return pattern == host
}
