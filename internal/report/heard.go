package report

import (
	"cmp"
	"slices"
	"time"
)

// A Rank says how well a reporter is known (DESIGN 6, "Whom it believes").
type Rank string

// The ranks of a reporter. Copies of a report have a rank of another kind: see [Decide].
const (
	RankListed  Rank = "listed"  // on the built-in list of large senders, or named by the configuration
	RankSettled Rank = "settled" // heard often enough, for long enough, and lately: see [Settled]
	RankNew     Rank = "new"     // neither
)

// Known reports whether reporters of a rank are believed.
func (r Rank) Known() bool { return r == RankListed || r == RankSettled }

// What it takes for a reporter to be settled.
const (
	SettledDays   = 7  // on how many different days it was heard
	SettledAge    = 14 // how many days ago first
	SettledWithin = 90 // how many days ago last, and how long a silence may be
	KeyGoneWithin = 30 // how many days ago its last mail passed, for mail whose key is gone to be heard
)

// A Heard is a day on which mail of a reporter arrived: by a clock that is ours, and
// not by what a report or the Date of its mail says.
type Heard struct {
	Day  time.Time // the midnight that begins it, UTC
	Pass bool      // mail of that day passed; else all of it is key-gone
}

// Settled reports whether a reporter that was heard on some days is settled on a day.
// What was heard later does not matter, nor does the order. A silence of more than
// SettledWithin days begins it anew: a domain may have another owner by then.
//
// Mail whose key is gone proves nothing by itself. It counts as heard where mail that
// passed arrived at the same time or after it, and within the KeyGoneWithin days
// before the day: old mail of a reporter that can be verified now.
func Settled(heard []Heard, on time.Time) bool {
	var lastPass time.Time
	for _, h := range heard {
		if h.Pass && !h.Day.After(on) && h.Day.After(lastPass) {
			lastPass = h.Day
		}
	}
	gone := !lastPass.IsZero() && daysBetween(lastPass, on) <= KeyGoneWithin
	var days []time.Time
	for _, h := range heard {
		if h.Pass && !h.Day.After(on) || !h.Pass && gone && !h.Day.After(lastPass) {
			days = append(days, h.Day)
		}
	}
	slices.SortFunc(days, time.Time.Compare)
	days = slices.CompactFunc(days, time.Time.Equal)
	for i := len(days) - 1; i > 0; i-- {
		if daysBetween(days[i-1], days[i]) > SettledWithin {
			days = days[i:]
			break
		}
	}
	return len(days) >= SettledDays && daysBetween(days[0], on) >= SettledAge && daysBetween(days[len(days)-1], on) <= SettledWithin
}

// A Span is a time between two days, both included.
type Span struct{ First, Last time.Time }

// Holds reports whether a day lies in the span.
func (s Span) Holds(day time.Time) bool { return !day.Before(s.First) && !day.After(s.Last) }

// SettledSpans returns the spans, in order and apart, between the first and the last
// of the days on which mail passed of a reporter that was [Settled] then. It takes one
// walk along the days; what it says of a day on which mail passed is what Settled does.
func SettledSpans(heard []Heard) []Span {
	heard = slices.Clone(heard)
	slices.SortFunc(heard, func(a, b Heard) int { return cmp.Or(a.Day.Compare(b.Day), passFirst(a, b)) })
	heard = slices.CompactFunc(heard, func(a, b Heard) bool { return a.Day.Equal(b.Day) })
	var spans []Span
	first, count, open := 0, 0, false
	for i, h := range heard {
		if i > 0 && daysBetween(heard[i-1].Day, h.Day) > SettledWithin {
			first, count, open = i, 0, false
		}
		count++
		switch settled := count >= SettledDays && daysBetween(heard[first].Day, h.Day) >= SettledAge; {
		case !h.Pass || !settled:
		case open:
			spans[len(spans)-1].Last = h.Day
		default:
			spans, open = append(spans, Span{h.Day, h.Day}), true
		}
	}
	return spans
}

func passFirst(a, b Heard) int {
	switch {
	case a.Pass == b.Pass:
		return 0
	case a.Pass:
		return -1
	}
	return 1
}

// daysBetween returns how many days one midnight is after another, in UTC.
func daysBetween(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }
