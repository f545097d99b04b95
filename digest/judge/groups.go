package judge

import (
	"cmp"
	"slices"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/tlsrpt"
)

// SumOf adds up the sessions of a group, which may overlap.
func SumOf(group []*Finding) tlsrpt.Sessions {
	var sum tlsrpt.Sessions
	for _, g := range group {
		sum = sum.Plus(g.Sessions)
	}
	return sum
}

// ReportersOf returns who saw a group of findings, most sessions first.
func ReportersOf(group []*Finding) []*facts.ReporterTally {
	all := map[string]*facts.ReporterTally{}
	for _, g := range group {
		for _, r := range g.Reporters {
			facts.AddReporter(all, r)
		}
	}
	return facts.SortedReporters(all)
}

// Grouped joins findings that differ in nothing but the MX host: the same cause
// with the same advice is one block.
func Grouped(findings []*Finding) [][]*Finding {
	type key struct {
		result tlsrpt.ResultType
		title  string
		fate   tlsrpt.Fate
		mode   tlsrpt.Mode
		from   facts.ModeSource
		state  facts.State
		denied bool
	}
	at := map[key]int{}
	var out [][]*Finding
	for _, f := range findings {
		k := key{f.Result, f.Meaning().Title, f.Fate, f.Mode, f.ModeFrom, f.State, f.Contradicted}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], f)
	}
	return out
}

// EachGroup calls fn for every group of findings, domain by domain.
func (j *Judgement) EachGroup(fn func(t *Policy, group []*Finding)) {
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, g := range Grouped(t.Findings) {
				fn(t, g)
			}
		}
	}
}

// GroupSessions adds up the sessions of a group, held to what the totals allow.
func GroupSessions(t *Policy, group []*Finding) (sum tlsrpt.Sessions, upTo bool) {
	for _, g := range group {
		sum, upTo = sum.Plus(g.Sessions), upTo || g.Bound
	}
	if most := t.Results[group[0].Result]; sum > most {
		return most, true
	}
	return sum, upTo
}

// HostsOf returns the MX hosts of a group that are named and told apart.
func HostsOf(group []*Finding) []string {
	hosts := make([]string, 0, len(group))
	for _, g := range group {
		if g.MX != "" && !g.Others() {
			hosts = append(hosts, g.MX)
		}
	}
	return hosts
}

// A Group is findings that differ in nothing but the MX host, with their sessions.
type Group struct {
	Findings []*Finding
	Sessions tlsrpt.Sessions
	Bound    bool
}

// Worst returns the findings of the heaviest cause, of equally heavy ones the
// largest.
func (j *Judgement) Worst() Group {
	var worst Group
	j.EachGroup(func(t *Policy, g []*Finding) {
		n, upTo := GroupSessions(t, g)
		if worst.Findings == nil || g[0].Weight() > worst.Findings[0].Weight() ||
			g[0].Weight() == worst.Findings[0].Weight() && n > worst.Sessions {
			worst = Group{g, n, upTo}
		}
	})
	return worst
}

// Heaviest returns the groups that weigh as much as the heaviest, the largest
// first.
func (j *Judgement) Heaviest() []Group {
	var out []Group
	weight := j.Worst().Findings[0].Weight()
	j.EachGroup(func(t *Policy, g []*Finding) {
		if g[0].Weight() == weight {
			n, upTo := GroupSessions(t, g)
			out = append(out, Group{g, n, upTo})
		}
	})
	slices.SortStableFunc(out, func(a, b Group) int { return cmp.Compare(b.Sessions, a.Sessions) })
	return out
}

// Largest returns the sessions of the largest cause.
func (j *Judgement) Largest() tlsrpt.Sessions {
	var most tlsrpt.Sessions
	j.EachGroup(func(t *Policy, g []*Finding) {
		n, _ := GroupSessions(t, g)
		most = max(most, n)
	})
	return most
}

// Held returns of how many failed sessions the mail may have been held back, at
// most: details overlap (R14), and so do policy types (Q31).
func (j *Judgement) Held() tlsrpt.Sessions {
	var all tlsrpt.Sessions
	for _, d := range j.Domains {
		var sum tlsrpt.Sessions
		for _, t := range d.Types {
			var n tlsrpt.Sessions
			for _, g := range Grouped(t.Findings) {
				if k, _ := GroupSessions(t, g); g[0].Weight() >= tlsrpt.Action {
					n = n.Plus(k)
				}
			}
			sum = sum.Plus(min(n, t.Failed))
		}
		all = all.Plus(min(sum, d.Overall.Failed))
	}
	return all
}

// Overlapping reports whether the groups of a policy type add up to more sessions
// than failed, so that some are counted in several.
func Overlapping(t *Policy) bool {
	var sum tlsrpt.Sessions
	for _, g := range Grouped(t.Findings) {
		n, _ := GroupSessions(t, g)
		sum = sum.Plus(n)
	}
	return t.Failed > 0 && sum > t.Failed
}
