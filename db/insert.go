package db

import (
	"net/url"
	"strings"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

// insertReport records a report that is new, whose identity is recorded already,
// with all that hangs on it.
func (t *tx) insertReport(id int64, c delivery) error {
	news, err := t.nextNews()
	if err != nil {
		return err
	}
	deviations, err := deviationsJSON(c.Deviations)
	if err != nil {
		return err
	}
	if err := t.reports.add(id, news, c.message, t.now, c.via, dayOf(c.Start), c.Start.Unix(), c.End.Unix(), c.OrganizationName, c.ContactInfo, c.ReportID,
		reporterOf(c), c.Auth.Result, clip(c.Auth.Domain), clip(c.Auth.Reason), c.Auth.Result.Counts(), deviations, c.Prepared.Packed,
		c.Start.Nanosecond(), c.End.Nanosecond()); err != nil {
		return err
	}
	return t.insertPolicies(id, c)
}

// insertPolicies records the policies of a report and their failures.
func (t *tx) insertPolicies(report int64, c delivery) error {
	about := c.OwnerDomains()
	overlaps := overlapping(c.Policies, about)
	day, counts := dayOf(c.Start), c.Auth.Result.Counts()
	for i := range c.Policies {
		p := &c.Policies[i]
		domain, err := t.domainID(p.Domain)
		if err != nil {
			return err
		}
		owner, err := t.domainID(about[i])
		if err != nil {
			return err
		}
		lines, err := listJSON(p.Strings)
		if err != nil {
			return err
		}
		hosts, err := listJSON(p.MXHosts)
		if err != nil {
			return err
		}
		if err := t.policies.add(report, i, domain, owner, day, p.Type, counts, overlaps[i], p.Successful, p.Failed, len(p.Failures), p.Mode, lines, hosts); err != nil {
			return err
		}
	}
	for i := range c.Policies {
		for j := range c.Policies[i].Failures {
			f := &c.Policies[i].Failures[j]
			if err := t.failures.add(report, i, j, f.ResultType, f.SendingMTAIP, f.ReceivingMXHostname, f.ReceivingMXHELO,
				f.ReceivingIP, f.Sessions, f.AdditionalInformation, f.ReasonCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// overlapping marks the tlsa policies whose sessions the same report counts
// under sts as well (Q31): about the same domain, equal counts. Each sts policy
// explains at most one tlsa policy.
func overlapping(policies []tlsrpt.Policy, about []string) []bool {
	type counts struct {
		domain             string
		successful, failed tlsrpt.Sessions
	}
	marks := make([]bool, len(policies))
	if len(policies) < 2 {
		return marks
	}
	sts := map[counts]int{}
	for i := range policies {
		if p := &policies[i]; p.Type == tlsrpt.STS {
			sts[counts{about[i], p.Successful, p.Failed}]++
		}
	}
	for i := range policies {
		p := &policies[i]
		if key := (counts{about[i], p.Successful, p.Failed}); p.Type == tlsrpt.TLSA && sts[key] > 0 {
			sts[key]--
			marks[i] = true
		}
	}
	return marks
}

// reporterOf says whom a report is from, by the best that is known: the domain
// that signed it, what the mail says of its submitter (RFC 8460, section 5.3),
// the domain of the contact-info, or what the organization calls itself. Only
// the first is verified.
func reporterOf(c delivery) string {
	for _, name := range []string{c.Auth.Signer(), hostname.Leading(c.submitter), contactDomain(c.ContactInfo)} {
		if name != "" {
			return clip(name)
		}
	}
	return c.OrganizationName
}

// ownSigner reports whether a signing domain plainly is the one that a report names
// as its sender's: of the same organization as the domain of contact-info, or as
// the one that stands for the organization's name.
func ownSigner(domain, contact, organization string) bool {
	for _, named := range []string{contactDomain(contact), hostname.Leading(organization)} {
		if named != "" && hostname.Organizational(named) == hostname.Organizational(domain) {
			return true
		}
	}
	return false
}

// contactDomain is the domain of contact-info, which is an address as a rule
// (RFC 8460, section 4.4), may be a URI, and is often neither; then empty.
func contactDomain(contact string) string {
	if at := strings.LastIndexByte(contact, '@'); at >= 0 {
		return hostname.Leading(contact[at+1:])
	}
	if u, err := url.Parse(strings.TrimSpace(contact)); err == nil {
		return hostname.Leading(u.Hostname())
	}
	return ""
}
