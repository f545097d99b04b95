package db_test

import (
	"testing"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// under is a policy of a domain under sts that quotes a mode.
func under(mode tlsrpt.Mode, domain string, failed tlsrpt.Sessions) change {
	p := policy(tlsrpt.STS, domain, 10, failed)
	p.Mode = mode
	return policies(p)
}

func TestModeHistory(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(
		f.message(newReport("1", onDay(2026, 3, 1), under(tlsrpt.ModeNone, "a.example", 0))),
		f.message(newReport("2", onDay(2026, 3, 3), under(tlsrpt.ModeTesting, "a.example", 4))),
		f.message(newReport("3", onDay(2026, 3, 5), under("", "a.example", 0))), // does not say
		f.message(newReport("4", onDay(2026, 3, 7), under(tlsrpt.ModeTesting, "a.example", 0))),
		f.message(newReport("5", onDay(2026, 3, 9), under(tlsrpt.ModeEnforce, "a.example", 0))),
		f.message(newReport("6", onDay(2026, 3, 6), under(tlsrpt.ModeEnforce, "b.example", 9))),
		f.message(newReport("7", onDay(2026, 3, 6), auth(report.AuthFail, "x.example"), under(tlsrpt.ModeEnforce, "a.example", 9))),
		f.message(newReport("8", onDay(2026, 3, 8), auth(report.AuthPass, "other.example"), under(tlsrpt.ModeTesting, "a.example", 0))),
		f.message(newReport("9", onDay(2026, 3, 7), policies(policy(tlsrpt.TLSA, "a.example", 0, 5)))),
	)
	for _, tt := range []struct {
		name   string
		domain string
		mode   tlsrpt.Mode
		before time.Time
		want   report.ModeHistory
	}{
		{"a mode begins with the first report that quotes it after another", "a.example", tlsrpt.ModeTesting, day(9), report.ModeHistory{ModeSince: day(3), LastFailed: day(3)}},
		{"what comes later does not count", "a.example", tlsrpt.ModeTesting, day(4), report.ModeHistory{ModeSince: day(3), LastFailed: day(3)}},
		{"the day itself does not count", "a.example", tlsrpt.ModeTesting, day(3), report.ModeHistory{}},
		{"what is not in force any more has no begin", "a.example", tlsrpt.ModeTesting, day(10), report.ModeHistory{LastFailed: day(3)}},
		{"the mode that took its place", "a.example", tlsrpt.ModeEnforce, day(10), report.ModeHistory{ModeSince: day(9), LastFailed: day(3)}},
		{"another domain", "b.example", tlsrpt.ModeEnforce, day(10), report.ModeHistory{ModeSince: day(6), LastFailed: day(6)}},
		{"a domain that nobody knows", "c.example", tlsrpt.ModeEnforce, day(10), report.ModeHistory{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := f.DB.ModeHistory(t.Context(), tt.domain, tt.mode, tt.before)
			if err != nil || got != tt.want {
				t.Errorf("Standing(%s, %s, %s) = %+v, %v, want %+v", tt.domain, tt.mode, tt.before, got, err, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		domain   string
		from, to time.Time
		want     int
	}{
		{"a.example", day(1), day(10), 2}, {"a.example", day(3), day(8), 1}, {"a.example", day(6), day(7), 0}, {"b.example", day(1), day(10), 1}, {"c.example", day(1), day(10), 0},
	} {
		if got, err := f.DB.Senders(t.Context(), tt.domain, tt.from, tt.to); err != nil || got != tt.want {
			t.Errorf("Senders(%s, %s, %s) = %d, %v, want %d", tt.domain, tt.from, tt.to, got, err, tt.want)
		}
	}
}
