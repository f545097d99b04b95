package digest

import (
	"slices"
	"strings"

	"tlsbrief/db"
	"tlsbrief/tlsrpt"
)

// A cause is what a finding is about: one kind of failure at one receiving MX
// host, under one kind of policy. An empty result stands for failures that a
// report's total has and its details do not explain.
type cause struct {
	Type   tlsrpt.PolicyType
	Result tlsrpt.ResultType
	MX     string
}

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
func reporterOf(row *db.PolicyRow) reporter {
	r := reporter{Organization: row.Report.OrganizationName}
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
// a bounded number of quotations, never the rows.
//
// Totals are those of the summaries, never a sum of details, which may overlap
// (R14). Overall figures leave out what a report counts under sts as well (Q31).
type tally struct {
	domains   map[string]*domainTally
	overall   totals
	reporters map[string]*reporterTally
	reports   map[int64]struct{} // rows of reports that count
	uncounted uncountedTally
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
}

// A domainTally adds up what counts for one policy domain.
type domainTally struct {
	overall totals
	types   map[tlsrpt.PolicyType]*typeTally
	days    map[day]*dayTally
	reports map[int64]struct{}

	mode    tlsrpt.Mode // of the newest report that quotes one
	modeDay day
}

// A typeTally adds up one policy type of one domain.
type typeTally struct {
	totals
	causes    map[cause]*causeTally
	results   map[tlsrpt.ResultType]tlsrpt.Sessions // over all MX hosts, each report held to its total
	reporters map[string]struct{}
	sessions  daily // by day, to know on which days there was something to see
}

// A dayTally adds up one covered UTC day of one domain.
type dayTally struct {
	totals
	reports map[int64]struct{}
	onTime  bool // at least one report arrived within two days after its end
}

// A causeTally adds up one cause. A report's details are held to its own total,
// so what is counted is never more than the summaries allow.
type causeTally struct {
	sessions  tlsrpt.Sessions
	upTo      bool // some details claimed more than their total, or did not say
	byDay     daily
	raw       daily // as the details have it, to be compared with the history
	modes     map[tlsrpt.Mode]tlsrpt.Sessions
	reporters map[string]*reporterTally
	reasons   quotes
	links     quotes
	addresses quotes
}

// newTally returns an empty tally.
func newTally() *tally {
	return &tally{
		domains:   map[string]*domainTally{},
		reporters: map[string]*reporterTally{},
		reports:   map[int64]struct{}{},
		uncounted: newUncountedTally(),
	}
}

// add counts one row. It keeps nothing of it but strings.
func (t *tally) add(row *db.PolicyRow) {
	if !row.Auth.Result.Counts() {
		t.uncounted.add(row)
		return
	}
	t.reports[row.ReportRow] = struct{}{}
	d := t.domain(row.Policy.Domain)
	d.reports[row.ReportRow] = struct{}{}
	who := reporterOf(row)
	r := t.reporters[who.key()]
	if r == nil {
		r = &reporterTally{reporter: who}
		t.reporters[who.key()] = r
	}
	if !row.Overlap {
		t.overall.add(row.Policy.Successful, row.Policy.Failed)
		r.Sessions = r.Sessions.Plus(row.Policy.Successful).Plus(row.Policy.Failed)
	}
	d.add(row, who)
}

// domain returns the tally of a domain, new where there is none yet.
func (t *tally) domain(name string) *domainTally {
	d := t.domains[name]
	if d == nil {
		d = &domainTally{
			types:   map[tlsrpt.PolicyType]*typeTally{},
			days:    map[day]*dayTally{},
			reports: map[int64]struct{}{},
		}
		t.domains[name] = d
	}
	return d
}

// add counts a row of this domain.
func (d *domainTally) add(row *db.PolicyRow, who reporter) {
	p, on := &row.Policy, dayOf(row.Report.Start)
	covered := d.days[on]
	if covered == nil {
		covered = &dayTally{reports: map[int64]struct{}{}}
		d.days[on] = covered
	}
	covered.reports[row.ReportRow] = struct{}{}
	covered.onTime = covered.onTime || !isLate(row)
	if !row.Overlap {
		d.overall.add(p.Successful, p.Failed)
		covered.add(p.Successful, p.Failed)
	}
	if p.Mode != "" && (d.mode == "" || on >= d.modeDay) {
		d.mode, d.modeDay = p.Mode, on
	}

	t := d.types[p.Type]
	if t == nil {
		t = &typeTally{
			causes:  map[cause]*causeTally{},
			results: map[tlsrpt.ResultType]tlsrpt.Sessions{}, reporters: map[string]struct{}{}, sessions: daily{},
		}
		d.types[p.Type] = t
	}
	t.totals.add(p.Successful, p.Failed)
	t.reporters[who.key()] = struct{}{}
	t.sessions.add(on, p.Successful.Plus(p.Failed))
	byResult := map[tlsrpt.ResultType]tlsrpt.Sessions{}
	for c, share := range causesOf(p) {
		t.cause(c).add(row, who, on, share)
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
		if c := t.causes[cause{p.Type, f.ResultType, f.ReceivingMXHostname}]; c != nil {
			c.quote(f)
		}
	}
}

// isLate tells whether a report arrived more than two days after the time it
// covers: it then belongs to a day of which a digest has spoken already.
func isLate(row *db.PolicyRow) bool {
	arrived := row.ReceivedAt
	if arrived.IsZero() {
		arrived = row.RecordedAt
	}
	return arrived.After(row.Report.End.AddDate(0, 0, 2))
}

// A causeShare is what one policy of one report says of one cause.
type causeShare struct {
	sessions tlsrpt.Sessions // held to the policy's own total
	raw      tlsrpt.Sessions // as the details have it
	upTo     bool            // the details claim more than the total, or name no count
}

// causesOf splits the failures of one policy by cause.
//
// Details may overlap (R14), so each cause is held to the policy's total on its
// own. Details without any count stand for up to the whole total. What the
// details leave unexplained of the total is a cause with an empty result. Where
// the total is 0 beside details with counts the report contradicts itself, and
// the details are believed: what may be a failure is not to be hidden.
func causesOf(p *tlsrpt.Policy) map[cause]causeShare {
	shares := map[cause]causeShare{}
	var sum tlsrpt.Sessions
	for i := range p.Failures {
		f := &p.Failures[i]
		c := cause{p.Type, f.ResultType, f.ReceivingMXHostname}
		s := shares[c]
		s.raw = s.raw.Plus(f.Sessions)
		shares[c] = s
		sum = sum.Plus(f.Sessions)
	}
	for c, s := range shares {
		switch {
		case sum == 0 && p.Failed > 0:
			s.sessions, s.upTo = p.Failed, true
		case s.raw == 0:
			delete(shares, c)
			continue
		case p.Failed == 0:
			s.sessions, s.upTo = s.raw, true
		case s.raw > p.Failed:
			s.sessions, s.upTo = p.Failed, true
		default:
			s.sessions = s.raw
		}
		shares[c] = s
	}
	if rest := p.Failed - min(sum, p.Failed); rest > 0 && (sum > 0 || len(shares) == 0) {
		c := cause{Type: p.Type}
		s := shares[c]
		s.sessions, s.raw = s.sessions.Plus(rest), s.raw.Plus(rest)
		shares[c] = s
	}
	return shares
}

// cause returns the tally of a cause, new where there is none yet.
func (t *typeTally) cause(c cause) *causeTally {
	ct := t.causes[c]
	if ct == nil {
		ct = &causeTally{
			byDay: daily{}, raw: daily{},
			modes:     map[tlsrpt.Mode]tlsrpt.Sessions{},
			reporters: map[string]*reporterTally{},
		}
		t.causes[c] = ct
	}
	return ct
}

// add counts what one row says of this cause.
func (c *causeTally) add(row *db.PolicyRow, who reporter, on day, s causeShare) {
	c.sessions = c.sessions.Plus(s.sessions)
	c.upTo = c.upTo || s.upTo
	c.byDay.add(on, s.sessions)
	c.raw.add(on, s.raw)
	c.modes[row.Policy.Mode] = c.modes[row.Policy.Mode].Plus(s.sessions)
	r := c.reporters[who.key()]
	if r == nil {
		r = &reporterTally{reporter: who}
		c.reporters[who.key()] = r
	}
	r.Sessions = r.Sessions.Plus(s.sessions)
}

// quote remembers what a detail says beyond its counts.
func (c *causeTally) quote(f *tlsrpt.Failure) {
	c.reasons.add(f.ReasonCode)
	c.links.add(f.AdditionalInformation)
	c.addresses.add(f.ReceivingIP)
}

// maxQuotes bounds how many different strings of one kind a finding quotes.
const maxQuotes = 3

// quotes keeps the first few different strings, and whether there were more.
type quotes struct {
	Seen []string
	More bool
}

// add remembers a string unless it is empty or known.
func (q *quotes) add(s string) {
	if s == "" || slices.Contains(q.Seen, s) {
		return
	}
	if len(q.Seen) == maxQuotes {
		q.More = true
		return
	}
	q.Seen = append(q.Seen, s)
}
