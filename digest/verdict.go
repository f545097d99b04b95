package digest

import (
	"cmp"
	"slices"
	"time"

	"tlsbrief/tlsrpt"
)

// A Verdict is what a digest leads with (DESIGN 7).
type Verdict string

// The verdicts.
const (
	VerdictAction    Verdict = "action"    // verified failures by which mail was held, delayed or bounced
	VerdictAttention Verdict = "attention" // verified failures, but mail went through
	VerdictClear     Verdict = "clear"     // reports came, and none has a verified failure
	VerdictSilent    Verdict = "silent"    // the polls worked, and nothing arrived that counts
	VerdictBlind     Verdict = "blind"     // a mailbox could not be read, and nothing else is known
)

// rank orders verdicts, the worst first.
func (v Verdict) rank() int {
	return slices.Index([]Verdict{VerdictAction, VerdictAttention, VerdictBlind, VerdictSilent, VerdictClear}, v)
}

// A judgement is all that a digest says, before it is put into words.
type judgement struct {
	*material
	Verdict   Verdict
	First     day // of the days covered, by what the reports are about; where there are none, of the nominal period
	Last      day
	Domains   []*domainJudgement // the worst first
	Overall   totals
	Reporters []*reporterTally
	Stopped   []stoppedReporter
	Blind     []mailboxState // mailboxes that could not be read
	Uncounted []*uncountedReports
	History   *history
}

// A domainJudgement is what is said of one domain.
type domainJudgement struct {
	Name    string
	Verdict Verdict // never blind: a domain does not know of mailboxes
	Overall totals
	Reports int
	Types   []*typeJudgement
	Days    []coveredDay

	LastDay   day  // the newest day with a report that counts; 0 if never
	Stopped   bool // silent, though reports used to come on most days
	Uncounted bool // reports came, but none of them counts
	Exact     bool // asked for by name
}

// A coveredDay is one UTC day of one domain that a digest covers.
type coveredDay struct {
	Day day
	totals
	Reports int
	Late    bool // all of its reports arrived more than two days after it
}

// judge turns what was read into what is to be said. It is a pure function.
func judge(m *material) *judgement {
	j := &judgement{material: m, History: newHistory(m.Days, m.Failures), Overall: m.Tally.overall}
	j.First, j.Last = m.coveredDays()
	uncounted := m.Tally.uncounted.domains()
	for _, name := range m.Domains {
		d := judgeDomain(name, m, j.History, m.reachable())
		_, d.Uncounted = uncounted[name.Name]
		if d.tell() {
			j.Domains = append(j.Domains, d)
		}
	}
	slices.SortStableFunc(j.Domains, compareDomains)
	j.Reporters = sortedReporters(m.Tally.reporters)
	j.Uncounted = m.Tally.uncounted.sorted()
	j.Blind = m.blind()
	j.Verdict = j.overallVerdict()
	if j.Verdict != VerdictBlind {
		j.Stopped = stoppedReporters(m.ReporterDays, m.reachable())
	}
	return j
}

// overallVerdict is the worst of the domains that were reported on; a domain
// without reports does not outweigh another that has some.
func (j *judgement) overallVerdict() Verdict {
	v := VerdictSilent
	for _, d := range j.Domains {
		if d.Reports > 0 && (v == VerdictSilent || d.Verdict.rank() < v.rank()) {
			v = d.Verdict
		}
	}
	if v == VerdictSilent && len(j.Blind) > 0 {
		return VerdictBlind
	}
	return v
}

// judgeDomain judges one domain. by is the last day that reports could be here
// for.
func judgeDomain(name domainName, m *material, h *history, by day) *domainJudgement {
	d := &domainJudgement{Name: name.Name, Exact: name.Exact, Verdict: VerdictSilent, LastDay: h.lastDay[name.Name]}
	if _, stopped := stoppedAt(upToDay(h.days[name.Name], by), by); stopped {
		d.Stopped = true
	}
	t := m.Tally.domains[name.Name]
	if t == nil {
		return d
	}
	d.Overall, d.Reports = t.overall, len(t.reports)
	mode := t.mode
	if mode == "" {
		mode = m.Modes[name.Name]
	}
	d.Types = judgeTypes(name.Name, t, h, mode)
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
		d.Days = append(d.Days, coveredDay{on, covered.totals, len(covered.reports), !covered.onTime})
	}
	slices.SortFunc(d.Days, func(a, b coveredDay) int { return cmp.Compare(a.Day, b.Day) })
	if last := d.Days[len(d.Days)-1].Day; last > d.LastDay {
		d.LastDay = last
	}
	return d
}

// tell reports whether a domain has a place in the digest: it was asked for by
// name, or something that counts came for it of late. What only unverified
// reports speak of stands with those.
func (d *domainJudgement) tell() bool { return d.Exact || d.Reports > 0 || d.LastDay > 0 }

// compareDomains puts the worst first, then those with the most failures.
func compareDomains(a, b *domainJudgement) int {
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

// A mailboxState is what is known of reading one mailbox.
type mailboxState struct {
	Name     string
	Since    time.Time // since when it has not been read; zero: it never was
	LastGood time.Time // when it was last read; zero: never
	Error    string    // why, where that is known
}

// unreadFor is for how long a mailbox must have been unread to be told of where
// a digest was sent meanwhile that could not know.
const unreadFor = 24 * time.Hour

// blind returns the mailboxes that this digest cannot see into: polls of every
// folder fail and have done so for a day or since the last digest, or there was
// no poll that worked for as long.
func (m *material) blind() []mailboxState {
	if !m.Current {
		return nil
	}
	var out []mailboxState
	for _, b := range m.Mailboxes {
		quiet := b.LastGood.IsZero() || m.Now.Sub(b.LastGood) >= unreadFor ||
			(b.Error != "" && !m.LastRun.IsZero() && b.LastGood.Before(m.LastRun))
		failing := b.Error != "" && !b.Since.IsZero() && m.Now.Sub(b.Since) >= unreadFor
		if quiet || failing {
			out = append(out, b)
		}
	}
	return out
}
