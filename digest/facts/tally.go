package facts

import (
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A Tally adds up policy rows as they come from the database. It holds sums and
// a bounded number of names and quotations (limits.go), never the rows.
//
// Totals are those of the summaries, never a sum of details, which may overlap
// (R14). Overall figures leave out what a report counts under sts as well (Q31).
type Tally struct {
	asked     map[string]struct{} // domains that the digest asks for by name
	budget    *budget
	Domains   map[string]*DomainTally
	Overall   Totals
	Reporters map[string]*ReporterTally
	Reports   map[int64]struct{} // rows of reports that count
	Uncounted UncountedTally

	Spans   map[Span]tlsrpt.Sessions // of reports that are about several days
	singles bool                     // there are reports of one day
}

// Totals are summary totals, in sessions.
type Totals struct {
	Successful, Failed tlsrpt.Sessions
}

// Add adds saturating.
func (t *Totals) Add(successful, failed tlsrpt.Sessions) {
	t.Successful = t.Successful.Plus(successful)
	t.Failed = t.Failed.Plus(failed)
}

// Sessions is the sum of both.
func (t Totals) Sessions() tlsrpt.Sessions { return t.Successful.Plus(t.Failed) }

// A DomainTally adds up what counts for one policy domain.
type DomainTally struct {
	Overall Totals
	Types   map[tlsrpt.PolicyType]*TypeTally
	Days    map[Day]*DayTally
	Reports map[int64]struct{}
	Modes   ModeTally
	budget  *budget
	kinds   int // policy types that RFC 8460 does not know
}

// A TypeTally adds up one policy type of one domain.
type TypeTally struct {
	Totals
	Causes    map[Cause]*CauseTally
	Results   map[tlsrpt.ResultType]tlsrpt.Sessions // over all MX hosts, each report held to its total
	Reporters map[string]struct{}
	Sessions  Daily                     // by day, to know on which days there was something to see
	Overlap   map[string]*ReporterTally // whose sessions here are the same as under sts (Q31)
	budget    *budget
	named     int  // causes that took room
	Truncated bool // there were more, added up as those of other hosts
}

// A DayTally adds up one covered UTC day of one domain.
type DayTally struct {
	Totals
	Reports map[int64]struct{}
	Until   Day  // the last day of the longest report
	OnTime  bool // at least one report arrived within two days after its end
}

// NewTally returns an empty tally.
func NewTally() *Tally {
	return &Tally{
		budget:    newBudget(),
		Domains:   map[string]*DomainTally{},
		Reporters: map[string]*ReporterTally{},
		Reports:   map[int64]struct{}{},
		Uncounted: newUncountedTally(),
		Spans:     map[Span]tlsrpt.Sessions{},
	}
}

// Add counts one row. It keeps nothing of it but strings.
func (t *Tally) Add(row *report.PolicyRow) {
	if !row.Auth.Result.Counts() {
		t.Uncounted.add(row)
		return
	}
	t.Reports[row.ReportRow] = struct{}{}
	d := t.domain(t.name(row.Domain()))
	d.Reports[row.ReportRow] = struct{}{}
	who := t.sender(reporterOf(row))
	r := t.Reporters[who.Key()]
	if r == nil {
		r = &ReporterTally{Reporter: who, ByDay: Daily{}}
		t.Reporters[who.Key()] = r
	}
	n, s := row.Policy.Successful.Plus(row.Policy.Failed), spanOf(&row.Report)
	if row.Overlap {
		n = 0
	} else {
		t.Overall.Add(row.Policy.Successful, row.Policy.Failed)
	}
	r.Sessions = r.Sessions.Plus(n)
	r.ByDay.Add(s.First, n)
	r.Until = max(r.Until, s.Last)
	if s.several() {
		t.Spans[s] = t.Spans[s].Plus(n)
	} else {
		t.singles = true
	}
	d.add(row, who, s)
}

// domain returns the tally of a domain, new where there is none yet.
func (t *Tally) domain(name string) *DomainTally {
	d := t.Domains[name]
	if d == nil {
		d = &DomainTally{
			Types:   map[tlsrpt.PolicyType]*TypeTally{},
			Days:    map[Day]*DayTally{},
			Reports: map[int64]struct{}{},
			budget:  t.budget,
		}
		t.Domains[name] = d
	}
	return d
}

// add counts a row of this domain.
func (d *DomainTally) add(row *report.PolicyRow, who Reporter, s Span) {
	p, on := &row.Policy, s.First
	covered := d.Days[on]
	if covered == nil {
		covered = &DayTally{Reports: map[int64]struct{}{}}
		d.Days[on] = covered
	}
	covered.Reports[row.ReportRow] = struct{}{}
	covered.Until = max(covered.Until, s.Last)
	covered.OnTime = covered.OnTime || !isLate(row)
	if !row.Overlap {
		d.Overall.Add(p.Successful, p.Failed)
		covered.Add(p.Successful, p.Failed)
	}
	d.Modes.add(on, p.Mode, who)
	kind := d.kind(p.Type)
	d.policyType(kind).add(row, kind, who, s)
}

// policyType returns the tally of a policy type, new where there is none yet.
func (d *DomainTally) policyType(kind tlsrpt.PolicyType) *TypeTally {
	t := d.Types[kind]
	if t == nil {
		t = &TypeTally{
			Causes:  map[Cause]*CauseTally{},
			Results: map[tlsrpt.ResultType]tlsrpt.Sessions{}, Reporters: map[string]struct{}{}, Sessions: Daily{},
			Overlap: map[string]*ReporterTally{},
			budget:  d.budget,
		}
		d.Types[kind] = t
	}
	return t
}

// add counts a row under this policy type. The largest causes come first, for
// whom there may not be room.
func (t *TypeTally) add(row *report.PolicyRow, kind tlsrpt.PolicyType, who Reporter, s Span) {
	p := &row.Policy
	n := p.Successful.Plus(p.Failed)
	t.Totals.Add(p.Successful, p.Failed)
	t.Reporters[who.Key()] = struct{}{}
	t.Sessions.Add(s.First, n)
	if row.Overlap && n > 0 {
		AddReporter(t.Overlap, &ReporterTally{Reporter: who, Sessions: n})
	}
	byResult := map[tlsrpt.ResultType]tlsrpt.Sessions{}
	shares, kept := causesOf(row), map[Cause]Cause{}
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
		t.Results[r] = t.Results[r].Plus(n)
	}
	for i := range p.Failures {
		f := &p.Failures[i]
		if c, ok := kept[causeOf(row, f)]; ok {
			t.Causes[c].quote(p, f)
		}
	}
}

// span returns the first and the last day that reports which count are about.
func (t *Tally) span() (first, last Day, found bool) {
	for _, d := range t.Domains {
		for on, covered := range d.Days {
			if !found || on < first {
				first = on
			}
			if !found || covered.Until > last {
				last = covered.Until
			}
			found = true
		}
	}
	return first, last, found
}
