package digest

import (
	"cmp"
	"slices"

	"tlsbrief/internal/tlsrpt"
)

// sumOf adds up the sessions of a group, which may overlap.
func sumOf(group []*finding) tlsrpt.Sessions {
	var sum tlsrpt.Sessions
	for _, g := range group {
		sum = sum.Plus(g.Sessions)
	}
	return sum
}

// reportersOf returns who saw a group of findings, most sessions first.
func reportersOf(group []*finding) []*reporterTally {
	all := map[string]*reporterTally{}
	for _, g := range group {
		for _, r := range g.Reporters {
			addReporter(all, r)
		}
	}
	return sortedReporters(all)
}

// grouped joins findings that differ in nothing but the MX host: the same cause
// with the same advice is one block.
func grouped(findings []*finding) [][]*finding {
	type key struct {
		result tlsrpt.ResultType
		title  string
		fate   tlsrpt.Fate
		mode   tlsrpt.Mode
		from   modeSource
		state  State
		denied bool
	}
	at := map[key]int{}
	var out [][]*finding
	for _, f := range findings {
		k := key{f.Result, f.meaning().Title, f.Fate, f.Mode, f.ModeFrom, f.State, f.Contradicted}
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

// eachGroup calls fn for every group of findings, domain by domain.
func (j *judgement) eachGroup(fn func(t *Policy, group []*finding)) {
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, g := range grouped(t.Findings) {
				fn(t, g)
			}
		}
	}
}

// groupSessions adds up the sessions of a group, held to what the totals allow.
func groupSessions(t *Policy, group []*finding) (sum tlsrpt.Sessions, upTo bool) {
	for _, g := range group {
		sum, upTo = sum.Plus(g.Sessions), upTo || g.Bound
	}
	if most := t.Results[group[0].Result]; sum > most {
		return most, true
	}
	return sum, upTo
}

// hostsOf returns the MX hosts of a group that are named and told apart.
func hostsOf(group []*finding) []string {
	hosts := make([]string, 0, len(group))
	for _, g := range group {
		if g.MX != "" && !g.others() {
			hosts = append(hosts, g.MX)
		}
	}
	return hosts
}

// A Group is findings that differ in nothing but the MX host, with their sessions.
type Group struct {
	findings []*finding
	sessions tlsrpt.Sessions
	bound    bool
}

// worst returns the findings of the heaviest cause, of equally heavy ones the
// largest.
func (j *judgement) worst() Group {
	var worst Group
	j.eachGroup(func(t *Policy, g []*finding) {
		n, upTo := groupSessions(t, g)
		if worst.findings == nil || g[0].weight() > worst.findings[0].weight() ||
			g[0].weight() == worst.findings[0].weight() && n > worst.sessions {
			worst = Group{g, n, upTo}
		}
	})
	return worst
}

// heaviest returns the groups that weigh as much as the heaviest, the largest
// first.
func (j *judgement) heaviest() []Group {
	var out []Group
	weight := j.worst().findings[0].weight()
	j.eachGroup(func(t *Policy, g []*finding) {
		if g[0].weight() == weight {
			n, upTo := groupSessions(t, g)
			out = append(out, Group{g, n, upTo})
		}
	})
	slices.SortStableFunc(out, func(a, b Group) int { return cmp.Compare(b.sessions, a.sessions) })
	return out
}

// largest returns the sessions of the largest cause.
func (j *judgement) largest() tlsrpt.Sessions {
	var most tlsrpt.Sessions
	j.eachGroup(func(t *Policy, g []*finding) {
		n, _ := groupSessions(t, g)
		most = max(most, n)
	})
	return most
}

// held returns of how many failed sessions the mail may have been held back, at
// most: details overlap (R14), and so do policy types (Q31).
func (j *judgement) held() tlsrpt.Sessions {
	var all tlsrpt.Sessions
	for _, d := range j.Domains {
		var sum tlsrpt.Sessions
		for _, t := range d.Types {
			var n tlsrpt.Sessions
			for _, g := range grouped(t.Findings) {
				if k, _ := groupSessions(t, g); g[0].weight() >= tlsrpt.Action {
					n = n.Plus(k)
				}
			}
			sum = sum.Plus(min(n, t.Failed))
		}
		all = all.Plus(min(sum, d.Overall.Failed))
	}
	return all
}

// overlapping reports whether the groups of a policy type add up to more sessions
// than failed, so that some are counted in several.
func overlapping(t *Policy) bool {
	var sum tlsrpt.Sessions
	for _, g := range grouped(t.Findings) {
		n, _ := groupSessions(t, g)
		sum = sum.Plus(n)
	}
	return t.Failed > 0 && sum > t.Failed
}
