package digest

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// What runs leave untold adds up, is remembered from one to the next, and never
// wraps around.
func TestUntoldAddsUp(t *testing.T) {
	t.Parallel()
	run := func(ok, failed tlsrpt.Sessions, reports, uncounted int, on, until day) *tally {
		out := newTally()
		out.overall = totals{ok, failed}
		for i := range reports {
			out.reports[int64(i)] = struct{}{}
			out.domains["example.com"] = &domainTally{days: map[day]*dayTally{on: {until: until}}}
		}
		for i := range uncounted {
			out.uncounted.reports[int64(i)] = struct{}{}
		}
		return out
	}
	sent := report.DigestState{LastRun: nov(2).time().Add(7 * time.Hour), Watermark: 12}
	later := report.DigestState{LastRun: nov(3).time().Add(7 * time.Hour), Watermark: 15}
	u := Unsent{}
	for _, r := range []*tally{
		run(0, 0, 0, 2, 0, 0), // nothing that counts: no days
		run(100, 0, 1, 0, nov(3), nov(3)),
		run(7, 2, 3, 1, nov(1), nov(5)),
		run(0, 0, 0, 0, 0, 0),
	} {
		u = ReadUnsent(u.plus(r, sent.LastRun, sent.Watermark).String())
		sent = later // only the first run follows a mail
	}
	want := Unsent{totals{107, 2}, nov(2).time().Add(7 * time.Hour), 4, 3, nov(1), nov(5), 12}
	if diff := cmp.Diff(want, u, cmp.AllowUnexported(Unsent{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	most := tlsrpt.Sessions(math.MaxInt64)
	if u = u.plus(run(most, most, 1, 0, nov(3), nov(3)), later.LastRun, later.Watermark); u.Successful != most || u.Failed != most {
		t.Errorf("the largest counts make %d and %d", u.Successful, u.Failed)
	}
	for _, text := range []string{"", "null", "[]", "{", `{"Reports":"x"}`} {
		if got := ReadUnsent(text); got != (Unsent{}) {
			t.Errorf("readUntold(%q) = %+v, want nothing", text, got)
		}
	}
}
