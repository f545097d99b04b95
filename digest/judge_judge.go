package digest

import (
	"slices"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// several reports whether the digest is about more than one domain.
func (j *judgement) several() bool { return len(j.Domains) > 1 }

// lastDay returns the newest day that a report that counts is about; 0 if none.
func (j *judgement) lastDay() day {
	last := day(0)
	for _, d := range j.Domains {
		last = max(last, d.LastDay)
	}
	return last
}

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

// Rules are what the owner has decided on judging.
type Rules struct {
	Waivers   []Waiver      // failures that are known and put up with
	WarnAfter time.Duration // for how long a mailbox must have been unread for a digest to be blind; 0: a day
}

// A judgement is all that a digest says, before it is put into words.
type judgement struct {
	Facts     *Facts
	Verdict   Verdict
	First     day // of the days covered, by what the reports are about; where there are none, of the nominal period
	Last      day
	Domains   []*Domain // the worst first
	Overall   totals
	Before    before // what was reported before the days covered
	Reporters []*reporterTally
	Stopped   []stoppedReporter
	Unread    []Unread // mailboxes and folders that could not be read
	Uncounted []*uncountedReports
	History   *history
	Held      map[day]bool     // days with failures by which mail may have been held
	Answers   map[Probe]Answer // by a look just now
}

// judge turns what was read into what is to be said. It is a pure function.
func judge(m *Facts, r Rules) *judgement {
	j := &judgement{Facts: m, History: newHistory(m.Days, m.Failures), Overall: m.Tally.overall, Held: map[day]bool{}}
	j.First, j.Last = m.coveredDays()
	uncounted := m.Tally.uncounted.domains()
	domains, crowded := m.Domains, m.Tally.domains[otherDomains] != nil
	if crowded {
		domains = append(slices.Clone(domains), domainName{Name: otherDomains})
	}
	for _, name := range domains {
		if crowded && !name.Exact && m.Tally.domains[name.Name] == nil {
			continue // it may be among the others
		}
		d := judgeDomain(name, m, j.History, r.Waivers)
		_, d.Uncounted = uncounted[name.Name]
		if d.tell() {
			j.Domains = append(j.Domains, d)
		}
	}
	slices.SortStableFunc(j.Domains, compareDomains)
	j.compare()
	j.findHeldDays()
	j.Reporters = sortedReporters(m.Tally.reporters)
	j.Uncounted = m.Tally.uncounted.sorted()
	j.Unread = unreadOf(m, r.WarnAfter)
	j.Verdict = j.overallVerdict()
	if j.Verdict != VerdictBlind {
		j.Stopped = stoppedOf(m)
	}
	return j
}

// hasNews reports whether the fallback digest has something to say.
func (j *judgement) hasNews() bool {
	return len(j.Facts.Tally.reports) > 0 || len(j.Facts.Tally.uncounted.reports) > 0 || len(j.Facts.Rejected) > 0 || len(Blinding(j.Unread)) > 0
}

// names returns the names of the domains.
func (j *judgement) names() []string {
	names := make([]string, 0, len(j.Domains))
	for _, d := range j.Domains {
		names = append(names, d.Name)
	}
	return names
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
	if v == VerdictSilent && len(Blinding(j.Unread)) > 0 {
		return VerdictBlind
	}
	return v
}

// findHeldDays notes the days on which mail may have been held: by the failures
// recorded, judged under the policy as it is known now.
func (j *judgement) findHeldDays() {
	modes := map[string]tlsrpt.Mode{}
	for _, d := range j.Domains {
		modes[d.Name] = d.Mode
		for _, t := range d.Types {
			for _, f := range t.Findings {
				if f.weight() < tlsrpt.Action {
					continue
				}
				for on := range f.ByDay {
					j.Held[on] = true
				}
			}
		}
	}
	for s, causes := range j.History.failures {
		for c, seen := range causes {
			if fateOf(c, modes[s.Domain]).Weight() < tlsrpt.Action {
				continue
			}
			for on, n := range seen {
				j.Held[on] = j.Held[on] || n > 0
			}
		}
	}
}
