package digest

import (
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// A schedule says when a digest falls due. Its times are wall clock times of one
// place: a time that the clocks jump over in spring comes after the jump, one
// that they pass twice in autumn comes once.
type schedule struct {
	spec     *cron.SpecSchedule // in UTC, fed with wall clock times
	location *time.Location
	nominal  string // "daily", "weekly", "monthly", or "" for a cron expression
}

// The named schedules.
const (
	dailyWord = "daily"
	weekly    = "weekly"
	monthly   = "monthly"
)

// parseSchedule reads a schedule: daily, weekly (on Mondays), monthly (on the
// 1st) or a cron expression. hour is the cron expression of the daily ones; the
// weekly and monthly ones share its first time of day.
func parseSchedule(text, hour string, location *time.Location) (*schedule, error) {
	base, err := parseCron(hour)
	if err != nil {
		return nil, fmt.Errorf("schedule.digest: %w", err)
	}
	s := &schedule{location: location, nominal: text}
	switch text {
	case dailyWord, "":
		s.spec, s.nominal = base, dailyWord
		return s, nil
	case weekly, monthly:
		at := base.Next(time.Date(2023, 12, 31, 23, 59, 59, 0, time.UTC))
		days := "* * 1"
		if text == monthly {
			days = "1 * *"
		}
		text = fmt.Sprintf("%d %d %s", at.Minute(), at.Hour(), days)
	default:
		s.nominal = ""
	}
	if s.spec, err = parseCron(text); err != nil {
		return nil, err
	}
	return s, nil
}

// parseCron reads five cron fields.
func parseCron(text string) (*cron.SpecSchedule, error) {
	parsed, err := cron.ParseStandard(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no cron expression: %w", text, err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("%q names no time of day; write five cron fields", text)
	}
	in := *spec
	in.Location = time.UTC // the fields are compared with wall clock times, see next
	if in.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("%q names a day that never comes", text)
	}
	return &in, nil
}

// errNever is what a schedule without a next time gives; parseCron refuses those.
var errNever = errors.New("the schedule has no further time")

// next returns the first time after t at which the digest falls due.
func (s *schedule) next(t time.Time) (time.Time, error) {
	local := t.In(s.location)
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	for range 2 * 24 * 60 { // the hour that comes twice is passed within this
		wall = s.spec.Next(wall)
		if wall.IsZero() {
			return time.Time{}, errNever
		}
		at := inZone(wall, s.location)
		if at.After(t) {
			return at, nil
		}
	}
	return time.Time{}, errNever
}

// inZone returns the time at which the clocks of a place show what wall does, to
// the minute. Of a time that they jump over time.Date makes one before or one
// after the jump, as the zone falls out; here it is the one after.
func inZone(wall time.Time, location *time.Location) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, location)
	shown := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, time.UTC)
	return at.Add(max(0, wall.Sub(shown)))
}

// due returns the latest time at or before now at which the digest fell due
// after lastRun. A digest that never ran is due now.
func (s *schedule) due(lastRun, now time.Time) (at time.Time, due bool, err error) {
	if lastRun.IsZero() {
		return now, true, nil
	}
	// A worker that was down for long missed many times; only the last matters.
	start := lastRun
	if long := now.AddDate(0, 0, -40); long.After(start) {
		if first, err := s.next(long); err == nil && !first.After(now) {
			start = long
		}
	}
	for {
		n, err := s.next(start)
		if err != nil {
			return time.Time{}, false, err
		}
		if n.After(now) {
			return at, due, nil
		}
		at, due, start = n, true, n
	}
}

// start returns the begin of the nominal period that ends at the given time: a
// day, a week or a month before, or for a cron expression the distance to its
// next time.
func (s *schedule) start(at time.Time) time.Time {
	switch s.nominal {
	case dailyWord:
		return at.AddDate(0, 0, -1)
	case weekly:
		return at.AddDate(0, 0, -7)
	case monthly:
		return at.AddDate(0, -1, 0)
	}
	first, err := s.next(at)
	if err != nil {
		return at.AddDate(0, 0, -1)
	}
	second, err := s.next(first)
	if err != nil {
		return at.AddDate(0, 0, -1)
	}
	return at.Add(-second.Sub(first))
}
