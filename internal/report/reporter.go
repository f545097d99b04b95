package report

import (
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"tlsbrief/internal/tlsrpt"
)

// ReporterOf says whom a report is from, by the best that is known: the domain that
// signed it, the submitter that the mail names (RFC 8460, section 5.3), the domain of
// the contact-info, or what the organization calls itself. Only the first is verified.
func ReporterOf(r *tlsrpt.Report, a Authenticity, submitter string) string {
	for _, name := range []string{a.Signer(), leadingHost(submitter), contactDomain(r.ContactInfo)} {
		if name != "" {
			return name
		}
	}
	return r.OrganizationName
}

// ReporterDomain returns the domain of a reporter as [ReporterOf] returns it; empty for
// one that is known only by what it calls itself.
func ReporterDomain(reporter string) string {
	if leadingHost(reporter) == reporter {
		return reporter
	}
	return ""
}

// contactDomain returns the domain of contact-info, which is an address as a rule
// (RFC 8460, section 4.4), may be a URI, and is often neither; then empty.
func contactDomain(contact string) string {
	if at := strings.LastIndexByte(contact, '@'); at >= 0 {
		return leadingHost(contact[at+1:])
	}
	if u, err := url.Parse(strings.TrimSpace(contact)); err == nil {
		return leadingHost(u.Hostname())
	}
	return ""
}

// organizational returns the name that an organization has registered, with which
// domain ends, or domain itself where there is none.
func organizational(domain string) string {
	if org, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return org
	}
	return domain
}

// leadingHost returns the host name that s begins with, in lower case, if it has a dot.
func leadingHost(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
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
