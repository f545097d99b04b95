package digest

import (
	"fmt"

	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// coveredWords says for which days, within a sentence.
func coveredWords(j *judgement) string {
	first, last := j.spanDays()
	if _, ok := j.Facts.OnlySpan(); ok {
		return "between " + templates.ShortDay(first.time()) + " and " + templates.ShortDay(last.time())
	}
	s := "on " + spanText(first, last)
	if first < last {
		s = "from " + spanText(first, last)
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

// spanText writes one or several UTC days.
func spanText(first, last day) string {
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

// spansWords says how much of what is counted stands in reports of several
// days, as the end of a phrase; nothing where none does.
func spansWords(j *judgement) string {
	var n tlsrpt.Sessions
	first, last := day(0), day(0)
	for s, k := range j.Facts.Tally.Spans {
		if n = n.Plus(k); first == 0 || s.First < first {
			first = s.First
		}
		last = max(last, s.Last)
	}
	if len(j.Facts.Tally.Spans) == 0 || first == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s in reports for several days, %s)", templates.Count(int64(n)), spanText(first, last))
}

// beforeWords says what was reported before, as a clause; nothing where nothing was
// ever.
func beforeWords(b before) string {
	switch {
	case b.Known && b.sessions() == 0:
		return fmt.Sprintf("the %d days before: no session", b.Days)
	case b.Known && b.Failed == 0:
		return fmt.Sprintf("the %d days before: %s, none failed", b.Days, templates.Plural(int64(b.sessions()), "session"))
	case b.Known:
		return fmt.Sprintf("the %d days before: %s, %s failed (%s)", b.Days, templates.Plural(int64(b.sessions()), "session"),
			templates.Count(int64(b.Failed)), templates.Percent(int64(b.Failed), int64(b.sessions())))
	case b.Earlier:
		return fmt.Sprintf("the %d days before: nothing reported", b.Days)
	}
	return ""
}

// trendSentence says how a week or a month compares with the one before: what those who
// read by the week want to know first.
func trendSentence(j *judgement) string {
	if first, last := j.spanDays(); last-first+1 < beforeLeast || !j.Before.Known {
		return ""
	}
	b := j.Before
	return fmt.Sprintf("In the %d days before, %s of %s failed (%s).", b.Days, templates.Count(int64(b.Failed)),
		templates.Plural(int64(b.sessions()), "delivery attempt"), templates.Percent(int64(b.Failed), int64(b.sessions())))
}
