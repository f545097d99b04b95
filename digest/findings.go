package digest

import (
	"cmp"
	"slices"

	wording "tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
)

// A finding is one cause in one domain: what failed, how often, who saw it,
// since when, and what became of the mail.
type finding struct {
	cause
	Domain   string
	Sessions tlsrpt.Sessions // never more than the reports' totals allow; 0 where resolved
	Denied   bool            // the totals of the reports that name it count no failure
	UpTo     bool            // Sessions is a bound, not a count: details may overlap (R14)
	ByDay    daily
	Until    map[day]day // where a day of ByDay stands for several: the last of them
	standing
	Later int // days with reports after the last with the cause, up to the last covered

	Fate     tlsrpt.Fate
	Mode     tlsrpt.Mode // of the MTA-STS policy the fate was judged by
	ModeFrom modeSource

	Reporters []*reporterTally // who saw it, most sessions first
	Asked     int              // how many reporters told of the same policy type of the same domain

	Reasons, Links, Addresses quotes
	Bare                      bool     // some details give no reason
	Unlisted                  bool     // all details are about servers that the MTA-STS policy, as quoted, does not list
	Crowded                   bool     // there were too many causes beside it to tell them all apart
	Looked                    Answer   // what a look just now found of it; none if there was no look
	Accepted, RanOut          *Accept  // the rule by which it is accepted, or was
	Silent                    []string // where it may only seem resolved: those that saw it, none of whom has reported since
}

// meaning explains the finding under its policy, and by the reasons given where
// all failures have one.
func (f *finding) meaning() wording.Meaning {
	if f.Unlisted && f.Result == tlsrpt.ValidationFailure && len(f.Reasons.Seen) == 0 {
		return wording.MeaningUnlisted()
	}
	if f.Bare || f.Reasons.More {
		return wording.MeaningUnder(f.Type, f.Result)
	}
	return wording.MeaningUnder(f.Type, f.Result, f.Reasons.Seen...)
}

// weight is how much a finding matters.
func (f *finding) weight() tlsrpt.Weight { return f.Fate.Weight() }

// A modeSource says how the mode of an MTA-STS policy is known.
type modeSource int

// The ways to know a mode.
const (
	modeUnknown  modeSource = iota
	modeReported            // the report with the failure quotes it
	modeElsewise            // another report for the domain does
	modeChecked             // the domain check has read the policy
)

// A typeJudgement is one policy type of one domain.
type typeJudgement struct {
	Type tlsrpt.PolicyType
	totals
	Before    before
	Reporters int
	Results   map[tlsrpt.ResultType]tlsrpt.Sessions // what the totals allow for each result type over all MX hosts
	Findings  []*finding                            // heaviest first
	Accepted  []*finding                            // kept out of the verdict
	Resolved  []*finding
	Unseen    []*finding       // not reported any more, by nobody who had seen it
	Overlap   []*reporterTally // whose sessions are the same as under sts
}

// judgeTypes returns what is to be said of each policy type of a domain. The
// three of RFC 8460 come first and in its order, each only where there is
// something to tell.
func judgeTypes(domain string, d *domainTally, h *history, mode knownMode, w witnesses, accept []Accept) []*typeJudgement {
	var out []*typeJudgement
	for kind, t := range d.types {
		s := stream{domain, kind}
		j := &typeJudgement{Type: kind, totals: t.totals, Reporters: len(t.reporters), Results: t.results, Overlap: sortedReporters(t.overlap)}
		reported := withSessions(h.sessions[s])
		for c, ct := range t.causes {
			f := newFinding(domain, c, ct, mode)
			f.Crowded = t.crowded
			f.standing = standingOf(reported, seenElsewhere(h.failures[s][c], ct.raw, t.crowded), ct.raw)
			f.Asked = len(t.reporters)
			f.Later = laterDays(f, t.sessions)
			j.Findings = append(j.Findings, f)
		}
		for c, st := range h.resolved(s, t.sessions, t.causes) {
			f := &finding{cause: c, Domain: domain, standing: st, Silent: w.silentSince(s, c, st.Last)}
			if len(f.Silent) > 0 {
				j.Unseen = append(j.Unseen, f)
			} else {
				j.Resolved = append(j.Resolved, f)
			}
		}
		slices.SortFunc(j.Findings, compareFindings)
		j.setAccepted(accept)
		slices.SortFunc(j.Resolved, compareFindings)
		slices.SortFunc(j.Unseen, compareFindings)
		out = append(out, j)
	}
	slices.SortFunc(out, func(a, b *typeJudgement) int { return compareTypes(a.Type, b.Type) })
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

// A knownMode is the mode of an MTA-STS policy with how it is known.
type knownMode struct {
	Mode tlsrpt.Mode
	From modeSource
}

// newFinding judges one cause. Where reports of one cause were made under
// different modes, the heaviest fate stands: some mail met it. mode is for reports
// that quote none.
func newFinding(domain string, c cause, ct *causeTally, mode knownMode) *finding {
	f := &finding{
		cause: c, Domain: domain,
		Sessions: ct.sessions, UpTo: ct.upTo, ByDay: ct.byDay, Until: ct.until,
		Denied: ct.denied > 0 && ct.denied == ct.sessions, Bare: ct.bare, Unlisted: ct.bare && !ct.listed,
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

// compareOthers puts last what stands for more causes than are told apart.
func compareOthers(a, b cause) int {
	switch {
	case a.others() == b.others():
		return 0
	case a.others():
		return 1
	default:
		return -1
	}
}

// compareCauses orders causes for the sake of a stable output.
func compareCauses(a, b cause) int {
	return cmp.Or(compareTypes(a.Type, b.Type), cmp.Compare(a.Result, b.Result), cmp.Compare(a.MX, b.MX))
}

// compareTypes puts sts, tlsa and no-policy-found first, then the others by name.
func compareTypes(a, b tlsrpt.PolicyType) int {
	return cmp.Or(cmp.Compare(typeRank(a), typeRank(b)), cmp.Compare(a, b))
}

// typeRank is the place of a policy type in a digest (DESIGN 7).
func typeRank(t tlsrpt.PolicyType) int {
	switch t {
	case tlsrpt.STS:
		return 0
	case tlsrpt.TLSA:
		return 1
	case tlsrpt.NoPolicyFound:
		return 2
	default:
		return 3
	}
}

// sortedReporters returns reporters with the most sessions first.
func sortedReporters(m map[string]*reporterTally) []*reporterTally {
	out := make([]*reporterTally, 0, len(m))
	for _, r := range m {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *reporterTally) int {
		return cmp.Or(
			cmp.Compare(b.Sessions, a.Sessions),
			cmp.Compare(a.Domain, b.Domain),
			cmp.Compare(a.Organization, b.Organization),
		)
	})
	return out
}
