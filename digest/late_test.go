package digest_test

import (
	"testing"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
)

// lateCourse is a mailbox with Microsoft's failure on the 14th, told of on the
// 15th, and a late report about the 16th that comes on the 20th. between are
// reports that were told of meanwhile.
func lateCourse(t *testing.T, between ...given) *words.Rendered {
	t.Helper()
	r := newRig(t)
	d := r.digester(nil)
	morning := func(day int, reports ...given) {
		r.clock.set(time.Date(2026, 11, day, 7, 0, 0, 0, time.UTC))
		for _, g := range reports {
			r.record(g)
		}
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
	}
	morning(15, one("2026-11-14", "microsoft.com", tlsrpt.ModeEnforce, 5))
	morning(19, between...)
	r.clock.set(time.Date(2026, 11, 20, 7, 0, 0, 0, time.UTC))
	r.record(one("2026-11-16", "gmx.net", "", 0))
	out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// one is a report of one day with failures of an expired certificate.
func one(day, signer string, mode tlsrpt.Mode, failed int64) given {
	p := givenPolicy{Type: tlsrpt.STS, Domain: "example.com", Mode: mode, OK: 20, Failed: failed}
	if failed > 0 {
		p.Details = []givenDetail{expired("mx1.example.com", failed)}
	}
	return given{From: day, Organization: signer, Signer: signer, Policies: []givenPolicy{p}}
}

func statesOf(out *words.Rendered) (s []facts.State) {
	for _, f := range out.Summary.PolicyTypes[0].Findings {
		s = append(s, f.State)
	}
	return s
}

// A late report does not make the days after it unknown.
func TestALateReportForgetsNoLaterDay(t *testing.T) {
	t.Parallel()
	silent := lateCourse(t)
	if s := statesOf(silent); len(s) != 0 {
		t.Errorf("who saw it is silent: %v, want nothing resolved", s)
	}
	says(t, silent.Text, []string{"Not known to be mended"})

	heard := lateCourse(t, one("2026-11-18", "microsoft.com", "", 0))
	if s := statesOf(heard); len(s) != 1 || s[0] != facts.StateResolved {
		t.Errorf("who saw it has reported since: %v, want it resolved", s)
	}
	says(t, heard.Text, nil, "has not reported since")

	again := lateCourse(t, one("2026-11-18", "microsoft.com", "", 5))
	if s := statesOf(again); len(s) != 0 {
		t.Errorf("it was seen again meanwhile: %v, want nothing resolved", s)
	}
	says(t, again.Text, nil, "Not seen any more")
}

// The mode of a policy that a late report with failures does not quote may be
// known from a report about a later day.
func TestTheModeMayBeKnownFromALaterDay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(nil)
	r.clock.set(time.Date(2026, 11, 19, 7, 0, 0, 0, time.UTC))
	r.record(one("2026-11-18", "google.com", tlsrpt.ModeEnforce, 0))
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	r.clock.set(time.Date(2026, 11, 20, 7, 0, 0, 0, time.UTC))
	r.record(one("2026-11-16", "microsoft.com", "", 5))
	out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil || out.Summary.Verdict != judge.VerdictAction {
		t.Errorf("verdict %s, %v, want action", out.Summary.Verdict, err)
	}
}
