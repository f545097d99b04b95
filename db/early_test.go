package db_test

import (
	"testing"
	"time"

	"tlsbrief/internal/report"
)

// M-E10: what was recorded before its days were over is found when they are.
func TestReportsRecordedBeforeTheirDaysWereOver(t *testing.T) {
	t.Parallel()
	day := func(n int, clock time.Duration) time.Time {
		return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC).Add(clock)
	}
	for _, tt := range []struct {
		name       string
		start, end time.Time
		want       bool
	}{
		{"yesterday", day(9, 0), day(10, -time.Second), false},
		{"yesterday, up to midnight", day(9, 0), day(10, 0), false},
		{"today", day(10, 0), day(11, -time.Second), true},
		{"some hours of today", day(10, 0), day(10, 6*time.Hour), true},
		{"24 hours that ended this morning", day(9, 5*time.Hour), day(10, 5*time.Hour), false},
		{"24 hours that end this evening", day(9, 18*time.Hour), day(10, 18*time.Hour), true},
		{"a week that ends today", day(4, 0), day(11, -time.Second), true},
		{"a week that ended", day(3, 0), day(10, 0), false},
		{"tomorrow", day(11, 0), day(12, 0), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			r := newReport("a")
			r.Start, r.End = tt.start, tt.end
			f.record(f.message(r)) // at noon of 10 March
			if got := r.Over().After(noon); got != tt.want {
				t.Errorf("Over = %s, which is after noon: %v, want %v", r.Over(), got, tt.want)
			}
			if got := len(f.rows(report.Filter{Early: true})) > 0; got != tt.want {
				t.Errorf("found as early: %v, want %v", got, tt.want)
			}
		})
	}
}

// M-E10: a message that was refused for its date is looked at again when that has
// come, once, and not before.
func TestAMessageIsLookedAtAgainWhenItsDayHasCome(t *testing.T) {
	t.Parallel()
	f := open(t)
	again := func() []report.Retry {
		t.Helper()
		return must(f.RejectedBefore(f.ctx, "reports", "INBOX"))(t)
	}
	refused, partly, file := f.message(), f.message(newReport("part")), f.message()
	for _, m := range []*report.Message{&refused, &partly, &file} {
		m.Refused, m.Again = "reports on days to come", noon.Add(50*time.Hour)
	}
	file.Place = report.Place{Mailbox: "files", Folder: "a.eml"}
	f.record(refused, partly, file)
	f.clock.pass(49 * time.Hour)
	if got := again(); len(got) != 0 {
		t.Errorf("to be looked at again: %+v, want none before the day", got)
	}
	f.clock.pass(time.Hour)
	got := again()
	if len(got) != 2 || got[0].UID != refused.UID || got[1].UID != partly.UID {
		t.Fatalf("to be looked at again: %+v, want UIDs %d and %d", got, refused.UID, partly.UID)
	}
	if o := must(f.Resolve(f.ctx, got[0].ID, report.Message{Reports: []report.Report{newReport("come")}}))(t); o != report.Recorded {
		t.Errorf("Resolve = %s, want recorded", o)
	}
	check(t, f.StaysRejected(f.ctx, got[1].ID))
	if got := again(); len(got) != 0 {
		t.Errorf("to be looked at again: %+v, want each only once", got)
	}
}
