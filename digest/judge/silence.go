package judge

import (
	"cmp"
	"maps"
	"slices"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
)

// The rule by which a reporter counts as stopped. It says little of senders that
// mail seldom, and nothing of those: their silence means nothing.
const (
	stoppedMinDays  = 5  // days heard of in the last 60, at least
	stoppedInterval = 2  // usual days from one to the next, at most: "on most days"
	stoppedSilent   = 3  // usual intervals of silence
	stoppedSlack    = 1  // days that a report may take to arrive
	stoppedTellFor  = 14 // days for which it is told
)

// A stoppedReporter used to report on most days, and does no more.
type stoppedReporter struct {
	facts.Reporter
	Last facts.Day
}

// stoppedReporters returns who has gone silent by the given day, which is the
// last one that reports could be here for. The last to be heard comes first.
// reach says up to which day reports of several days of a reporter go.
func stoppedReporters(heard []report.ReporterDay, reach map[string]facts.Day, by facts.Day) []stoppedReporter {
	type record struct {
		facts.Reporter
		days []facts.Day
	}
	records := map[string]*record{}
	for i := range heard {
		who := facts.ReporterNamed(heard[i].Reporter, heard[i].Organization)
		r := records[who.Key()]
		if r == nil {
			r = &record{Reporter: who}
			records[who.Key()] = r
		}
		if on := facts.DayOf(heard[i].Day); on <= by {
			r.days = append(r.days, on)
		}
	}
	var out []stoppedReporter
	for key, r := range records {
		if last := reach[key]; last > 0 && last <= by {
			r.days = append(r.days, last)
		}
		slices.Sort(r.days)
		days := slices.Compact(r.days)
		if last, ok := stoppedAt(days, by); ok {
			out = append(out, stoppedReporter{r.Reporter, last})
		}
	}
	slices.SortFunc(out, func(a, b stoppedReporter) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Organization, b.Organization))
	})
	return out
}

// stoppedAt applies the rule to the days, in order, on which something was heard:
// at least five of them, every day or every other day as a rule, and then
// silence for three times that long and the day a report may take. What has been
// silent for two weeks longer is no news any more.
func stoppedAt(days []facts.Day, by facts.Day) (last facts.Day, stopped bool) {
	if len(days) < stoppedMinDays {
		return 0, false
	}
	gaps := make([]int, 0, len(days)-1)
	for i := 1; i < len(days); i++ {
		gaps = append(gaps, int(days[i]-days[i-1]))
	}
	slices.Sort(gaps)
	usual := gaps[len(gaps)/2]
	if usual > stoppedInterval {
		return 0, false
	}
	last = days[len(days)-1]
	silence, limit := int(by-last), stoppedSilent*usual+stoppedSlack
	return last, silence >= limit && silence <= limit+stoppedTellFor
}

// stoppedOf returns who has stopped reporting. Who reports by the week is heard of
// on its last day.
func stoppedOf(m *facts.Facts) []stoppedReporter {
	reach := maps.Clone(m.ReachBy)
	if reach == nil {
		reach = map[string]facts.Day{}
	}
	for key, r := range m.Tally.Reporters {
		reach[key] = max(reach[key], r.Until)
	}
	return stoppedReporters(m.ReporterDays, reach, m.Reachable())
}
