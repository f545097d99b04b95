package words

import (
	"fmt"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// coveredWords says for which days, within a sentence.
func coveredWords(j *judge.Judgement) string {
	first, last := j.SpanDays()
	if _, ok := j.Facts.OnlySpan(); ok {
		return "between " + templates.ShortDay(first.Time()) + " and " + templates.ShortDay(last.Time())
	}
	s := "on " + spanText(first, last)
	if first < last {
		s = "from " + spanText(first, last)
	}
	s += spansWords(j)
	if n := len(j.LateDays()); n > 0 {
		s += fmt.Sprintf(", late reports for %s included", templates.Plural(int64(n), "other day"))
	}
	return s
}

// shortSpan writes days as "22 Nov" or "15 to 21 Nov".
func shortSpan(first, last facts.Day) string {
	a, b := first.Time(), last.Time()
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
func spanText(first, last facts.Day) string {
	if first >= last {
		return templates.ShortDay(last.Time())
	}
	return templates.ShortDay(first.Time()) + " to " + templates.ShortDay(last.Time())
}

// periodLong writes the days covered with their year.
func periodLong(j *judge.Judgement) string {
	first, last := j.SpanDays()
	if first >= last {
		return templates.LongDay(last.Time()) + " (UTC)"
	}
	return templates.LongDay(first.Time()) + " to " + templates.LongDay(last.Time()) + " (UTC)"
}

// spansWords says how much of what is counted stands in reports of several
// days, as the end of a phrase; nothing where none does.
func spansWords(j *judge.Judgement) string {
	var n tlsrpt.Sessions
	first, last := facts.Day(0), facts.Day(0)
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
func beforeWords(b judge.Before) string {
	switch {
	case b.Known && b.Sessions() == 0:
		return fmt.Sprintf("the %d days before: no session", b.Days)
	case b.Known && b.Failed == 0:
		return fmt.Sprintf("the %d days before: %s, none failed", b.Days, templates.Plural(int64(b.Sessions()), "session"))
	case b.Known:
		return fmt.Sprintf("the %d days before: %s, %s failed (%s)", b.Days, templates.Plural(int64(b.Sessions()), "session"),
			templates.Count(int64(b.Failed)), templates.Percent(int64(b.Failed), int64(b.Sessions())))
	case b.Earlier:
		return fmt.Sprintf("the %d days before: nothing reported", b.Days)
	}
	return ""
}

// trendSentence says how a week or a month compares with the one before: what those who
// read by the week want to know first.
func trendSentence(j *judge.Judgement) string {
	if first, last := j.SpanDays(); last-first+1 < judge.BeforeLeast || !j.Before.Known {
		return ""
	}
	b := j.Before
	return fmt.Sprintf("In the %d days before, %s of %s failed (%s).", b.Days, templates.Count(int64(b.Failed)),
		templates.Plural(int64(b.Sessions()), "delivery attempt"), templates.Percent(int64(b.Failed), int64(b.Sessions())))
}
