package words

import (
	"strings"
	"testing"
	"time"

	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// M-E2: while a poll takes longer than its interval, a digest does not say that no
// reports came: mail is waiting. Where reports came, it is a note beside them.
func TestAPollThatOverrunsIsTold(t *testing.T) {
	t.Parallel()
	const sentence = "A poll has been running since Monday 23 November 2026 05:15 UTC, longer than its interval: mail is waiting, and reports may be among it."
	began := nov(23).Time().Add(5*time.Hour + 15*time.Minute)
	for name, tt := range map[string]struct {
		rows    []*report.PolicyRow
		overrun time.Time
		subject string
		told    bool
	}{
		"nothing came, and no poll overruns": {nil, time.Time{}, "[TLS] example.com: no reports yet", false},
		"nothing came":                       {nil, began, "[TLS] example.com: mail is waiting to be read", true},
		"reports came": {
			[]*report.PolicyRow{row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, 0)}, began,
			"[TLS] example.com: all clear - 10 delivery attempts, none failed (22 Nov)", true,
		},
	} {
		m := materialOf(tt.rows...)
		m.Overrun = tt.overrun
		r, err := Render(loadTemplates(t), judge.Judge(m, judge.Rules{}), exampleOptions())
		if err != nil {
			t.Fatal(err)
		}
		if r.Subject != tt.subject {
			t.Errorf("%s: subject %q, want %q", name, r.Subject, tt.subject)
		}
		text := strings.Join(strings.Fields(r.Text), "")
		for place, in := range map[string]string{"text": text, "HTML": wordsOf(t, r.HTML)} {
			if got := strings.Contains(in, strings.Join(strings.Fields(sentence), "")); got != tt.told {
				t.Errorf("%s: the %s says it: %t, want %t\n%s", name, place, got, tt.told, r.Text)
			}
		}
		if none := strings.Contains(text, "NOREPORTS"); none != (tt.rows == nil && !tt.told) {
			t.Errorf("%s: it says that there are no reports: %t\n%s", name, none, r.Text)
		}
	}
}
