package digest

import (
	"fmt"

	"tlsbrief/templates"
)

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
			t.Before = beforeDays(j.History.byType[stream{d.Name, t.Type}], first, n)
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
