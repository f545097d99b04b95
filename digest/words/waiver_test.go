package words

import (
	"strings"
	"testing"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

func TestWhatIsSaidOfAccepted(t *testing.T) {
	t.Parallel()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	render := func(m *facts.Facts, accept judge.Waiver) (string, string) {
		out, err := Render(set, judge.Judge(m, judge.Rules{Waivers: []judge.Waiver{accept}}), exampleOptions())
		if err != nil {
			t.Fatal(err)
		}
		return out.Subject, strings.Join(strings.Fields(out.Text), " ")
	}
	m := failingRow(1)
	accept := judge.Waiver{MX: "mx1.example.com", Until: nov(30).Time(), Why: "it is being replaced"}
	subject, text := render(m, accept)
	for _, want := range []string{
		"5 failed (5.0 %), and all are known and accepted: see the end.",
		"Known and accepted Expired certificate on mx1.example.com (MTA-STS, certificate-expired), 5 sessions: mail may be held; accepted until Monday 30 November 2026: it is being replaced",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not say %q:\n%s", want, text)
		}
	}
	if !strings.Contains(subject, "all clear - 100 delivery attempts, 5 known failures (22 Nov)") {
		t.Errorf("subject %q", subject)
	}

	accept.Until = nov(21).Time()
	if _, text := render(m, accept); !strings.Contains(text, "It was accepted until Saturday 21 November 2026 (it is being replaced), and counts again.") {
		t.Errorf("it does not say that the acceptance ran out:\n%s", text)
	}

	m = failingRow(1)
	m.Tally.Add(row(2, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 0, 7, failure(tlsrpt.CertificateExpired, "mx2.example.com", 7)))
	if _, text := render(m, judge.Waiver{MX: "mx1.example.com", Until: nov(30).Time(), Why: "w"}); !strings.Contains(text, "Of the 12, 5 are known and accepted.") || strings.Contains(text, "went through") {
		t.Errorf("with another failure:\n%s", text)
	}
}
