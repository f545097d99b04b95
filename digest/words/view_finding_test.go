package words

import (
	"strings"
	"testing"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
)

func TestSideIsALikelihood(t *testing.T) {
	t.Parallel()
	senders := []*facts.ReporterTally{{Reporter: facts.Reporter{Domain: "a.example"}}, {Reporter: facts.Reporter{Domain: "b.example"}}, {Reporter: facts.Reporter{Domain: "c.example"}}, {Reporter: facts.Reporter{Domain: "d.example"}}}
	for _, tt := range []struct {
		name     string
		asked    int
		sessions tlsrpt.Sessions
		saw      int
		want     string
	}{
		{"most senders", 3, 50, 2, "2 of the 3 senders that reported on DANE see it, so the fault is probably on your side."},
		{"both", 2, 50, 2, "Both senders that reported on DANE see it, so the fault is probably on your side."},
		{"all", 3, 50, 3, "All 3 senders that reported on DANE see it, so the fault is probably on your side."},
		{"many of very many", 40, 50, 4, "4 of the 40 senders that reported on DANE see it, so the fault is probably on your side."},
		{"two of many", 20, 50, 2, "2 of the 20 senders that reported on DANE see it: look at your side first; it may pass."},
		{"both, and few sessions", 2, 4, 2, "Both senders that reported on DANE see it: look at your side first; it may pass."},
		{"one of several", 3, 50, 1, "Only one of the 3 senders that reported on DANE sees it, so it may be on that sender's side or on the way."},
		{"one of several, and few sessions", 3, 2, 1, "or on the way. It is few sessions, too: look again if it lasts."},
		{"one sender in all", 1, 50, 1, "Only a.example reported on DANE, so it cannot be told whose side the fault is on."},
		{"one sender in all, and few sessions", 1, 2, 1, "fault is on. It is few sessions, too: look again if it lasts."},
	} {
		if got := side(&judge.Finding{Cause: facts.Cause{Type: tlsrpt.TLSA}, Asked: tt.asked}, tt.sessions, senders[:tt.saw]); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := side(&judge.Finding{Fate: tlsrpt.HeldByOne, Asked: 1}, 1, senders[:1]); got != "" {
		t.Errorf("of a sender that insists on DANE: %q", got)
	}
}

func TestOngoingWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		first, last, days int
		want              string
	}{
		{19, 22, 4, "ongoing, day 4 (since Thu 19 Nov)"},
		{10, 22, 2, "ongoing: seen on Tue 10 Nov and on Sun 22 Nov, nothing reported between"},
		{10, 22, 9, "ongoing: seen on 9 of the 13 days since Tue 10 Nov, nothing reported on the others"},
	} {
		f := &judge.Finding{Timeline: facts.Timeline{State: facts.StateOngoing, First: nov(tt.first), Last: nov(tt.last), Days: tt.days}}
		if got := stateWords([]*judge.Finding{f}); got != tt.want {
			t.Errorf("stateWords = %q, want %q", got, tt.want)
		}
	}
}
