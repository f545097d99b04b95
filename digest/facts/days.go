package facts

import (
	"slices"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// A Day is a UTC day, counted from 1 January 1970, so that it can be a key and
// be counted with.
type Day int

const secondsPerDay = 24 * 60 * 60

// DayOf returns the UTC day in which t lies.
func DayOf(t time.Time) Day {
	s := t.Unix()
	if s < 0 {
		return Day((s - secondsPerDay + 1) / secondsPerDay)
	}
	return Day(s / secondsPerDay)
}

// Time returns the start of the day.
func (d Day) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// String returns the day as 2026-11-22.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// Daily is a count of sessions for each of some days.
type Daily map[Day]tlsrpt.Sessions

// Add counts n more sessions on a day.
func (m Daily) Add(d Day, n tlsrpt.Sessions) { m[d] = m[d].Plus(n) }

// Days returns the days in order.
func (m Daily) Days() []Day {
	out := make([]Day, 0, len(m))
	for d := range m {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}
