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

// A Reporter is who sent a report. Domain is empty for one that is known only by
// Organization, which is what it calls itself.
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

// reporterOf returns who sent the report that a row is from.
func reporterOf(row *report.PolicyRow) Reporter {
	return ReporterNamed(row.Reporter, row.Report.OrganizationName)
}

// ReporterNamed returns the reporter that is stored under a name as
// [report.ReporterOf] returns it.
func ReporterNamed(reporter, organization string) Reporter {
	return Reporter{Domain: report.ReporterDomain(reporter), Organization: report.ShortName(organization)}
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
