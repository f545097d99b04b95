package facts

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
	run := func(ok, failed tlsrpt.Sessions, reports, uncounted int, on, until Day) *Tally {
		out := NewTally()
		out.Overall = Totals{ok, failed}
		for i := range reports {
			out.Reports[int64(i)] = struct{}{}
			out.Domains["example.com"] = &DomainTally{Days: map[Day]*DayTally{on: {Until: until}}}
		}
		for i := range uncounted {
			out.Uncounted.Reports[int64(i)] = struct{}{}
		}
		return out
	}
	sent := report.DigestState{LastRun: nov(2).Time().Add(7 * time.Hour), Watermark: 12}
	later := report.DigestState{LastRun: nov(3).Time().Add(7 * time.Hour), Watermark: 15}
	u := Unsent{}
	for _, r := range []*Tally{
		run(0, 0, 0, 2, 0, 0), // nothing that counts: no days
		run(100, 0, 1, 0, nov(3), nov(3)),
		run(7, 2, 3, 1, nov(1), nov(5)),
		run(0, 0, 0, 0, 0, 0),
	} {
		u = ReadUnsent(u.Plus(r, sent.LastRun, sent.Watermark).String())
		sent = later // only the first run follows a mail
	}
	want := Unsent{Totals{107, 2}, nov(2).Time().Add(7 * time.Hour), 4, 3, nov(1), nov(5), 12}
	if diff := cmp.Diff(want, u, cmp.AllowUnexported(Unsent{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	most := tlsrpt.Sessions(math.MaxInt64)
	if u = u.Plus(run(most, most, 1, 0, nov(3), nov(3)), later.LastRun, later.Watermark); u.Successful != most || u.Failed != most {
		t.Errorf("the largest counts make %d and %d", u.Successful, u.Failed)
	}
	for _, text := range []string{"", "null", "[]", "{", `{"Reports":"x"}`} {
		if got := ReadUnsent(text); got != (Unsent{}) {
			t.Errorf("readUntold(%q) = %+v, want nothing", text, got)
		}
	}
}
