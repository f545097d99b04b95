package digest

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func TestUntoldSentence(t *testing.T) {
	t.Parallel()
	since := nov(2).time()
	for _, tt := range []struct {
		name string
		u    untold
		want string
	}{
		{"nothing is untold", untold{}, ""},
		{"the runs covered nothing", untold{Since: since}, ""},
		{"one report", untold{totals: totals{Successful: 1}, Since: since, Reports: 1, First: nov(2), Last: nov(2)},
			"1 report on 1 delivery attempt, none of which failed (Mon 2 Nov)."},
		{"all failed", untold{totals: totals{Failed: 3}, Since: since, Reports: 2, First: nov(2), Last: nov(3)},
			"2 reports on 3 delivery attempts, all of which failed (Mon 2 Nov to Tue 3 Nov)."},
		{"no attempt", untold{Since: since, Reports: 1, First: nov(2), Last: nov(2)},
			"1 report on 0 delivery attempts, none of which failed (Mon 2 Nov)."},
		{"unverified alone", untold{Since: since, Uncounted: 2}, "They covered 2 reports that could not be verified."},
		{"both", untold{totals: totals{Successful: 1200, Failed: 30}, Since: since, Reports: 5, Uncounted: 1, First: nov(2), Last: nov(5)},
			"5 reports on 1,230 delivery attempts, 30 of which failed (Mon 2 Nov to Thu 5 Nov), and 1 report that could not be verified."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := tt.u.sentence(nil)
			if want := "The runs of this digest since its last mail, of Mon 2 Nov 2026, were not sent. They covered "; tt.want != "" && (len(got) < len(want) || got[:len(want)] != want) {
				t.Errorf("sentence = %q, want it to begin with %q", got, want)
			}
			if len(got) < len(tt.want) || got[len(got)-len(tt.want):] != tt.want || tt.want == "" && got != "" {
				t.Errorf("sentence = %q, want it to end in %q", got, tt.want)
			}
		})
	}
}

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
	u := untold{}
	for _, r := range []*tally{
		run(0, 0, 0, 2, 0, 0), // nothing that counts: no days
		run(100, 0, 1, 0, nov(3), nov(3)),
		run(7, 2, 3, 1, nov(1), nov(5)),
		run(0, 0, 0, 0, 0, 0),
	} {
		u = readUntold(u.plus(r, sent).String())
		sent = later // only the first run follows a mail
	}
	want := untold{totals{107, 2}, nov(2).time().Add(7 * time.Hour), 4, 3, nov(1), nov(5), 12}
	if diff := cmp.Diff(want, u, cmp.AllowUnexported(untold{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	most := tlsrpt.Sessions(math.MaxInt64)
	if u = u.plus(run(most, most, 1, 0, nov(3), nov(3)), later); u.Successful != most || u.Failed != most {
		t.Errorf("the largest counts make %d and %d", u.Successful, u.Failed)
	}
	for _, text := range []string{"", "null", "[]", "{", `{"Reports":"x"}`} {
		if got := readUntold(text); got != (untold{}) {
			t.Errorf("readUntold(%q) = %+v, want nothing", text, got)
		}
	}
}
