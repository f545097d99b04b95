package judge

import (
	"cmp"
	"slices"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A Finding is one cause in one domain: what failed, how often, who saw it,
// since when, and what became of the mail.
type Finding struct {
	facts.Cause
	Domain       string
	Sessions     tlsrpt.Sessions // never more than the reports' totals allow; 0 where resolved
	Contradicted bool            // the totals of the reports that name it count no failure
	Bound        bool            // Sessions is a bound, not a count: details may overlap (R14)
	ByDay        facts.Daily
	Until        map[facts.Day]facts.Day // where a day of ByDay stands for several: the last of them
	facts.Timeline
	Later int // days with reports after the last with the cause, up to the last covered

	Fate     tlsrpt.Fate
	Mode     tlsrpt.Mode // of the MTA-STS policy the fate was judged by
	ModeFrom facts.ModeSource

	Reporters []*facts.ReporterTally // who saw it, most sessions first
	Asked     int                    // how many reporters told of the same policy type of the same domain

	Reasons, Links, Addresses facts.Quotes
	NoReason                  bool             // some details give no reason
	Unlisted                  bool             // general failures without any reason, at servers alone that the MTA-STS policy, as quoted, does not list
	Truncated                 bool             // there were too many causes beside it to tell them all apart
	Answer                    report.Answer    // what a probe just now found of it; none where none was made
	Waiver, ExpiredWaiver     *Waiver          // the rule by which it is accepted, or was
	Silent                    []facts.Reporter // where it may only seem resolved: those that saw it, none of whom has reported since
}

// Codes returns the reason codes that explain a finding; none where some failures
// have no reason, or there are too many.
func (f *Finding) Codes() []string {
	if f.NoReason || f.Reasons.More {
		return nil
	}
	return f.Reasons.Seen
}

// Shown returns the result type that failures are explained by: of general ones that
// which all their reason codes come to, if they do (Q5, Q8). unlisted says that they
// come to an MX host that the MTA-STS policy does not list.
func Shown(p tlsrpt.PolicyType, t tlsrpt.ResultType, codes []string) (shown tlsrpt.ResultType, unlisted bool) {
	if t != tlsrpt.ValidationFailure {
		return t, false
	}
	switch code := commonCode(codes); {
	case code == tlsrpt.CodeUnlisted && p == tlsrpt.STS:
		return t, true
	case code.Result() != "":
		return code.Result(), false
	}
	return t, false
}

// commonCode returns the code of reasons that all come to the same result, and ""
// if they do not.
func commonCode(reasons []string) (common tlsrpt.Code) {
	for i, reason := range reasons {
		code := tlsrpt.ReasonOf(reason).Code
		if i > 0 && (code.Result() != common.Result() || (code == tlsrpt.CodeUnlisted) != (common == tlsrpt.CodeUnlisted)) {
			return ""
		}
		common = code
	}
	return common
}

// Weight is how much a finding matters.
func (f *Finding) Weight() tlsrpt.Weight { return f.Fate.Weight() }

// A Policy is one policy type of one domain.
type Policy struct {
	Type tlsrpt.PolicyType
	facts.Totals
	Before    Before
	Reporters int
	Results   map[tlsrpt.ResultType]tlsrpt.Sessions // what the totals allow for each result type over all MX hosts
	Findings  []*Finding                            // heaviest first
	Groups    []*Group                              // of Findings, in their order
	Waived    []*Finding                            // kept out of the verdict
	Resolved  []*Finding
	Unseen    []*Finding             // not reported any more, by nobody who had seen it
	Overlap   []*facts.ReporterTally // whose sessions are the same as under sts
}

// judgeTypes returns what is to be said of each policy type of a domain. The
// three of RFC 8460 come first and in its order, each only where there is
// something to tell.
func judgeTypes(domain string, d *facts.DomainTally, h *facts.History, mode facts.KnownMode, w facts.Witnesses, accept []Waiver) []*Policy {
	var out []*Policy
	for kind, t := range d.Types {
		s := facts.PolicyKey{Domain: domain, Type: kind}
		j := &Policy{Type: kind, Totals: t.Totals, Reporters: len(t.Reporters), Results: t.Results, Overlap: facts.SortedReporters(t.Overlap)}
		reported := facts.WithSessions(h.Sessions[s])
		for c, ct := range t.Causes {
			f := newFinding(domain, c, ct, mode)
			f.Truncated = t.Truncated
			f.Timeline = facts.TimelineOf(reported, facts.SeenElsewhere(h.Failures[s][c], ct.Raw, t.Truncated), ct.Raw)
			f.Asked = len(t.Reporters)
			f.Later = laterDays(f, t.Sessions)
			j.Findings = append(j.Findings, f)
		}
		for c, st := range h.Resolved(s, t.Sessions, t.Causes) {
			f := &Finding{Cause: c, Domain: domain, Timeline: st, Silent: w.SilentSince(s, c, st.Last)}
			if len(f.Silent) > 0 {
				j.Unseen = append(j.Unseen, f)
			} else {
				j.Resolved = append(j.Resolved, f)
			}
		}
		slices.SortFunc(j.Findings, compareFindings)
		j.waive(accept)
		j.Groups = group(j.Findings, j.Results)
		slices.SortFunc(j.Resolved, compareFindings)
		slices.SortFunc(j.Unseen, compareFindings)
		out = append(out, j)
	}
	slices.SortFunc(out, func(a, b *Policy) int { return facts.CompareTypes(a.Type, b.Type) })
	return out
}

// laterDays counts the covered days with sessions after the last on which a cause
// was seen. Of reports of several days nobody knows.
func laterDays(f *Finding, covered facts.Daily) int {
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
func newFinding(domain string, c facts.Cause, ct *facts.CauseTally, mode facts.KnownMode) *Finding {
	f := &Finding{
		Cause: c, Domain: domain,
		Sessions: ct.Sessions, Bound: ct.Bound, ByDay: ct.ByDay, Until: ct.Until,
		Contradicted: ct.Contradicted > 0 && ct.Contradicted == ct.Sessions, NoReason: ct.NoReason, Unlisted: c.Result == tlsrpt.ValidationFailure && ct.NoReason && len(ct.Reasons.Seen) == 0 && !ct.Listed,
		Reporters: facts.SortedReporters(ct.Reporters),
		Reasons:   ct.Reasons, Links: ct.Links, Addresses: ct.Addresses,
	}
	first := true
	for _, m := range []tlsrpt.Mode{tlsrpt.ModeEnforce, tlsrpt.ModeTesting, tlsrpt.ModeNone, ""} {
		if _, ok := ct.Modes[m]; !ok {
			continue
		}
		used, from := m, facts.ModeReported
		if m == "" && c.Type == tlsrpt.STS {
			used, from = mode.Mode, mode.From
		}
		if used == "" {
			from = facts.ModeUnknown
		}
		fate := fateOf(c, used)
		if first || fate.Weight() > f.Weight() {
			f.Fate, f.Mode, f.ModeFrom = fate, used, from
			first = false
		}
	}
	return f
}

// fateOf says what became of the mail. A failure whose kind the report does not
// tell is judged as a general one, since it may have been any.
func fateOf(c facts.Cause, mode tlsrpt.Mode) tlsrpt.Fate {
	result := c.Result
	if result == "" {
		result = tlsrpt.ValidationFailure
	}
	return tlsrpt.FateOf(c.Type, mode, result)
}

// compareFindings puts the heaviest first, then the most sessions.
func compareFindings(a, b *Finding) int {
	return cmp.Or(
		cmp.Compare(b.Weight(), a.Weight()),
		facts.CompareOthers(a.Cause, b.Cause),
		cmp.Compare(b.Sessions, a.Sessions),
		facts.CompareCauses(a.Cause, b.Cause),
		cmp.Compare(a.Domain, b.Domain),
	)
}
