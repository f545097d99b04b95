package judge

import (
	"tlsbrief/digest/facts"
)

// SpanDays returns the first and last day that the numbers are mainly about: the
// days asked for, or those whose reports came in time. A report for several days
// that is all there is says it for itself.
func (j *Judgement) SpanDays() (first, last facts.Day) {
	if s, ok := j.Facts.OnlySpan(); ok {
		return s.First, s.Last
	}
	if j.Facts.ByDays {
		return j.First, j.Last
	}
	found := false
	for _, d := range j.Domains {
		for _, c := range d.Days {
			if c.Late {
				continue
			}
			if !found || c.Day < first {
				first = c.Day
			}
			if !found || c.Until > last {
				last = c.Until
			}
			found = true
		}
	}
	if !found {
		return j.First, j.Last
	}
	return first, last
}

// LateDays returns the days outside the span that late reports are about. What
// lies before days asked for belongs to a report that reaches into them.
func (j *Judgement) LateDays() map[facts.Day]bool {
	first, last := j.SpanDays()
	out := map[facts.Day]bool{}
	for _, d := range j.Domains {
		for _, c := range d.Days {
			if !j.Facts.ByDays && (c.Day < first || c.Day > last) {
				out[c.Day] = true
			}
		}
	}
	return out
}

// The period before, with which the figures are compared: as long as the days
// covered, and a week at least, since few days say little and mail has its weekly
// rhythm. At most a month, which the history has.
const (
	BeforeLeast = 7
	beforeMost  = 31
)

// A Before is what was reported in the days before those covered.
type Before struct {
	facts.Totals
	Days    int  // how many days these are
	Known   bool // something was reported in them
	Earlier bool // nothing was, but before them
}

// compare fills in what was reported before the days covered, of every policy
// type and overall.
func (j *Judgement) compare() {
	first, last := j.SpanDays()
	n := min(max(int(last-first)+1, BeforeLeast), beforeMost)
	for _, d := range j.Domains {
		for _, t := range d.Types {
			t.Before = BeforeDays(j.History.ByType[facts.PolicyKey{Domain: d.Name, Type: t.Type}], first, n)
		}
	}
	j.Before = BeforeDays(j.History.Overall, first, n)
}

// BeforeDays adds up the n days before one.
func BeforeDays(byDay map[facts.Day]facts.Totals, first facts.Day, n int) Before {
	b := Before{Days: n}
	for on, t := range byDay {
		switch {
		case on >= first:
		case on >= first-facts.Day(n):
			b.Add(t.Successful, t.Failed)
			b.Known = true
		default:
			b.Earlier = true
		}
	}
	return b
}
