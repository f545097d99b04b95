package digest

import (
	"cmp"
	"slices"

	"tlsbrief/internal/tlsrpt"
)

// A finding is one cause in one domain: what failed, how often, who saw it,
// since when, and what became of the mail.
type finding struct {
	cause
	Domain       string
	Sessions     tlsrpt.Sessions // never more than the reports' totals allow; 0 where resolved
	Contradicted bool            // the totals of the reports that name it count no failure
	Bound        bool            // Sessions is a bound, not a count: details may overlap (R14)
	ByDay        daily
	Until        map[day]day // where a day of ByDay stands for several: the last of them
	Timeline
	Later int // days with reports after the last with the cause, up to the last covered

	Fate     tlsrpt.Fate
	Mode     tlsrpt.Mode // of the MTA-STS policy the fate was judged by
	ModeFrom modeSource

	Reporters []*reporterTally // who saw it, most sessions first
	Asked     int              // how many reporters told of the same policy type of the same domain

	Reasons, Links, Addresses quotes
	NoReason                  bool       // some details give no reason
	Unlisted                  bool       // all details are about servers that the MTA-STS policy, as quoted, does not list
	Truncated                 bool       // there were too many causes beside it to tell them all apart
	Answer                    Answer     // what a look just now found of it; none if there was no look
	Waiver, ExpiredWaiver     *Waiver    // the rule by which it is accepted, or was
	Silent                    []reporter // where it may only seem resolved: those that saw it, none of whom has reported since
}

// meaning explains the finding under its policy, and by the reasons given where
// all failures have one.
func (f *finding) meaning() tlsrpt.ResultMeaning {
	if f.Unlisted && f.Result == tlsrpt.ValidationFailure && len(f.Reasons.Seen) == 0 {
		return tlsrpt.MeaningUnlisted()
	}
	if f.NoReason || f.Reasons.More {
		return tlsrpt.MeaningUnder(f.Type, f.Result)
	}
	return tlsrpt.MeaningUnder(f.Type, f.Result, f.Reasons.Seen...)
}

// weight is how much a finding matters.
func (f *finding) weight() tlsrpt.Weight { return f.Fate.Weight() }

// A Policy is one policy type of one domain.
type Policy struct {
	Type tlsrpt.PolicyType
	totals
	Before    before
	Reporters int
	Results   map[tlsrpt.ResultType]tlsrpt.Sessions // what the totals allow for each result type over all MX hosts
	Findings  []*finding                            // heaviest first
	Waived    []*finding                            // kept out of the verdict
	Resolved  []*finding
	Unseen    []*finding       // not reported any more, by nobody who had seen it
	Overlap   []*reporterTally // whose sessions are the same as under sts
}

// judgeTypes returns what is to be said of each policy type of a domain. The
// three of RFC 8460 come first and in its order, each only where there is
// something to tell.
func judgeTypes(domain string, d *domainTally, h *history, mode knownMode, w witnesses, accept []Waiver) []*Policy {
	var out []*Policy
	for kind, t := range d.types {
		s := PolicyKey{domain, kind}
		j := &Policy{Type: kind, totals: t.totals, Reporters: len(t.reporters), Results: t.results, Overlap: sortedReporters(t.overlap)}
		reported := withSessions(h.sessions[s])
		for c, ct := range t.causes {
			f := newFinding(domain, c, ct, mode)
			f.Truncated = t.truncated
			f.Timeline = timelineOf(reported, seenElsewhere(h.failures[s][c], ct.raw, t.truncated), ct.raw)
			f.Asked = len(t.reporters)
			f.Later = laterDays(f, t.sessions)
			j.Findings = append(j.Findings, f)
		}
		for c, st := range h.resolved(s, t.sessions, t.causes) {
			f := &finding{cause: c, Domain: domain, Timeline: st, Silent: w.silentSince(s, c, st.Last)}
			if len(f.Silent) > 0 {
				j.Unseen = append(j.Unseen, f)
			} else {
				j.Resolved = append(j.Resolved, f)
			}
		}
		slices.SortFunc(j.Findings, compareFindings)
		j.waive(accept)
		slices.SortFunc(j.Resolved, compareFindings)
		slices.SortFunc(j.Unseen, compareFindings)
		out = append(out, j)
	}
	slices.SortFunc(out, func(a, b *Policy) int { return compareTypes(a.Type, b.Type) })
	return out
}

// laterDays counts the covered days with sessions after the last on which a cause
// was seen. Of reports of several days nobody knows.
func laterDays(f *finding, covered daily) int {
	n := 0
	for on, sessions := range covered {
		if on > f.Last && sessions > 0 && len(f.Until) == 0 {
			n++
		}
	}
	return n
}

// newFinding judges one cause. Where reports of one cause were made under
// different modes, the heaviest fate stands: some mail met it. mode is for reports
// that quote none.
func newFinding(domain string, c cause, ct *causeTally, mode knownMode) *finding {
	f := &finding{
		cause: c, Domain: domain,
		Sessions: ct.sessions, Bound: ct.bound, ByDay: ct.byDay, Until: ct.until,
		Contradicted: ct.contradicted > 0 && ct.contradicted == ct.sessions, NoReason: ct.noReason, Unlisted: ct.noReason && !ct.listed,
		Reporters: sortedReporters(ct.reporters),
		Reasons:   ct.reasons, Links: ct.links, Addresses: ct.addresses,
	}
	first := true
	for _, m := range []tlsrpt.Mode{tlsrpt.ModeEnforce, tlsrpt.ModeTesting, tlsrpt.ModeNone, ""} {
		if _, ok := ct.modes[m]; !ok {
			continue
		}
		used, from := m, modeReported
		if m == "" && c.Type == tlsrpt.STS {
			used, from = mode.Mode, mode.From
		}
		if used == "" {
			from = modeUnknown
		}
		fate := fateOf(c, used)
		if first || fate.Weight() > f.weight() {
			f.Fate, f.Mode, f.ModeFrom = fate, used, from
			first = false
		}
	}
	return f
}

// fateOf says what became of the mail. A failure whose kind the report does not
// tell is judged as a general one, since it may have been any.
func fateOf(c cause, mode tlsrpt.Mode) tlsrpt.Fate {
	result := c.Result
	if result == "" {
		result = tlsrpt.ValidationFailure
	}
	return tlsrpt.FateOf(c.Type, mode, result)
}

// compareFindings puts the heaviest first, then the most sessions.
func compareFindings(a, b *finding) int {
	return cmp.Or(
		cmp.Compare(b.weight(), a.weight()),
		compareOthers(a.cause, b.cause),
		cmp.Compare(b.Sessions, a.Sessions),
		compareCauses(a.cause, b.cause),
		cmp.Compare(a.Domain, b.Domain),
	)
}
