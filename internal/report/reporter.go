package report

import (
	"net/url"
	"strings"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

// ReporterOf says whom a report is from, by the best that is known: the domain that
// signed it, the submitter that the mail names (RFC 8460, section 5.3), the domain of
// the contact-info, or what the organization calls itself. Only the first is verified.
func ReporterOf(r *tlsrpt.Report, a Authenticity, submitter string) string {
	for _, name := range []string{a.Signer(), hostname.Leading(submitter), contactDomain(r.ContactInfo)} {
		if name != "" {
			return name
		}
	}
	return r.OrganizationName
}

// ReporterDomain returns the domain of a reporter as [ReporterOf] returns it; empty for
// one that is known only by what it calls itself.
func ReporterDomain(reporter string) string {
	if hostname.Leading(reporter) == reporter && hostname.Valid(reporter) {
		return reporter
	}
	return ""
}

// contactDomain returns the domain of contact-info, which is an address as a rule
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
