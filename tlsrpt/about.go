package tlsrpt

// About returns the domain whose mail each policy is about, in the order of
// Policies. It is the policy's own domain, but for a tlsa policy at an MX host:
// that belongs to the owner of the domain that the report is for (Q29).
//
// Only what stands in the JSON says which that is, since a mail's header and a
// file's name may be a stranger's (R9): the one domain of the report's other
// policies, or else the domain in its report-id. Where neither shows one, or
// another policy is about the tlsa policy's domain itself, that domain stands.
func (r *Report) About() []string {
	owner, several := "", false
	named := map[string]bool{}
	for i := range r.Policies {
		p := &r.Policies[i]
		if p.Type == TLSA {
			continue
		}
		several = several || owner != "" && owner != p.Domain
		owner = p.Domain
		named[p.Domain] = true
	}
	if owner == "" || several {
		owner = domainOfReportID(r.ReportID)
	}
	about := make([]string, len(r.Policies))
	for i := range r.Policies {
		p := &r.Policies[i]
		about[i] = p.Domain
		if p.Type == TLSA && owner != "" && !named[p.Domain] {
			about[i] = owner
		}
	}
	return about
}
