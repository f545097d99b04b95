package facts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// history reads the days before, for the picture, the states of findings and
// who has stopped reporting.
func (r *reader) history(ctx context.Context) error {
	last := r.f.lastRead()
	from, to := (last - HistoryDays).Time(), (last + 1).Time()
	// Side by side: of many domains each takes a while, and none needs another.
	var reads sync.WaitGroup
	var errs [3]error
	reads.Go(func() {
		if r.f.Days, errs[0] = r.store.DayTotals(ctx, r.names, from, to); errs[0] != nil {
			errs[0] = fmt.Errorf("reading the totals of past days: %w", errs[0])
		}
	})
	reads.Go(func() {
		if r.f.Failures, errs[1] = r.store.FailureDays(ctx, r.names, from, to); errs[1] != nil {
			errs[1] = fmt.Errorf("reading the failures of past days: %w", errs[1])
		}
	})
	reads.Go(func() {
		if r.f.ReporterDays, errs[2] = r.store.ReporterDays(ctx, r.names, from, to); errs[2] != nil {
			errs[2] = fmt.Errorf("reading who reported on past days: %w", errs[2])
		}
	})
	reads.Wait()
	return errors.Join(errs[:]...)
}

// HistoryDays is how far back causes and reporters are looked for.
const HistoryDays = 60

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

// A PolicyKey is one policy type of one domain: what a day can be clean of.
type PolicyKey struct {
	Domain string
	Type   tlsrpt.PolicyType
}

// History is what is recorded about the days before and those covered, by report
// day, of the reports that count.
type History struct {
	Sessions     map[PolicyKey]Daily           // what was reported, to know clean days from silent ones
	Failures     map[PolicyKey]map[Cause]Daily // what failed
	ByType       map[PolicyKey]map[Day]Totals  // the same with what failed
	Overall      map[Day]Totals                // of all domains, overlaps left out
	Types        map[tlsrpt.PolicyType]map[Day]Totals
	Contradicted map[Day]bool     // days with failures in details of which the totals count none
	LastDay      map[string]Day   // the newest day with a report, by domain
	Days         map[string][]Day // the days with a report, by domain, in order
}

// NewHistory arranges what the database has. Failures that no detail explains
// become a cause with an empty result, as in [causesOf].
func NewHistory(totalsByDay []report.DayTotal, failures []report.FailureDay) *History {
	h := &History{
		Sessions:     map[PolicyKey]Daily{},
		Failures:     map[PolicyKey]map[Cause]Daily{},
		ByType:       map[PolicyKey]map[Day]Totals{},
		Overall:      map[Day]Totals{},
		Types:        map[tlsrpt.PolicyType]map[Day]Totals{},
		Contradicted: map[Day]bool{},
		LastDay:      map[string]Day{},
		Days:         map[string][]Day{},
	}
	failed := map[PolicyKey]Daily{}
	for i := range totalsByDay {
		t := &totalsByDay[i]
		if s := (PolicyKey{t.Domain, t.Type}); failed[s] == nil {
			failed[s] = Daily{}
		}
		failed[PolicyKey{t.Domain, t.Type}].Add(DayOf(t.Day), t.Failed)
	}
	explained := map[PolicyKey]Daily{}
	for _, named := range []bool{true, false} { // what the named leave is for the others
		for i := range failures {
			f := &failures[i]
			if (f.ResultType != "") != named {
				continue
			}
			s, on, n := PolicyKey{f.Domain, f.Type}, DayOf(f.Day), f.Sessions
			if total := failed[s][on]; !named && total > 0 && explained[s][on] > 0 {
				n = min(n, total-min(total, explained[s][on]))
			}
			if explained[s] == nil {
				explained[s] = Daily{}
			}
			explained[s].Add(on, n)
			if n > 0 || f.Sessions == 0 {
				h.failure(s, Cause{f.Type, f.ResultType, f.MX}).Add(on, n)
			}
		}
	}
	for i := range totalsByDay {
		t := &totalsByDay[i]
		s, on := PolicyKey{t.Domain, t.Type}, DayOf(t.Day)
		if h.Sessions[s] == nil {
			h.Sessions[s] = Daily{}
		}
		h.Sessions[s].Add(on, t.Successful.Plus(t.Failed))
		addTotals(h.ByType, s, on, t)
		addTotals(h.Types, pictureType(t.Type), on, t)
		h.Contradicted[on] = h.Contradicted[on] || t.Failed == 0 && explained[s][on] > 0
		if rest := t.Failed - min(t.Failed, explained[s][on]); rest > 0 {
			h.failure(s, Cause{Type: t.Type}).Add(on, rest)
		}
		o := h.Overall[on]
		successful := t.Successful - min(t.Successful, t.Overlap-min(t.Overlap, t.OverlapFailed))
		o.Add(successful, t.Failed-min(t.Failed, t.OverlapFailed))
		h.Overall[on] = o
		h.Days[t.Domain] = append(h.Days[t.Domain], on)
	}
	for domain, days := range h.Days {
		days = Union(days)
		h.Days[domain], h.LastDay[domain] = days, days[len(days)-1]
	}
	return h
}

