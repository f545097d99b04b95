package db_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
)

func TestClockFault(t *testing.T) {
	t.Parallel()
	f := open(t)
	want := func(when string, want report.ClockFault) {
		t.Helper()
		if diff := cmp.Diff(want, must(f.ClockFault(f.ctx))(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	want("at first", report.ClockFault{})
	check(t, f.SaveClockFault(f.ctx, "a.example", -time.Hour))
	check(t, f.SaveClockFault(f.ctx, "b.example", 7*time.Minute))
	want("two servers", report.ClockFault{Host: "b.example", Ahead: 7 * time.Minute, At: noon})
	check(t, f.ClearClockFault(f.ctx, "a.example"))
	want("another server agrees", report.ClockFault{Host: "b.example", Ahead: 7 * time.Minute, At: noon})
	check(t, f.ClearClockFault(f.ctx, "b.example"))
	want("it agrees", report.ClockFault{})
}

// Mail that arrived, by its server's clock, after it was recorded by ours shows that
// one of the clocks is wrong.
func TestArrivedAhead(t *testing.T) {
	t.Parallel()
	f := open(t)
	arrive := func(by time.Duration) {
		t.Helper()
		m := f.message(newReport(fmt.Sprint(by)))
		m.ReceivedAt = f.clock.now().Add(by)
		f.record(m)
	}
	want := func(when string, want time.Duration) {
		t.Helper()
		if got := must(f.ArrivedAhead(f.ctx))(t); got != want {
			t.Errorf("%s: ArrivedAhead = %s, want %s", when, got, want)
		}
	}
	want("nothing recorded", 0)
	arrive(-3 * time.Minute)
	want("mail of before", -3*time.Minute)
	arrive(20 * time.Minute)
	arrive(-time.Hour)
	want("one of them ahead", 20*time.Minute)
	f.clock.pass(25 * time.Hour)
	want("a day later", 0)
}
