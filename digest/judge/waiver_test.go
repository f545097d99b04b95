package judge

import (
	"testing"

	"tlsbrief/internal/tlsrpt"
)

func TestWhatAnAcceptCovers(t *testing.T) {
	t.Parallel()
	until := nov(30).Time()
	f := Judge(failingRow(1), Rules{}).Domains[0].Types[0].Findings[0]
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
			j := Judge(m, Rules{Waivers: []Waiver{{MX: "nowhere.example", Until: until}, tt.rule}})
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
	signer := Judge(m, Rules{}).Domains[0].Types[0].Findings[0].Reporters[0].Domain
	other := row(2, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 5, 1, failure(tlsrpt.CertificateExpired, "mx1.example.com", 1))
	other.Auth.Domain, other.Reporter = "other.example", "other.example"
	m.Tally.Add(other)
	if j := Judge(m, Rules{Waivers: []Waiver{{Sender: signer, Until: nov(30).Time()}}}); j.Verdict != VerdictAction || len(j.Domains[0].Types[0].Waived) != 0 {
		t.Errorf("verdict %s, accepted %v", j.Verdict, j.Domains[0].Types[0].Waived)
	}
}
