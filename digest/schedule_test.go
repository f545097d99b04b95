package digest

import (
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNext(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, schedule, hour, zone, after, want string
	}{
		{"daily is the hour as it is", "daily", "30 6 * * *", "UTC", "2026-11-22T06:30:00Z", "2026-11-23T06:30:00Z"},
		{"empty is daily", "", "0 7 * * *", "UTC", "2026-11-22T06:59:59Z", "2026-11-22T07:00:00Z"},
		{"weekly is on Mondays", "weekly", "30 6 * * *", "UTC", "2026-11-23T06:30:00Z", "2026-11-30T06:30:00Z"},
		{"monthly is on the first", "monthly", "30 6 * * *", "UTC", "2026-11-02T00:00:00Z", "2026-12-01T06:30:00Z"},
		{"weekly takes the first of several hours", "weekly", "0 7,19 * * *", "UTC", "2026-11-23T07:00:00Z", "2026-11-30T07:00:00Z"},
		{"a cron expression of its own", "0 12 * * 5", "0 7 * * *", "UTC", "2026-11-22T00:00:00Z", "2026-11-27T12:00:00Z"},
		{"wall clock before daylight saving ends", "daily", "0 7 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", "2026-10-24T05:00:00Z"},
		{"wall clock after daylight saving ended", "daily", "0 7 * * *", "Europe/Berlin", "2026-10-24T05:00:00Z", "2026-10-25T06:00:00Z"},
		{"a time that spring leaves out still comes that day", "daily", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"a time that autumn has twice comes once", "daily", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		{"the second of the two times, seen from the day before", "daily", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"},
		{"a time that spring leaves out west of Greenwich", "daily", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-08T07:30:00Z"},
		{"a time that spring leaves out at midnight", "daily", "30 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", "2026-09-06T04:30:00Z"},
		{"a weekly one on the day that spring leaves it out", "30 2 * * 0", "0 7 * * *", "Europe/Berlin", "2026-03-22T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"a fraction of a second after is after", "daily", "0 7 * * *", "UTC", "2026-11-22T07:00:00.5Z", "2026-11-23T07:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := parseSchedule(tt.schedule, tt.hour, zone(t, tt.zone))
			if err != nil {
				t.Fatalf("parseSchedule(%q, %q) = %v", tt.schedule, tt.hour, err)
			}
			got, err := s.next(instant(t, tt.after))
			if err != nil || !got.Equal(instant(t, tt.want)) {
				t.Errorf("next(%s) = %s, %v, want %s", tt.after, got.UTC().Format(time.RFC3339), err, tt.want)
			}
		})
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, schedule, lastRun, now string
		wantAt                       string // empty: not due
		wantStart                    string
	}{
		{"one that never ran is due now", "daily", "", "2026-11-23T15:20:00Z", "2026-11-23T15:20:00Z", "2026-11-22T15:20:00Z"},
		{"not before its time", "daily", "2026-11-22T07:00:01Z", "2026-11-23T06:59:59Z", "", ""},
		{"at its time", "daily", "2026-11-22T07:00:01Z", "2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z", "2026-11-22T07:00:00Z"},
		{"one run makes up for many missed", "daily", "2026-11-10T07:00:01Z", "2026-11-23T09:00:00Z", "2026-11-23T07:00:00Z", "2026-11-22T07:00:00Z"},
		{"missed for years", "daily", "2019-11-10T07:00:01Z", "2026-11-23T09:00:00Z", "2026-11-23T07:00:00Z", "2026-11-22T07:00:00Z"},
		{"the week before a weekly one", "weekly", "2026-11-16T07:00:01Z", "2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z", "2026-11-16T07:00:00Z"},
		{"the month before a monthly one", "monthly", "2026-10-01T07:00:01Z", "2026-11-03T00:00:00Z", "2026-11-01T07:00:00Z", "2026-10-01T07:00:00Z"},
		{"the distance of two firings", "0 12 * * 5", "2026-11-13T12:00:01Z", "2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z", "2026-11-13T12:00:00Z"},
		{"once a year, missed", "0 12 1 1 *", "2025-06-01T00:00:00Z", "2026-11-20T12:00:00Z", "2026-01-01T12:00:00Z", "2025-01-01T12:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := parseSchedule(tt.schedule, "0 7 * * *", time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			var last time.Time
			if tt.lastRun != "" {
				last = instant(t, tt.lastRun)
			}
			at, due, err := s.due(last, instant(t, tt.now))
			if err != nil || due != (tt.wantAt != "") {
				t.Fatalf("due(%s, %s) = %s, %t, %v", tt.lastRun, tt.now, at, due, err)
			}
			if !due {
				return
			}
			if !at.Equal(instant(t, tt.wantAt)) {
				t.Errorf("due(%s, %s) is for %s, want %s", tt.lastRun, tt.now, at, tt.wantAt)
			}
			if got := s.start(at); !got.Equal(instant(t, tt.wantStart)) {
				t.Errorf("start(%s) = %s, want %s", at, got, tt.wantStart)
			}
		})
	}
}

// A year of a schedule has each of its days once, at the same time of the wall
// clock wherever there is such a time, whatever a zone does to its clocks.
func TestAYearOfASchedule(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", // changes by half an hour
		"America/Santiago", "Africa/Cairo", // change at midnight
	} {
		for _, hour := range []string{"0 7 * * *", "30 0 * * *", "30 1 * * *", "30 2 * * *"} {
			for _, tt := range []struct {
				schedule string
				want     int
				fits     func(time.Time) bool
			}{
				{"weekly", 52, func(t time.Time) bool { return t.Weekday() == time.Monday }},
				{"monthly", 12, func(t time.Time) bool { return t.Day() == 1 }},
				{"daily", 365, func(time.Time) bool { return true }},
			} {
				loc := zone(t, name)
				s, err := parseSchedule(tt.schedule, hour, loc)
				if err != nil {
					t.Fatal(err)
				}
				from := time.Date(2025, 12, 31, 23, 0, 0, 0, loc)
				got, days := 0, map[string]bool{}
				for now := from; ; got++ {
					if now, err = s.next(now); err != nil {
						t.Fatal(err)
					}
					if now.Year() > 2026 {
						break
					}
					day := now.Format(time.DateOnly)
					wall := s.timeOfDay()
					asked := time.Date(now.Year(), now.Month(), now.Day(), wall.Hour(), wall.Minute(), 0, 0, loc)
					jumped := asked.Hour() != wall.Hour() && now.Hour() == wall.Hour()+1 // there is no such time on this day
					onTime := now.Hour() == wall.Hour() && now.Minute() == wall.Minute()
					if days[day] || !tt.fits(now) || !onTime && !jumped {
						t.Errorf("%s at %q in %s fires at %s", tt.schedule, hour, name, now)
					}
					days[day] = true
					if before := s.start(now); !before.Before(now) || now.Sub(before) > 32*24*time.Hour {
						t.Errorf("%s in %s: what is sent at %s begins at %s", tt.schedule, name, now, before)
					}
				}
				if got != tt.want {
					t.Errorf("%s at %q in %s fires %d times in 2026, want %d", tt.schedule, hour, name, got, tt.want)
				}
			}
		}
	}
}

