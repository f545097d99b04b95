package digest

import (
	"cmp"
	"slices"

	"tlsbrief/internal/tlsrpt"
)

// heldByPolicy reports whether mail is kept out by the domain's MTA-STS policy.
func (d *Domain) heldByPolicy() bool {
	return slices.ContainsFunc(d.Types, func(t *Policy) bool {
		return t.Type == tlsrpt.STS && slices.ContainsFunc(t.Findings, func(f *finding) bool {
			return f.weight() >= tlsrpt.Action && f.Mode == tlsrpt.ModeEnforce && !f.Contradicted
		})
	})
}

// A Domain is what is said of one domain.
type Domain struct {
	Name    string
	Verdict Verdict // never blind: a domain does not know of mailboxes
	Overall totals
	Reports int
	Types   []*Policy
	Days    []coveredDay

	Mode     tlsrpt.Mode // of the MTA-STS policy, as far as reports tell
	Disagree *modeTally  // what reports quote that disagree about it; nil where they agree

	Readiness *readiness // of the policy; nil where nothing is to be said of it

	LastDay   day  // the newest day that a report that counts is about; 0 if never
	Stopped   bool // silent, though reports used to come on most days
	Uncounted bool // reports came, but none of them counts
	Exact     bool // asked for by name
}

// A coveredDay is one UTC day of one domain that a digest covers.
type coveredDay struct {
	Day   day
	Until day // the last day of the longest report that begins on Day
	totals
	Reports int
	Late    bool // all of its reports arrived more than two days after it
}

// judgeDomain judges one domain.
func judgeDomain(name domainName, m *Facts, h *history, accept []Waiver) *Domain {
	d := &Domain{Name: name.Name, Exact: name.Exact, Verdict: VerdictSilent}
	mode := m.Modes[name.Name]
	d.LastDay = max(h.lastDay[name.Name], m.Reach[name.Name])
	days := h.days[name.Name]
	if last := m.Reach[name.Name]; last > 0 {
		days = union(days, []day{last})
	}
	if _, stopped := stoppedAt(upToDay(days, m.reachable()), m.reachable()); stopped {
		d.Stopped = true
	}
	t := m.Tally.domains[name.Name]
	if t == nil {
		return d
	}
	d.Overall, d.Reports = t.overall, len(t.reports)
	if quoted := t.modes.heaviest(); quoted != "" {
		mode = knownMode{quoted, modeElsewise}
	}
	d.Mode = mode.Mode
	if t.modes.disagree() {
		d.Disagree = &t.modes
	}
	d.Types = judgeTypes(name.Name, t, h, mode, m.Witnesses, accept)
	d.Readiness = judgeReadiness(name.Name, d.Mode, m, h)
	d.Verdict = VerdictClear
	for _, kind := range d.Types {
		for _, f := range kind.Findings {
			if f.weight() >= tlsrpt.Action {
				d.Verdict = VerdictAction
			} else if d.Verdict == VerdictClear {
				d.Verdict = VerdictAttention
			}
		}
	}
	for on, covered := range t.days {
		d.Days = append(d.Days, coveredDay{on, covered.until, covered.totals, len(covered.reports), !covered.onTime})
		d.LastDay = max(d.LastDay, covered.until)
	}
	slices.SortFunc(d.Days, func(a, b coveredDay) int { return cmp.Compare(a.Day, b.Day) })
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
func upToDay(days []day, last day) []day {
	n, found := slices.BinarySearch(days, last)
	if found {
		n++
	}
	return days[:n]
}