// addTotals adds the totals of a day under a key.
func addTotals[K comparable](sums map[K]map[Day]Totals, key K, on Day, t *report.DayTotal) {
	if sums[key] == nil {
		sums[key] = map[Day]Totals{}
	}
	sum := sums[key][on]
	sum.Add(t.Successful, t.Failed)
	sums[key][on] = sum
}

// failure returns the days of a cause, new where there are none yet.
func (h *History) failure(s PolicyKey, c Cause) Daily {
	if h.Failures[s] == nil {
		h.Failures[s] = map[Cause]Daily{}
	}
	if h.Failures[s][c] == nil {
		h.Failures[s][c] = Daily{}
	}
	return h.Failures[s][c]
}

// Timeline is where a finding comes from.
type Timeline struct {
	State State
	First Day // of the days in a row with it, days without any report left out
	Last  Day
	Days  int // how many these are
	Gap   int // of what is back: the days between, from when it was last seen
}

// TimelineOf finds out since when a cause that this digest covers exists. seen
// has the sessions of the cause on every recorded day, news what this digest
// covers of them, reported the days with sessions of its stream.
//
// It walks back from the last day of the news over days with reports until a
// clean one. Where a report that this digest does not cover told of the cause
// on one of those days it is ongoing. Else, where it was seen within the 14
// days with reports before them, it is back; else it is new.
func TimelineOf(reported, seen, news Daily) Timeline {
	covered := news.Days()
	if len(covered) == 0 {
		return Timeline{}
	}
	all := Union(reported.Days(), seen.Days(), covered)
	last := covered[len(covered)-1]
	at, _ := slices.BinarySearch(all, last)
	isSeen := func(d Day) bool { return seen[d] > 0 || hasDay(news, d) }

	out := Timeline{State: StateNew, First: last, Last: last}
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

// SeenElsewhere returns the days of seen on which a cause can have been told of
// by what a digest does not cover. Where too many were reported to tell all
// apart, the counts of one day do not compare.
func SeenElsewhere(seen, news Daily, crowded bool) Daily {
	if !crowded {
		return seen
	}
	out := Daily{}
	for d, n := range seen {
		if !hasDay(news, d) {
			out[d] = n
		}
	}
	return out
}

// among reports whether a cause that is not told apart may be among the current
// ones, or one of those among what it stands for.
func among(c Cause, current map[Cause]*CauseTally) bool {
	if !c.Others() {
		return current[c.other()] != nil
	}
	for other := range current {
		if other.other() == c {
			return true
		}
	}
	return false
}

// Resolved returns the causes of a stream that were seen on the last day with
// reports before the days that are covered, and on none since. covered has the
// stream's sessions that this digest covers, current the causes in them.
//
// The covered days are counted back from the newest without a gap, so that a
// late report of long ago does not move the day that is compared with.
func (h *History) Resolved(s PolicyKey, covered Daily, current map[Cause]*CauseTally) map[Cause]Timeline {
	reported := WithSessions(h.Sessions[s])
	fresh := WithSessions(covered).Days()
	if len(fresh) == 0 {
		return nil
	}
	all := Union(reported.Days(), fresh)
	i, _ := slices.BinarySearch(all, fresh[len(fresh)-1])
	for ; i >= 0 && covered[all[i]] > 0 && h.Sessions[s][all[i]] <= covered[all[i]]; i-- {
	}
	if i < 0 {
		return nil
	}
	before := all[i]
	if before == fresh[len(fresh)-1] {
		return nil // only late reports of a day that an earlier digest spoke of
	}
	out := map[Cause]Timeline{}
	for c, seen := range h.Failures[s] {
		if seen[before] == 0 || current[c] != nil || among(c, current) || seenAfter(seen, before) {
			continue
		}
		st := TimelineOf(reported, upTo(seen, before), Daily{before: 0})
		out[c] = Timeline{State: StateResolved, First: st.First, Last: before}
	}
	return out
}

// seenAfter reports whether there are sessions after one day.
func seenAfter(m Daily, after Day) bool {
	for d, n := range m {
		if d > after && n > 0 {
			return true
		}
	}
	return false
}

// upTo returns the days of m up to and including last.
func upTo(m Daily, last Day) Daily {
	out := Daily{}
	for d, n := range m {
		if d <= last {
			out[d] = n
		}
	}
	return out
}

// WithSessions returns the days of m that have any.
func WithSessions(m Daily) Daily {
	out := Daily{}
	for d, n := range m {
		if n > 0 {
			out[d] = n
		}
	}
	return out
}

// hasDay reports whether m speaks of a day, be it with a count of 0.
func hasDay(m Daily, d Day) bool { _, ok := m[d]; return ok }

// Union returns the days that are in any of the lists, in order.
func Union(lists ...[]Day) []Day {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// pictureType is the policy type that a day's sessions are drawn under: one of the
// three of RFC 8460, or empty for all others.
func pictureType(t tlsrpt.PolicyType) tlsrpt.PolicyType {
	if t.Known() {
		return t
	}
	return ""
}