// timeOfDay returns the time of day of a schedule that has one.
func (s *schedule) timeOfDay() time.Time {
	return s.spec.Next(time.Date(2026, 5, 31, 23, 59, 0, 0, time.UTC))
}

// The nominal period is a week or a month of the wall clock: it has an hour more
// or less where the clocks are changed in it.
func TestStartFollowsTheClocks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, schedule, zone, at, want string }{
		{"a day of 25 hours", "daily", "Europe/Berlin", "2026-10-25T06:00:00Z", "2026-10-24T05:00:00Z"},
		{"a week with a day of 25 hours", "weekly", "Europe/Berlin", "2026-10-26T06:00:00Z", "2026-10-19T05:00:00Z"},
		{"a week with a day of 23 hours", "weekly", "Europe/Berlin", "2026-03-30T05:00:00Z", "2026-03-23T06:00:00Z"},
		{"a month with a day of 25 hours", "monthly", "Europe/Berlin", "2026-11-01T06:00:00Z", "2026-10-01T05:00:00Z"},
		{"a month with a day of 23 hours", "monthly", "America/New_York", "2026-04-01T11:00:00Z", "2026-03-01T12:00:00Z"},
		{"February", "monthly", "Asia/Tokyo", "2026-02-28T22:00:00Z", "2026-01-31T22:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, tt.zone)
			s, err := parseSchedule(tt.schedule, "0 7 * * *", loc)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.start(instant(t, tt.at).In(loc)); !got.Equal(instant(t, tt.want)) {
				t.Errorf("start(%s) = %s, want %s", tt.at, got.UTC().Format(time.RFC3339), tt.want)
			}
		})
	}
}

func TestParseScheduleRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, schedule, hour string }{
		{"words", "hourly", "0 7 * * *"},
		{"too few fields", "0 7 * *", "0 7 * * *"},
		{"an interval", "@every 1h", "0 7 * * *"},
		{"a day that never comes", "0 0 31 2 *", "0 7 * * *"},
		{"a wrong hour", "daily", "7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if s, err := parseSchedule(tt.schedule, tt.hour, time.UTC); err == nil {
				t.Errorf("parseSchedule(%q, %q) = %+v, want an error", tt.schedule, tt.hour, s)
			}
		})
	}
}
