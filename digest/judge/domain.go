package judge

import (
	"cmp"
	"slices"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/tlsrpt"
)

// HeldByPolicy reports whether mail is kept out by the domain's MTA-STS policy.
func (d *Domain) HeldByPolicy() bool {
	return slices.ContainsFunc(d.Types, func(t *Policy) bool {
		return t.Type == tlsrpt.STS && slices.ContainsFunc(t.Findings, func(f *Finding) bool {
			return f.Weight() >= tlsrpt.Action && f.Mode == tlsrpt.ModeEnforce && !f.Contradicted
		})
	})
}

// A Domain is what is said of one domain.
type Domain struct {
	Name    string
	Verdict Verdict // never blind: a domain does not know of mailboxes
	Overall facts.Totals
	Reports int
	Types   []*Policy
	Days    []CoveredDay

	Mode     tlsrpt.Mode      // of the MTA-STS policy, as far as reports tell
	Disagree *facts.ModeTally // what reports quote that disagree about it; nil where they agree

	Readiness *Readiness // of the policy; nil where nothing is to be said of it

	LastDay   facts.Day // the newest day that a report that counts is about; 0 if never
	Stopped   bool      // silent, though reports used to come on most days
	Uncounted bool      // reports came, but none of them counts
	Exact     bool      // asked for by name
}

// A CoveredDay is one UTC day of one domain that a digest covers.
type CoveredDay struct {
	Day   facts.Day
	Until facts.Day // the last day of the longest report that begins on Day
	facts.Totals
	Reports int
	Late    bool // all of its reports arrived more than two days after it
}

// judgeDomain judges one domain.
func judgeDomain(name facts.DomainName, m *facts.Facts, h *facts.History, accept []Waiver) *Domain {
	d := &Domain{Name: name.Name, Exact: name.Exact, Verdict: VerdictSilent}
	mode := m.Modes[name.Name]
	d.LastDay = max(h.LastDay[name.Name], m.Reach[name.Name])
	days := h.Days[name.Name]
	if last := m.Reach[name.Name]; last > 0 {
		days = facts.Union(days, []facts.Day{last})
	}
	if _, stopped := stoppedAt(upToDay(days, m.Reachable()), m.Reachable()); stopped {
		d.Stopped = true
	}
	t := m.Tally.Domains[name.Name]
	if t == nil {
		return d
	}
	d.Overall, d.Reports = t.Overall, len(t.Reports)
	if quoted := t.Modes.Heaviest(); quoted != "" {
		mode = facts.KnownMode{Mode: quoted, From: facts.ModeElsewise}
	}
	d.Mode = mode.Mode
	if t.Modes.Disagree() {
		d.Disagree = &t.Modes
	}
	d.Types = judgeTypes(name.Name, t, h, mode, m.Witnesses, accept)
	d.Readiness = judgeReadiness(name.Name, d.Mode, m, h)
	d.Verdict = VerdictClear
	for _, kind := range d.Types {
		for _, f := range kind.Findings {
			if f.Weight() >= tlsrpt.Action {
				d.Verdict = VerdictAction
			} else if d.Verdict == VerdictClear {
				d.Verdict = VerdictAttention
			}
		}
	}
	for on, covered := range t.Days {
		d.Days = append(d.Days, CoveredDay{on, covered.Until, covered.Totals, len(covered.Reports), !covered.OnTime})
		d.LastDay = max(d.LastDay, covered.Until)
	}
	slices.SortFunc(d.Days, func(a, b CoveredDay) int { return cmp.Compare(a.Day, b.Day) })
	return d
}

// tell reports whether a domain has a place in the digest: it was asked for by
// name, or something that counts came for it of late. What only unverified
// reports speak of stands with those.
func (d *Domain) tell() bool { return d.Exact || d.Reports > 0 || d.LastDay > 0 }

// compareDomains puts the worst first, then those with the most failures.
func compareDomains(a, b *Domain) int {
	return cmp.Or(
		cmp.Compare(a.Verdict.rank(), b.Verdict.rank()),
		cmp.Compare(b.Overall.Failed, a.Overall.Failed),
		cmp.Compare(b.Overall.Successful, a.Overall.Successful),
		cmp.Compare(a.Name, b.Name),
	)
}

// upToDay returns the days, in order, up to and including last.
func upToDay(days []facts.Day, last facts.Day) []facts.Day {
	n, found := slices.BinarySearch(days, last)
	if found {
		n++
	}
	return days[:n]
}
