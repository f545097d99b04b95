package digest

import (
	"strings"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A reporter is who sent a report. Domain is the verified signing domain, or the
// submitter where signatures are not checked; Organization is what it calls
// itself.
type reporter struct {
	Domain       string
	Organization string
}

// key tells reporters apart: by domain where there is one.
func (r reporter) key() string {
	if r.Domain != "" {
		return r.Domain
	}
	return "\x00" + r.Organization
}

// reporterOf returns who sent the report that a row is from: the domain that
// signed it; where signatures are not checked the submitter's (RFC 8460, section
// 5.3) or, failing that, the contact's domain.
func reporterOf(row *report.PolicyRow) reporter {
	r := reporter{Organization: report.ShortName(row.Report.OrganizationName)}
	_, contact, _ := strings.Cut(row.Report.ContactInfo, "@")
	for _, domain := range []string{row.Auth.Domain, row.Submitter, contact} {
		if hostName(domain, "") != "" && strings.Contains(domain, ".") {
			r.Domain = strings.ToLower(domain)
			return r
		}
	}
	return r
}

// A tally adds up policy rows as they come from the database. It holds sums and
// a bounded number of names and quotations (room.go), never the rows.
//
// Totals are those of the summaries, never a sum of details, which may overlap
// (R14). Overall figures leave out what a report counts under sts as well (Q31).
type tally struct {
	asked     map[string]struct{} // domains that the digest asks for by name
	room      *room
	domains   map[string]*domainTally
	overall   totals
	reporters map[string]*reporterTally
	reports   map[int64]struct{} // rows of reports that count
	uncounted uncountedTally

	stretches map[stretch]tlsrpt.Sessions // of reports that are about several days
	singles   bool                        // there are reports of one day
}

// totals are summary totals, in sessions.
type totals struct {
	Successful, Failed tlsrpt.Sessions
}

// add adds saturating.
func (t *totals) add(successful, failed tlsrpt.Sessions) {
	t.Successful = t.Successful.Plus(successful)
	t.Failed = t.Failed.Plus(failed)
}

// sessions is the sum of both.
func (t totals) sessions() tlsrpt.Sessions { return t.Successful.Plus(t.Failed) }

// A reporterTally is what one reporter counted in all, overlaps left out.
type reporterTally struct {
	reporter
	Sessions tlsrpt.Sessions
	byDay    daily // only of all that a reporter counted
	until    day   // likewise: the last day that it reported on
}

// A domainTally adds up what counts for one policy domain.
type domainTally struct {
	overall totals
	types   map[tlsrpt.PolicyType]*typeTally
	days    map[day]*dayTally
	reports map[int64]struct{}
	modes   modeTally
	room    *room
	kinds   int // policy types that RFC 8460 does not know
}

// A typeTally adds up one policy type of one domain.
type typeTally struct {
	totals
	causes    map[cause]*causeTally
	results   map[tlsrpt.ResultType]tlsrpt.Sessions // over all MX hosts, each report held to its total
	reporters map[string]struct{}
	sessions  daily                     // by day, to know on which days there was something to see
	overlap   map[string]*reporterTally // whose sessions here are the same as under sts (Q31)
	room      *room
	named     int  // causes that took room
	crowded   bool // there were more, added up as those of other hosts
}

// A dayTally adds up one covered UTC day of one domain.
type dayTally struct {
	totals
	reports map[int64]struct{}
	until   day  // the last day of the longest report
	onTime  bool // at least one report arrived within two days after its end
}

// newTally returns an empty tally.
func newTally() *tally {
	return &tally{
		room:      newRoom(),
		domains:   map[string]*domainTally{},
		reporters: map[string]*reporterTally{},
		reports:   map[int64]struct{}{},
		uncounted: newUncountedTally(),
		stretches: map[stretch]tlsrpt.Sessions{},
	}
}

// add counts one row. It keeps nothing of it but strings.
func (t *tally) add(row *report.PolicyRow) {
	if !row.Auth.Result.Counts() {
		t.uncounted.add(row)
		return
	}
	t.reports[row.ReportRow] = struct{}{}
	d := t.domain(t.name(row.Domain()))
	d.reports[row.ReportRow] = struct{}{}
	who := t.sender(reporterOf(row))
	r := t.reporters[who.key()]
	if r == nil {
		r = &reporterTally{reporter: who, byDay: daily{}}
		t.reporters[who.key()] = r
	}
	n, s := row.Policy.Successful.Plus(row.Policy.Failed), stretchOf(&row.Report)
	if row.Overlap {
		n = 0
	} else {
		t.overall.add(row.Policy.Successful, row.Policy.Failed)
	}
	r.Sessions = r.Sessions.Plus(n)
	r.byDay.add(s.First, n)
	r.until = max(r.until, s.Last)
	if s.several() {
		t.stretches[s] = t.stretches[s].Plus(n)
	} else {
		t.singles = true
	}
	d.add(row, who, s)
}

// domain returns the tally of a domain, new where there is none yet.
func (t *tally) domain(name string) *domainTally {
	d := t.domains[name]
	if d == nil {
		d = &domainTally{
			types:   map[tlsrpt.PolicyType]*typeTally{},
			days:    map[day]*dayTally{},
			reports: map[int64]struct{}{},
			room:    t.room,
		}
		t.domains[name] = d
	}
	return d
}

// add counts a row of this domain.
func (d *domainTally) add(row *report.PolicyRow, who reporter, s stretch) {
	p, on := &row.Policy, s.First
	covered := d.days[on]
	if covered == nil {
		covered = &dayTally{reports: map[int64]struct{}{}}
		d.days[on] = covered
	}
	covered.reports[row.ReportRow] = struct{}{}
	covered.until = max(covered.until, s.Last)
	covered.onTime = covered.onTime || !isLate(row)
	if !row.Overlap {
		d.overall.add(p.Successful, p.Failed)
		covered.add(p.Successful, p.Failed)
	}
	d.modes.add(on, p.Mode, who)
	kind := d.kind(p.Type)
	d.policyType(kind).add(row, kind, who, s)
}

// policyType returns the tally of a policy type, new where there is none yet.
func (d *domainTally) policyType(kind tlsrpt.PolicyType) *typeTally {
	t := d.types[kind]
	if t == nil {
		t = &typeTally{
			causes:  map[cause]*causeTally{},
			results: map[tlsrpt.ResultType]tlsrpt.Sessions{}, reporters: map[string]struct{}{}, sessions: daily{},
			overlap: map[string]*reporterTally{},
			room:    d.room,
		}
		d.types[kind] = t
	}
	return t
}

// add counts a row under this policy type. The largest causes come first, for
// whom there may not be room.
func (t *typeTally) add(row *report.PolicyRow, kind tlsrpt.PolicyType, who reporter, s stretch) {
	p := &row.Policy
	n := p.Successful.Plus(p.Failed)
	t.totals.add(p.Successful, p.Failed)
	t.reporters[who.key()] = struct{}{}
	t.sessions.add(s.First, n)
	if row.Overlap && n > 0 {
		addReporter(t.overlap, &reporterTally{reporter: who, Sessions: n})
	}
	byResult := map[tlsrpt.ResultType]tlsrpt.Sessions{}
	shares, kept := causesOf(row), map[cause]cause{}
	for _, original := range largestFirst(shares) {
		share, c := shares[original], original
		c.Type = kind
		c = t.keep(c)
		kept[original] = c
		t.cause(c).add(row, who, s, share, t.room)
		byResult[c.Result] = byResult[c.Result].Plus(share.sessions)
	}
	for r, n := range byResult {
		if p.Failed > 0 {
			n = min(n, p.Failed)
		}
		t.results[r] = t.results[r].Plus(n)
	}
	for i := range p.Failures {
		f := &p.Failures[i]
		if c, ok := kept[causeOf(row, f)]; ok {
			t.causes[c].quote(p, f)
		}
	}
}

// isLate reports whether a report arrived more than two days after the time it
// covers: it then belongs to a day of which a digest has spoken already. When a
// file arrived nobody knows, and it is not called late.
func isLate(row *report.PolicyRow) bool {
	return row.ReceivedAt.After(row.Report.End.AddDate(0, 0, 2))
}
