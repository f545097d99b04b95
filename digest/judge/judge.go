// Package judge turns facts into findings, verdicts and the probes that would confirm
// them. It is pure: no clock, no input or output, and no words. What a reader is told
// is said in package words.
package judge

import (
	"slices"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// Several reports whether the digest is about more than one domain.
func (j *Judgement) Several() bool { return len(j.Domains) > 1 }

// LastDay returns the newest day that a report that counts is about; 0 if none.
func (j *Judgement) LastDay() facts.Day {
	last := facts.Day(0)
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

// A Judgement is all that a digest says, before it is put into words.
type Judgement struct {
	Facts     *facts.Facts
	Verdict   Verdict
	First     facts.Day // of the days covered, by what the reports are about; where there are none, of the nominal period
	Last      facts.Day
	Domains   []*Domain // the worst first
	Overall   facts.Totals
	Before    Before // what was reported before the days covered
	Reporters []*facts.ReporterTally
	Stopped   []stoppedReporter
	Unread    []Unread // mailboxes and folders that could not be read
	Uncounted []*facts.UncountedReports
	History   *facts.History
	HeldDays  map[facts.Day]bool             // days with failures by which mail may have been held
	Answers   map[report.Probe]report.Answer // by probes just now
}

// Judge turns what was read into what is to be said. It is a pure function.
func Judge(m *facts.Facts, r Rules) *Judgement {
	j := &Judgement{Facts: m, History: facts.NewHistory(m.Days, m.Failures), Overall: m.Tally.Overall, HeldDays: map[facts.Day]bool{}}
	j.First, j.Last = m.CoveredDays()
	uncounted := m.Tally.Uncounted.Domains()
	domains, crowded := m.Domains, m.Tally.Domains[facts.OtherDomains] != nil
	if crowded {
		domains = append(slices.Clone(domains), facts.DomainName{Name: facts.OtherDomains})
	}
	for _, name := range domains {
		if crowded && !name.Exact && m.Tally.Domains[name.Name] == nil {
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
	j.Reporters = facts.SortedReporters(m.Tally.Reporters)
	j.Uncounted = m.Tally.Uncounted.Sorted()
	j.Unread = unreadOf(m, r.WarnAfter)
	j.Verdict = j.overallVerdict()
	if j.Verdict != VerdictBlind {
		j.Stopped = stoppedOf(m)
	}
	return j
}

// HasNews reports whether the fallback digest has something to say.
func (j *Judgement) HasNews() bool {
	return len(j.Facts.Tally.Reports) > 0 || len(j.Facts.Tally.Uncounted.Reports) > 0 || len(j.Facts.Rejected) > 0 || len(Blinding(j.Unread)) > 0
}

// Names returns the names of the domains.
func (j *Judgement) Names() []string {
	names := make([]string, 0, len(j.Domains))
	for _, d := range j.Domains {
		names = append(names, d.Name)
	}
	return names
}

// overallVerdict is the worst of the domains that were reported on; a domain
// without reports does not outweigh another that has some.
func (j *Judgement) overallVerdict() Verdict {
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
func (j *Judgement) findHeldDays() {
	modes := map[string]tlsrpt.Mode{}
	for _, d := range j.Domains {
		modes[d.Name] = d.Mode
		for _, t := range d.Types {
			for _, f := range t.Findings {
				if f.Weight() < tlsrpt.Action {
					continue
				}
				for on := range f.ByDay {
					j.HeldDays[on] = true
				}
			}
		}
	}
	for s, causes := range j.History.Failures {
		for c, seen := range causes {
			if fateOf(c, modes[s.Domain]).Weight() < tlsrpt.Action {
				continue
			}
			for on, n := range seen {
				j.HeldDays[on] = j.HeldDays[on] || n > 0
			}
		}
	}
}
