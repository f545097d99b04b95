package digest

import (
	"fmt"

	"tlsbrief/templates"
)

// spanDays returns the first and last day that the numbers are mainly about: the
// days asked for, or those whose reports came in time. A report for several days
// that is all there is says it for itself.
func (j *judgement) spanDays() (first, last day) {
	if s, ok := j.Facts.onlyStretch(); ok {
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

// coveredWords says for which days, within a sentence.
func coveredWords(j *judgement) string {
	first, last := j.spanDays()
	if _, ok := j.Facts.onlyStretch(); ok {
		return "between " + templates.ShortDay(first.time()) + " and " + templates.ShortDay(last.time())
	}
	s := "on " + daySpan(first, last)
	if first < last {
		s = "from " + daySpan(first, last)
	}
	s += spansWords(j)
	if n := len(j.lateDays()); n > 0 {
		s += fmt.Sprintf(", late reports for %s included", templates.Plural(int64(n), "other day"))
	}
	return s
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

// daySpan writes one or several UTC days.
func daySpan(first, last day) string {
	if first >= last {
		return templates.ShortDay(last.time())
	}
	return templates.ShortDay(first.time()) + " to " + templates.ShortDay(last.time())
}

// periodLong writes the days covered with their year.
func periodLong(j *judgement) string {
	first, last := j.spanDays()
	if first >= last {
		return templates.LongDay(last.time()) + " (UTC)"
	}
	return templates.LongDay(first.time()) + " to " + templates.LongDay(last.time()) + " (UTC)"
}
