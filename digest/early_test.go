package digest_test

import (
	"testing"
	"time"

	"tlsbrief/digest/judge"
	"tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
)

// M-E10: a report on a day that is not over gives no headline, no verdict and no mode;
// it is told once, when the day is over.
func TestAReportIsToldWhenItsDayIsOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(nil)
	morning := func(day int) *words.Rendered {
		t.Helper()
		r.clock.set(time.Date(2026, 11, day, 7, 0, 0, 0, time.UTC))
		out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		return out
	}
	wants := func(out *words.Rendered, from, to string, verdict judge.Verdict, successful, failed tlsrpt.Sessions) {
		t.Helper()
		f := out.Summary
		if f.From != from || f.To != to || f.Verdict != verdict || f.Sessions.Successful != successful || f.Sessions.Failed != failed {
			t.Errorf("%s: from %s to %s, %d and %d sessions; want %s: from %s to %s, %d and %d\n%s",
				f.Verdict, f.From, f.To, f.Sessions.Successful, f.Sessions.Failed, verdict, from, to, successful, failed, out.Text)
		}
	}
	r.clock.set(time.Date(2026, 11, 19, 7, 0, 0, 0, time.UTC))
	r.record(one("2026-11-18", "google.com", tlsrpt.ModeTesting, 0))
	wants(morning(19), "2026-11-18", "2026-11-18", judge.VerdictClear, 20, 0)

	r.record(one("2026-11-19", "google.com", tlsrpt.ModeTesting, 0))
	r.clock.set(time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC))
	r.record(one("2026-11-20", "early.example", tlsrpt.ModeEnforce, 5))
	r.record(one("2026-11-21", "early.example", tlsrpt.ModeEnforce, 3))
	out := morning(20)
	wants(out, "2026-11-19", "2026-11-19", judge.VerdictClear, 20, 0)
	says(t, out.Text, nil, "enforce mode", "early.example")
	wants(morning(21), "2026-11-20", "2026-11-20", judge.VerdictAction, 20, 5)
	byDays, err := d.Preview(r.ctx, "", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	wants(byDays, "2026-11-20", "2026-11-21", judge.VerdictAction, 20, 5)
	wants(morning(22), "2026-11-21", "2026-11-21", judge.VerdictAction, 20, 3)
	if f := morning(23).Summary; f.Sessions.Successful != 0 || f.Sessions.Failed != 0 {
		t.Errorf("sessions %+v, want each report told once", f.Sessions)
	}
}
