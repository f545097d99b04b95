package words

import (
	"cmp"
	"slices"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
)

// Summary are what a digest says, for programs: the JSON of `digest --preview
// --format json` (DESIGN 8). Days are UTC and written 2026-11-22, From and To
// both included. Lists are never null.
type Summary struct {
	Name             string            `json:"name"`
	From             string            `json:"from"`
	To               string            `json:"to"`
	Verdict          judge.Verdict     `json:"verdict"`
	Sessions         SummarySessions   `json:"sessions"` // what is counted under sts and tlsa alike is counted once
	PolicyTypes      []SummaryType     `json:"policy_types"`
	Reporters        []SummaryReporter `json:"reporters"`
	StoppedReporting []SummaryStopped  `json:"stopped_reporting"`
	Unverified       int               `json:"unverified"` // reports that do not count
	Rejected         int               `json:"rejected"`   // messages that could not be read
}

// SummarySessions are summary totals.
type SummarySessions struct {
	Successful tlsrpt.Sessions `json:"successful"`
	Failed     tlsrpt.Sessions `json:"failed"`
}

// A SummaryType is one policy type, over all domains of the digest.
type SummaryType struct {
	PolicyType tlsrpt.PolicyType `json:"policy_type"`
	SummarySessions
	Findings []SummaryFinding `json:"findings"`
}

// A SummaryFinding is one cause, over all domains of the digest. An empty
// ResultType stands for failures that no detail explains. Failed is 0 where the
// state is resolved, and never more than the reports' totals allow.
type SummaryFinding struct {
	ResultType tlsrpt.ResultType `json:"result_type"`
	MX         string            `json:"receiving_mx_hostname"`
	Failed     tlsrpt.Sessions   `json:"failed"`
	Reporters  []string          `json:"reporters"`
	State      facts.State       `json:"state"`
	FirstDay   string            `json:"first_day"`
}

// A SummaryReporter is who reported, with its sessions.
type SummaryReporter struct {
	Domain       string          `json:"domain"`
	Organization string          `json:"organization_name"`
	Sessions     tlsrpt.Sessions `json:"sessions"`
}

// A SummaryStopped is who used to report and does no more.
type SummaryStopped struct {
	Domain       string `json:"domain"`
	Organization string `json:"organization_name"`
	LastDay      string `json:"last_day"`
}

// summarize returns the facts of a judgement.
func summarize(j *judge.Judgement, name string) Summary {
	f := Summary{
		Name: name, From: j.First.String(), To: j.Last.String(), Verdict: j.Verdict,
		Sessions:         SummarySessions(j.Overall),
		PolicyTypes:      summaryTypes(j),
		Reporters:        []SummaryReporter{},
		StoppedReporting: []SummaryStopped{},
		Unverified:       len(j.Facts.Tally.Uncounted.Reports),
		Rejected:         len(j.Facts.Rejected),
	}
	for _, r := range j.Reporters {
		f.Reporters = append(f.Reporters, SummaryReporter{r.Domain, r.Organization, r.Sessions})
	}
	for _, s := range j.Stopped {
		f.StoppedReporting = append(f.StoppedReporting, SummaryStopped{s.Domain, s.Organization, s.Last.String()})
	}
	return f
}

// summaryTypes returns the policy types, always the three of RFC 8460 and any other
// that was reported.
func summaryTypes(j *judge.Judgement) []SummaryType {
	sums := map[tlsrpt.PolicyType]*SummaryType{}
	at := func(t tlsrpt.PolicyType) *SummaryType {
		if sums[t] == nil {
			sums[t] = &SummaryType{PolicyType: t}
		}
		return sums[t]
	}
	for _, t := range []tlsrpt.PolicyType{tlsrpt.STS, tlsrpt.TLSA, tlsrpt.NoPolicyFound} {
		at(t)
	}
	findings := map[facts.Cause][]*judge.Finding{}
	for _, d := range j.Domains {
		for _, t := range d.Types {
			sum := at(t.Type)
			sum.Successful = sum.Successful.Plus(t.Successful)
			sum.Failed = sum.Failed.Plus(t.Failed)
			for _, f := range slices.Concat(t.Findings, t.Resolved) {
				findings[f.Cause] = append(findings[f.Cause], f)
			}
		}
	}
	for c, list := range findings {
		sum := at(c.Type)
		sum.Findings = append(sum.Findings, summaryFinding(c, list))
	}
	out := make([]SummaryType, 0, len(sums))
	for _, s := range sums {
		slices.SortFunc(s.Findings, func(a, b SummaryFinding) int {
			return cmp.Or(cmp.Compare(b.Failed, a.Failed), cmp.Compare(a.ResultType, b.ResultType), cmp.Compare(a.MX, b.MX))
		})
		if s.Findings == nil {
			s.Findings = []SummaryFinding{}
		}
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b SummaryType) int { return facts.CompareTypes(a.PolicyType, b.PolicyType) })
	return out
}

// summaryFinding joins one cause over domains. Of several states the one that says
// most stands: ongoing, back, new, and resolved only where it is so everywhere.
func summaryFinding(c facts.Cause, list []*judge.Finding) SummaryFinding {
	out := SummaryFinding{ResultType: c.Result, MX: c.MX, State: facts.StateResolved, Reporters: []string{}}
	order := []facts.State{facts.StateResolved, facts.StateNew, facts.StateBack, facts.StateOngoing}
	first := list[0].First
	for _, f := range list {
		out.Failed = out.Failed.Plus(f.Sessions)
		if slices.Index(order, f.State) > slices.Index(order, out.State) {
			out.State = f.State
		}
		first = min(first, f.First)
		for _, r := range f.Reporters {
			if name := cmp.Or(r.Domain, r.Organization); !slices.Contains(out.Reporters, name) {
				out.Reporters = append(out.Reporters, name)
			}
		}
	}
	out.FirstDay = first.String()
	return out
}
