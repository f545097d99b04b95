package words

import (
	"testing"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
)

func TestThePeriodBefore(t *testing.T) {
	t.Parallel()
	on := func(days ...int) map[facts.Day]facts.Totals {
		out := map[facts.Day]facts.Totals{}
		for _, d := range days {
			out[nov(d)] = facts.Totals{Successful: 90, Failed: tlsrpt.Sessions(d % 2)}
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		byDay map[facts.Day]facts.Totals
		want  string
	}{
		{"the seven days before the first", on(14, 15, 16, 18, 21, 22), "the 7 days before: 362 sessions, 2 failed (0.6 %)"},
		{"none failed", on(16, 18), "the 7 days before: 180 sessions, none failed"},
		{"reports without a session", map[facts.Day]facts.Totals{nov(16): {}}, "the 7 days before: no session"},
		{"nothing in them, but before", on(2), "the 7 days before: nothing reported"},
		{"nothing ever", on(22), ""},
	} {
		if got := beforeWords(judge.BeforeDays(tt.byDay, nov(22), 7)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
