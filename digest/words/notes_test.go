package words

import (
	"testing"

	"tlsbrief/digest/facts"
)

func TestUntoldSentence(t *testing.T) {
	t.Parallel()
	since := nov(2).Time()
	for _, tt := range []struct {
		name string
		u    facts.Unsent
		want string
	}{
		{"nothing is untold", facts.Unsent{}, ""},
		{"the runs covered nothing", facts.Unsent{Since: since}, ""},
		{"one report", facts.Unsent{Totals: facts.Totals{Successful: 1}, Since: since, Reports: 1, First: nov(2), Last: nov(2)},
			"1 report on 1 delivery attempt, none of which failed (Mon 2 Nov)."},
		{"all failed", facts.Unsent{Totals: facts.Totals{Failed: 3}, Since: since, Reports: 2, First: nov(2), Last: nov(3)},
			"2 reports on 3 delivery attempts, all of which failed (Mon 2 Nov to Tue 3 Nov)."},
		{"no attempt", facts.Unsent{Since: since, Reports: 1, First: nov(2), Last: nov(2)},
			"1 report on 0 delivery attempts, none of which failed (Mon 2 Nov)."},
		{"unverified alone", facts.Unsent{Since: since, Uncounted: 2}, "They covered 2 reports that could not be verified."},
		{"both", facts.Unsent{Totals: facts.Totals{Successful: 1200, Failed: 30}, Since: since, Reports: 5, Uncounted: 1, First: nov(2), Last: nov(5)},
			"5 reports on 1,230 delivery attempts, 30 of which failed (Mon 2 Nov to Thu 5 Nov), and 1 report that could not be verified."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := unsentSentence(tt.u, nil)
			if want := "The runs of this digest since its last mail, of Mon 2 Nov 2026, were not sent. They covered "; tt.want != "" && (len(got) < len(want) || got[:len(want)] != want) {
				t.Errorf("sentence = %q, want it to begin with %q", got, want)
			}
			if len(got) < len(tt.want) || got[len(got)-len(tt.want):] != tt.want || tt.want == "" && got != "" {
				t.Errorf("sentence = %q, want it to end in %q", got, tt.want)
			}
		})
	}
}
