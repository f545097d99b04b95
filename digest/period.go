package digest

import (
	"tlsbrief/templates"
)

// spanDays returns the first and last day that the numbers are mainly about: the
// days asked for, or those whose reports came in time.
func (j *judgement) spanDays() (first, last day) {
	if j.ByDays {
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
			if !found || c.Day > last {
				last = c.Day
			}
			found = true
		}
	}
	if !found {
		return j.First, j.Last
	}
	return first, last
}

// lateDays returns how many covered days lie outside the span.
func (j *judgement) lateDays() map[day]bool {
	first, last := j.spanDays()
	out := map[day]bool{}
	for _, d := range j.Domains {
		for _, c := range d.Days {
			if c.Day < first || c.Day > last {
				out[c.Day] = true
			}
		}
	}
	return out
}

// shortSpan writes days as "22 Nov" or "15 to 21 Nov".
func shortSpan(first, last day) string {
	a, b := first.time(), last.time()
	switch {
	case first >= last:
		return b.Format("2 Jan")
	case a.Month() == b.Month() && a.Year() == b.Year():
		return a.Format("2") + " to " + b.Format("2 Jan")
	default:
		return a.Format("2 Jan") + " to " + b.Format("2 Jan")
	}
}

// periodLong writes the days covered with their year.
func periodLong(j *judgement) string {
	first, last := j.spanDays()
	if first >= last {
		return templates.LongDay(last.time()) + " (UTC)"
	}
	return templates.LongDay(first.time()) + " to " + templates.LongDay(last.time()) + " (UTC)"
}
