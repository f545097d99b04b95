package digest

import (
	"slices"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// historyDays is how far back causes and reporters are looked for.
const historyDays = 60

// backWithin is within how many days with reports a cause must have been seen
// before to count as back, rather than new.
const backWithin = 14

// A State says how a finding stands to the days before.
type State string

// The states of a finding.
const (
	StateNew      State = "new"      // not seen in the 14 days with reports before
	StateOngoing  State = "ongoing"  // an earlier digest could have named it, and no clean day lies between
	StateBack     State = "back"     // seen before, with at least one clean day between
	StateResolved State = "resolved" // seen on the day before those covered, and on none of them
)

// A stream is one policy type of one domain: what a day can be clean of.
type stream struct {
	Domain string
	Type   tlsrpt.PolicyType
}

// history is what is recorded about the days before and those covered, by report
// day, of the reports that count.
type history struct {
	sessions map[stream]daily           // what was reported, to know clean days from silent ones
	failures map[stream]map[cause]daily // what failed
	byType   map[stream]map[day]totals  // the same with what failed
	overall  map[day]totals             // of all domains, overlaps left out
	types    map[tlsrpt.PolicyType]map[day]totals
	denied   map[day]bool     // days with failures in details of which the totals count none
	lastDay  map[string]day   // the newest day with a report, by domain
	days     map[string][]day // the days with a report, by domain, in order
}

// newHistory arranges what the database has. Failures that no detail explains
// become a cause with an empty result, as in [causesOf].
func newHistory(totalsByDay []report.DayTotal, failures []report.FailureDay) *history {
	h := &history{
		sessions: map[stream]daily{},
		failures: map[stream]map[cause]daily{},
		byType:   map[stream]map[day]totals{},
		overall:  map[day]totals{},
		types:    map[tlsrpt.PolicyType]map[day]totals{},
		denied:   map[day]bool{},
		lastDay:  map[string]day{},
		days:     map[string][]day{},
	}
	failed := map[stream]daily{}
	for i := range totalsByDay {
		t := &totalsByDay[i]
		if s := (stream{t.Domain, t.Type}); failed[s] == nil {
			failed[s] = daily{}
		}
		failed[stream{t.Domain, t.Type}].add(dayOf(t.Day), t.Failed)
	}
	explained := map[stream]daily{}
	for _, named := range []bool{true, false} { // what the named leave is for the others
		for i := range failures {
			f := &failures[i]
			if (f.ResultType != "") != named {
				continue
			}
			s, on, n := stream{f.Domain, f.Type}, dayOf(f.Day), f.Sessions
			if total := failed[s][on]; !named && total > 0 && explained[s][on] > 0 {
				n = min(n, total-min(total, explained[s][on]))
			}
			if explained[s] == nil {
				explained[s] = daily{}
			}
			explained[s].add(on, n)
			if n > 0 || f.Sessions == 0 {
				h.failure(s, cause{f.Type, f.ResultType, f.MX}).add(on, n)
			}
		}
	}
	for i := range totalsByDay {
		t := &totalsByDay[i]
		s, on := stream{t.Domain, t.Type}, dayOf(t.Day)
		if h.sessions[s] == nil {
			h.sessions[s] = daily{}
		}
		h.sessions[s].add(on, t.Successful.Plus(t.Failed))
		addTotals(h.byType, s, on, t)
		addTotals(h.types, pictureType(t.Type), on, t)
		h.denied[on] = h.denied[on] || t.Failed == 0 && explained[s][on] > 0
		if rest := t.Failed - min(t.Failed, explained[s][on]); rest > 0 {
			h.failure(s, cause{Type: t.Type}).add(on, rest)
		}
		o := h.overall[on]
		successful := t.Successful - min(t.Successful, t.Overlap-min(t.Overlap, t.OverlapFailed))
		o.add(successful, t.Failed-min(t.Failed, t.OverlapFailed))
		h.overall[on] = o
		h.days[t.Domain] = append(h.days[t.Domain], on)
	}
	for domain, days := range h.days {
		days = union(days)
		h.days[domain], h.lastDay[domain] = days, days[len(days)-1]
	}
	return h
}

// addTotals adds the totals of a day under a key.
func addTotals[K comparable](sums map[K]map[day]totals, key K, on day, t *report.DayTotal) {
	if sums[key] == nil {
		sums[key] = map[day]totals{}
	}
	sum := sums[key][on]
	sum.add(t.Successful, t.Failed)
	sums[key][on] = sum
}

// failure returns the days of a cause, new where there are none yet.
func (h *history) failure(s stream, c cause) daily {
	if h.failures[s] == nil {
		h.failures[s] = map[cause]daily{}
	}
	if h.failures[s][c] == nil {
		h.failures[s][c] = daily{}
	}
	return h.failures[s][c]
}

// standing is where a finding comes from.
type standing struct {
	State State
	First day // of the days in a row with it, days without any report left out
	Last  day
	Days  int // how many these are
	Gap   int // of what is back: the days between, from when it was last seen
}

// standingOf finds out since when a cause that this digest covers exists. seen
// has the sessions of the cause on every recorded day, news what this digest
// covers of them, reported the days with sessions of its stream.
//
// It walks back from the last day of the news over days with reports until a
// clean one. Where a report that this digest does not cover told of the cause
// on one of those days it is ongoing. Else, where it was seen within the 14
// days with reports before them, it is back; else it is new.
func standingOf(reported, seen, news daily) standing {
	covered := news.days()
	if len(covered) == 0 {
		return standing{}
	}
	all := union(reported.days(), seen.days(), covered)
	last := covered[len(covered)-1]
	at, _ := slices.BinarySearch(all, last)
	isSeen := func(d day) bool { return seen[d] > 0 || hasDay(news, d) }

	out := standing{State: StateNew, First: last, Last: last}
	i := at
	for ; i >= 0 && isSeen(all[i]); i-- {
		out.First = all[i]
		out.Days++
		if seen[all[i]] > news[all[i]] {
			out.State = StateOngoing
		}
	}
	if out.State == StateOngoing {
		return out
	}
	for n := 0; i >= 0 && n < backWithin; i, n = i-1, n+1 {
		if seen[all[i]] > news[all[i]] {
			out.State, out.Gap = StateBack, int(out.First-all[i])-1
			return out
		}
	}
	out.First = covered[0] // nobody has been told of any of its days
	return out
}

// seenElsewhere returns the days of seen on which a cause can have been told of
// by what a digest does not cover. Where too many were reported to tell all
// apart, the counts of one day do not compare.
func seenElsewhere(seen, news daily, crowded bool) daily {
	if !crowded {
		return seen
	}
	out := daily{}
	for d, n := range seen {
		if !hasDay(news, d) {
			out[d] = n
		}
	}
	return out
}

// among reports whether a cause that is not told apart may be among the current
// ones, or one of those among what it stands for.
func among(c cause, current map[cause]*causeTally) bool {
	if !c.others() {
		return current[c.other()] != nil
	}
	for other := range current {
		if other.other() == c {
			return true
		}
	}
	return false
}

// resolved returns the causes of a stream that were seen on the last day with
// reports before the days that are covered, and on none since. covered has the
// stream's sessions that this digest covers, current the causes in them.
//
// The covered days are counted back from the newest without a gap, so that a
// late report of long ago does not move the day that is compared with.
func (h *history) resolved(s stream, covered daily, current map[cause]*causeTally) map[cause]standing {
	reported := withSessions(h.sessions[s])
	fresh := withSessions(covered).days()
	if len(fresh) == 0 {
		return nil
	}
	all := union(reported.days(), fresh)
	i, _ := slices.BinarySearch(all, fresh[len(fresh)-1])
	for ; i >= 0 && covered[all[i]] > 0 && h.sessions[s][all[i]] <= covered[all[i]]; i-- {
	}
	if i < 0 {
		return nil
	}
	before := all[i]
	if before == fresh[len(fresh)-1] {
		return nil // only late reports of a day that an earlier digest spoke of
	}
	out := map[cause]standing{}
	for c, seen := range h.failures[s] {
		if seen[before] == 0 || current[c] != nil || among(c, current) || seenAfter(seen, before) {
			continue
		}
		st := standingOf(reported, upTo(seen, before), daily{before: 0})
		out[c] = standing{State: StateResolved, First: st.First, Last: before}
	}
	return out
}

// seenAfter reports whether there are sessions after one day.
func seenAfter(m daily, after day) bool {
	for d, n := range m {
		if d > after && n > 0 {
			return true
		}
	}
	return false
}

// upTo returns the days of m up to and including last.
func upTo(m daily, last day) daily {
	out := daily{}
	for d, n := range m {
		if d <= last {
			out[d] = n
		}
	}
	return out
}

// withSessions returns the days of m that have any.
func withSessions(m daily) daily {
	out := daily{}
	for d, n := range m {
		if n > 0 {
			out[d] = n
		}
	}
	return out
}

// hasDay reports whether m speaks of a day, be it with a count of 0.
func hasDay(m daily, d day) bool { _, ok := m[d]; return ok }

// union returns the days that are in any of the lists, in order.
func union(lists ...[]day) []day {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
