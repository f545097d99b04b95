package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
)

// Verify warns where this machine's clock and a server's are more than 5 minutes
// apart: a token server shows it either way, mail only where ours is behind.
func TestClockCheck(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		tell func(*clockCheck)
		want string
	}{
		"nobody told":       {func(*clockCheck) {}, "ok    clock: not compared"},
		"a Date is missing": {func(c *clockCheck) { c.compareServer("idp.example", time.Time{}) }, "ok    clock: not compared"},
		"a Date as ours":    {func(c *clockCheck) { c.compareServer("idp.example", now.Add(4*time.Minute)) }, "ok    clock: not off by more"},
		"ours is behind":    {func(c *clockCheck) { c.compareServer("idp.example", now.Add(6*time.Minute)) }, "warn  clock: this machine's clock is 6m0s behind that of idp.example; set it by NTP"},
		"ours is ahead":     {func(c *clockCheck) { c.compareServer("idp.example", now.Add(-2*time.Hour)) }, "warn  clock: this machine's clock is 2h0m0s ahead of that of idp.example"},
		"mail of yesterday": {func(c *clockCheck) { c.compareMail(now.AddDate(0, 0, -1)) }, "ok    clock: not off by more"},
		"mail of later":     {func(c *clockCheck) { c.compareMail(now.Add(10 * time.Minute)) }, "warn  clock: mail arrived, by the mail server's clock, 10m0s later than it is here"},
		"an empty folder":   {func(c *clockCheck) { c.compareMail(time.Time{}) }, "ok    clock: not compared"},
	} {
		var out strings.Builder
		c := &clockCheck{now: func() time.Time { return now }}
		tt.tell(c)
		v := &verification{printer: printer{a: &app{stdout: &out}}}
		v.printClock(c)
		if !strings.HasPrefix(out.String(), tt.want) || strings.Count(out.String(), "\n") != 1 || v.failed {
			t.Errorf("%s: %q, failed %t; want %q, and no failure", name, out.String(), v.failed, tt.want)
		}
	}
}

// Status tells what a poll, or the daily check, learned of the clock, until the server
// and this machine agree again.
func TestStatusTellsOfAClockThatIsWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	w := r.daemon(t, io.Discard)
	defer w.db.Close()
	w.a.watchClock(t.Context(), w.db)
	tells := func(when, want string) {
		t.Helper()
		out := r.must(t, "status")
		if found := strings.Contains(out, "WARNING: "); found != (want != "") || !strings.Contains(out, want) {
			t.Errorf("%s: status is to tell %q:\n%s", when, want, out)
		}
	}
	tells("at first", "")
	w.a.clock.compareServer("idp.example", time.Now())
	tells("a clock that is right", "")
	w.a.clock.compareServer("idp.example", time.Now().Add(-time.Hour))
	tells("a clock that is wrong", "ahead of that of idp.example; set it by NTP")
	w.a.clock.compareServer("idp.example", time.Now())
	tells("mended", "")
}
