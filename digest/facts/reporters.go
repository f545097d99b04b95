package facts

import (
	"cmp"
	"slices"
	"strings"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// AddReporter adds a reporter's sessions to those it has already.
func AddReporter(all map[string]*ReporterTally, r *ReporterTally) {
	if known := all[r.Key()]; known != nil {
		known.Sessions = known.Sessions.Plus(r.Sessions)
		return
	}
	sum := *r
	all[r.Key()] = &sum
}

// SortedReporters returns reporters with the most sessions first.
func SortedReporters(m map[string]*ReporterTally) []*ReporterTally {
	out := make([]*ReporterTally, 0, len(m))
	for _, r := range m {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *ReporterTally) int {
		return cmp.Or(
			cmp.Compare(b.Sessions, a.Sessions),
			cmp.Compare(a.Domain, b.Domain),
			cmp.Compare(a.Organization, b.Organization),
		)
	})
	return out
}

// A Reporter is who sent a report. Domain is the verified signing domain, or the
// submitter where signatures are not checked; Organization is what it calls
// itself.
type Reporter struct {
	Domain       string
	Organization string
}

// Key tells reporters apart: by domain where there is one.
func (r Reporter) Key() string {
	if r.Domain != "" {
		return r.Domain
	}
	return "\x00" + r.Organization
}

// reporterOf returns who sent the report that a row is from: the domain that
// signed it; where signatures are not checked the submitter's (RFC 8460, section
// 5.3) or, failing that, the contact's domain.
func reporterOf(row *report.PolicyRow) Reporter {
	r := Reporter{Organization: report.ShortName(row.Report.OrganizationName)}
	_, contact, _ := strings.Cut(row.Report.ContactInfo, "@")
	for _, domain := range []string{row.Auth.Domain, row.Submitter, contact} {
		if PlainName(domain) && strings.Contains(domain, ".") {
			r.Domain = strings.ToLower(domain)
			return r
		}
	}
	return r
}

// PlainName reports whether a name may be that of a host and be part of a command.
func PlainName(name string) bool {
	return hostname.Valid(strings.ToLower(name)) && !strings.HasPrefix(name, "-")
}

// A ReporterTally is what one reporter counted in all, overlaps left out.
type ReporterTally struct {
	Reporter
	Sessions tlsrpt.Sessions
	ByDay    Daily // only of all that a reporter counted
	Until    Day   // likewise: the last day that it reported on
}
