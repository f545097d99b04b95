package digest

// spanDays returns the first and last day that the numbers are mainly about: the
// days asked for, or those whose reports came in time. A report for several days
// that is all there is says it for itself.
func (j *judgement) spanDays() (first, last day) {
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

// lateDays returns the days outside the span that late reports are about. What
// lies before days asked for belongs to a report that reaches into them.
func (j *judgement) lateDays() map[day]bool {
	first, last := j.spanDays()
	out := map[day]bool{}
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
	beforeLeast = 7
	beforeMost  = 31
)

// A before is what was reported in the days before those covered.
type before struct {
	totals
	Days    int  // how many days these are
	Known   bool // something was reported in them
	Earlier bool // nothing was, but before them
}

// compare fills in what was reported before the days covered, of every policy
// type and overall.
func (j *judgement) compare() {
	first, last := j.spanDays()
	n := min(max(int(last-first)+1, beforeLeast), beforeMost)
	for _, d := range j.Domains {
		for _, t := range d.Types {
			t.Before = beforeDays(j.History.byType[PolicyKey{d.Name, t.Type}], first, n)
		}
	}
	j.Before = beforeDays(j.History.overall, first, n)
}

// beforeDays adds up the n days before one.
func beforeDays(byDay map[day]totals, first day, n int) before {
	b := before{Days: n}
	for on, t := range byDay {
		switch {
		case on >= first:
		case on >= first-day(n):
			b.add(t.Successful, t.Failed)
			b.Known = true
		default:
			b.Earlier = true
		}
	}
	return b
}
