package report

import (
	"cmp"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// A PolicyRow is one recorded policy of one report with what surrounds it.
type PolicyRow struct {
	Seq        int64 // rises with every report recorded or newly verified; the column news
	Via        Via
	ReportRow  int64         // the report's row: equal for the policies of one report
	Report     tlsrpt.Report // without Policies and JSON
	Auth       Authenticity
	Reporter   string // whom it is from, as [ReporterOf] said when it was recorded
	Submitter  string
	Source     string // mailbox/folder, or the file's path
	MessageID  string
	ReceivedAt time.Time // zero if unknown
	RecordedAt time.Time

	Policy tlsrpt.Policy
	About  string // the domain whose mail the policy is about; empty only in a row that does not come from a database

	// Overlap marks a tlsa policy whose sessions the same report counts under
	// sts as well (Q31): an overall figure leaves it out.
	Overlap bool
}

// Domain returns the domain that the row counts for.
func (r *PolicyRow) Domain() string { return cmp.Or(r.About, r.Policy.Domain) }

// MX returns the receiving MX host of a failure. Where a detail names none, a tlsa
// policy at an MX host is one for that host.
func (r *PolicyRow) MX(f *tlsrpt.Failure) string {
	if f.ReceivingMXHostname == "" && r.Domain() != r.Policy.Domain {
		return r.Policy.Domain
	}
	return f.ReceivingMXHostname
}

// A Filter selects policy rows. Zero fields do not filter.
type Filter struct {
	Domains       []string  // what policies are about, exact; nil: all. An empty, non-nil list selects nothing
	PolicyDomains bool      // Domains are looked for among the policies' own domains, too; this reads every report of the days
	SeqAfter      int64     // exclusive
	SeqUpTo       int64     // inclusive
	Long          bool      // only reports on several days: of 36 hours and more
	Early         bool      // only reports that were recorded before the days they are about were over: see (*tlsrpt.Report).Over
	From, To      time.Time // the report's day, UTC: From inclusive, To exclusive
}
