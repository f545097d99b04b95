package digest

import (
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A tally adds up policy rows as they come from the database. It holds sums and
// a bounded number of names and quotations (room.go), never the rows.
//
// Totals are those of the summaries, never a sum of details, which may overlap
// (R14). Overall figures leave out what a report counts under sts as well (Q31).
type tally struct {
	asked     map[string]struct{} // domains that the digest asks for by name
	budget    *budget
	domains   map[string]*domainTally
	overall   totals
	reporters map[string]*reporterTally
	reports   map[int64]struct{} // rows of reports that count
	uncounted uncountedTally

	Spans   map[Span]tlsrpt.Sessions // of reports that are about several days
	singles bool                     // there are reports of one day
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

// A domainTally adds up what counts for one policy domain.
type domainTally struct {
	overall totals
	types   map[tlsrpt.PolicyType]*typeTally
	days    map[day]*dayTally
	reports map[int64]struct{}
	modes   modeTally
	budget  *budget
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
	budget    *budget
	named     int  // causes that took room
	truncated bool // there were more, added up as those of other hosts
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
		budget:    newBudget(),
		domains:   map[string]*domainTally{},
		reporters: map[string]*reporterTally{},
		reports:   map[int64]struct{}{},
		uncounted: newUncountedTally(),
		Spans:     map[Span]tlsrpt.Sessions{},
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
	n, s := row.Policy.Successful.Plus(row.Policy.Failed), spanOf(&row.Report)
	if row.Overlap {
		n = 0
	} else {
		t.overall.add(row.Policy.Successful, row.Policy.Failed)
	}
	r.Sessions = r.Sessions.Plus(n)
	r.byDay.add(s.First, n)
	r.until = max(r.until, s.Last)
	if s.several() {
		t.Spans[s] = t.Spans[s].Plus(n)
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
			budget:  t.budget,
		}
		t.domains[name] = d
	}
	return d
}

// add counts a row of this domain.
func (d *domainTally) add(row *report.PolicyRow, who reporter, s Span) {
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
			budget:  d.budget,
		}
		d.types[kind] = t
	}
	return t
}

// add counts a row under this policy type. The largest causes come first, for
// whom there may not be room.
func (t *typeTally) add(row *report.PolicyRow, kind tlsrpt.PolicyType, who reporter, s Span) {
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
		t.cause(c).add(row, who, s, share, t.budget)
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

// span returns the first and the last day that reports which count are about.
func (t *tally) span() (first, last day, found bool) {
	for _, d := range t.domains {
		for on, covered := range d.days {
			if !found || on < first {
				first = on
			}
			if !found || covered.until > last {
				last = covered.until
			}
			found = true
		}
	}
	return first, last, found
}
