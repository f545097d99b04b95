package digest

import (
	"slices"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// A day is a UTC day, counted from 1 January 1970, so that it can be a key and
// be counted with.
type day int

const secondsPerDay = 24 * 60 * 60

// dayOf returns the UTC day in which t lies.
func dayOf(t time.Time) day {
	s := t.Unix()
	if s < 0 {
		return day((s - secondsPerDay + 1) / secondsPerDay)
	}
	return day(s / secondsPerDay)
}

// time returns the start of the day.
func (d day) time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// String returns the day as 2026-11-22.
func (d day) String() string { return d.time().Format(time.DateOnly) }

// daily is a count of sessions for each of some days.
type daily map[day]tlsrpt.Sessions

// add counts n more sessions on a day.
func (m daily) add(d day, n tlsrpt.Sessions) { m[d] = m[d].Plus(n) }

// days returns the days in order.
func (m daily) days() []day {
	out := make([]day, 0, len(m))
	for d := range m {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}
