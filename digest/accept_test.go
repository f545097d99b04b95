package digest

import (
	"strings"
	"testing"

	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// failingRow is a report of 22 November with 5 of 100 sessions failed on mx1.
func failingRow(id int64) *Facts {
	r := row(id, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 95, 5, failure(tlsrpt.CertificateExpired, "mx1.example.com", 5))
	return materialOf(r)
}

func TestWhatAnAcceptCovers(t *testing.T) {
	t.Parallel()
	until := nov(30).time()
	f := judge(failingRow(1), Rules{}).Domains[0].Types[0].Findings[0]
	signer := f.Reporters[0].Domain
	for _, tt := range []struct {
		name string
		rule Waiver
		want bool
	}{
		{"the result type", Waiver{Result: tlsrpt.CertificateExpired}, true},
		{"another result type", Waiver{Result: tlsrpt.TLSAInvalid}, false},
		{"the MX host", Waiver{MX: "mx1.example.com"}, true},
		{"a name above it", Waiver{MX: "*.example.com"}, true},
		{"not the name above itself", Waiver{MX: "*.mx1.example.com"}, false},
		{"another MX host", Waiver{MX: "mx2.example.com"}, false},
		{"the domain", Waiver{MX: "mx1.example.com", Domain: "example.com"}, true},
		{"another domain", Waiver{MX: "mx1.example.com", Domain: "*.example.com"}, false},
		{"its sender", Waiver{Sender: signer}, true},
		{"another sender", Waiver{Sender: "other.example"}, false},
		{"all of it", Waiver{Result: tlsrpt.CertificateExpired, MX: "mx1.example.com", Domain: "example.com", Sender: signer}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := failingRow(1)
			tt.rule.Until, tt.rule.Why = until, "it is being replaced"
			j := judge(m, Rules{Waivers: []Waiver{{MX: "nowhere.example", Until: until}, tt.rule}})
			kind := j.Domains[0].Types[0]
			if got := len(kind.Waived) == 1 && len(kind.Findings) == 0; got != tt.want {
				t.Fatalf("accepted %v, want %v", got, tt.want)
			}
			if want := map[bool]Verdict{true: VerdictClear, false: VerdictAction}[tt.want]; j.Verdict != want {
				t.Errorf("verdict %s, want %s", j.Verdict, want)
			}
			if j.Overall.Failed != 5 {
				t.Errorf("%d failed sessions in the totals, want 5", j.Overall.Failed)
			}
		})
	}
}

func TestAnAcceptOfOneSenderEndsWhereAnotherReportsIt(t *testing.T) {
	t.Parallel()
	m := failingRow(1)
	signer := judge(m, Rules{}).Domains[0].Types[0].Findings[0].Reporters[0].Domain
	other := row(2, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 5, 1, failure(tlsrpt.CertificateExpired, "mx1.example.com", 1))
	other.Auth.Domain = "other.example"
	m.Tally.add(other)
	if j := judge(m, Rules{Waivers: []Waiver{{Sender: signer, Until: nov(30).time()}}}); j.Verdict != VerdictAction || len(j.Domains[0].Types[0].Waived) != 0 {
		t.Errorf("verdict %s, accepted %v", j.Verdict, j.Domains[0].Types[0].Waived)
	}
}

func TestWhatIsSaidOfAccepted(t *testing.T) {
	t.Parallel()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	render := func(m *Facts, accept Waiver) (string, string) {
		out, err := Render(set, judge(m, Rules{Waivers: []Waiver{accept}}), exampleOptions())
		if err != nil {
			t.Fatal(err)
		}
		return out.Subject, strings.Join(strings.Fields(out.Text), " ")
	}
	m := failingRow(1)
	accept := Waiver{MX: "mx1.example.com", Until: nov(30).time(), Why: "it is being replaced"}
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

	accept.Until = nov(21).time()
	if _, text := render(m, accept); !strings.Contains(text, "It was accepted until Saturday 21 November 2026 (it is being replaced), and counts again.") {
		t.Errorf("it does not say that the acceptance ran out:\n%s", text)
	}

	m = failingRow(1)
	m.Tally.add(row(2, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 0, 7, failure(tlsrpt.CertificateExpired, "mx2.example.com", 7)))
	if _, text := render(m, Waiver{MX: "mx1.example.com", Until: nov(30).time(), Why: "w"}); !strings.Contains(text, "Of the 12, 5 are known and accepted.") || strings.Contains(text, "went through") {
		t.Errorf("with another failure:\n%s", text)
	}
}

// failure is one failure detail.
func failure(result tlsrpt.ResultType, mx string, n tlsrpt.Sessions) tlsrpt.Failure {
	return tlsrpt.Failure{ResultType: result, ReceivingMXHostname: mx, Sessions: n}
}
