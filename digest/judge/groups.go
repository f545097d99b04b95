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

// A Group is findings of one policy type that differ in nothing but the MX host: the
// same cause with the same advice.
type Group struct {
	Findings []*Finding      // never none
	Sessions tlsrpt.Sessions // held to what the totals allow
	Bound    bool            // Sessions is a bound, not a count
}

// Weight is how much the group matters.
func (g *Group) Weight() tlsrpt.Weight { return g.Findings[0].Weight() }

// Fate is what became of the mail.
func (g *Group) Fate() tlsrpt.Fate { return g.Findings[0].Fate }

// group joins findings of which results says how many sessions the totals allow.
func group(findings []*Finding, results map[tlsrpt.ResultType]tlsrpt.Sessions) []*Group {
	type key struct {
		result       tlsrpt.ResultType
		shown        tlsrpt.ResultType
		unlisted     bool
		fate         tlsrpt.Fate
		mode         tlsrpt.Mode
		from         facts.ModeSource
		state        facts.State
		contradicted bool
	}
	at := map[key]*Group{}
	var out []*Group
	for _, f := range findings {
		shown, unlisted := Shown(f.Type, f.Result, f.Codes())
		k := key{f.Result, shown, unlisted || f.Unlisted, f.Fate, f.Mode, f.ModeFrom, f.State, f.Contradicted}
		if at[k] == nil {
			at[k] = &Group{}
			out = append(out, at[k])
		}
		g := at[k]
		g.Findings, g.Sessions, g.Bound = append(g.Findings, f), g.Sessions.Plus(f.Sessions), g.Bound || f.Bound
	}
	for _, g := range out {
		if most := results[g.Findings[0].Result]; g.Sessions > most {
			g.Sessions, g.Bound = most, true
		}
	}
	return out
}

// Groups returns those of all domains, the worst domains first.
func (j *Judgement) Groups() []*Group {
	var out []*Group
	for _, d := range j.Domains {
		for _, t := range d.Types {
			out = append(out, t.Groups...)
		}
	}
	return out
}

// Worst returns the heaviest group, of equally heavy ones the largest; nil where
// there is none.
func (j *Judgement) Worst() *Group {
	var worst *Group
	for _, g := range j.Groups() {
		if worst == nil || cmp.Or(cmp.Compare(g.Weight(), worst.Weight()), cmp.Compare(g.Sessions, worst.Sessions)) > 0 {
			worst = g
		}
	}
	return worst
}

// Heaviest returns the groups that weigh as much as the heaviest, the largest
// first.
func (j *Judgement) Heaviest() []*Group {
	weight := j.Worst().Weight()
	out := slices.DeleteFunc(j.Groups(), func(g *Group) bool { return g.Weight() != weight })
	slices.SortStableFunc(out, func(a, b *Group) int { return cmp.Compare(b.Sessions, a.Sessions) })
	return out
}

// Largest returns the sessions of the largest group.
func (j *Judgement) Largest() tlsrpt.Sessions {
	var most tlsrpt.Sessions
	for _, g := range j.Groups() {
		most = max(most, g.Sessions)
	}
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
			for _, g := range t.Groups {
				if g.Weight() >= tlsrpt.Action {
					n = n.Plus(g.Sessions)
				}
			}
			sum = sum.Plus(min(n, t.Failed))
		}
		all = all.Plus(min(sum, d.Overall.Failed))
	}
	return all
}

// Overlapping reports whether the groups add up to more sessions than failed, so that
// some are counted in several.
func (t *Policy) Overlapping() bool {
	var sum tlsrpt.Sessions
	for _, g := range t.Groups {
		sum = sum.Plus(g.Sessions)
	}
	return t.Failed > 0 && sum > t.Failed
}
