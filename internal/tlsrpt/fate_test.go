package tlsrpt

import (
	"fmt"
	"strings"
	"testing"
)

// allResults are the result types of RFC 8460, section 4.3.
func allResults() []ResultType {
	return []ResultType{
		STARTTLSNotSupported, CertificateHostMismatch, CertificateExpired, CertificateNotTrusted, ValidationFailure,
		TLSAInvalid, DNSSECInvalid, DANERequired,
		STSPolicyFetchError, STSPolicyInvalid, STSWebPKIInvalid,
	}
}

// The rows of the table "What became of the mail", and what it leaves open.
func TestFateOf(t *testing.T) {
	t.Parallel()
	server := []ResultType{STARTTLSNotSupported, CertificateHostMismatch, CertificateExpired, CertificateNotTrusted, ValidationFailure}
	fetching := []ResultType{STSPolicyFetchError, STSPolicyInvalid, STSWebPKIInvalid}
	dane := []ResultType{TLSAInvalid, DNSSECInvalid, DANERequired}
	unknown := []ResultType{"quantum-failure", ""}
	tests := []struct {
		row     string
		types   []PolicyType
		modes   []Mode
		results []ResultType
		want    Fate
		weight  Weight
	}{
		{"sts enforce, server fails", []PolicyType{STS}, []Mode{ModeEnforce}, server, Held, Action},
		{"sts testing, server fails", []PolicyType{STS}, []Mode{ModeTesting}, server, DeliveredInTesting, Attention},
		{"sts none or unknown, server fails", []PolicyType{STS}, []Mode{ModeNone, "", "report"}, server, Delivered, Attention},
		{"sts any mode, policy", []PolicyType{STS}, []Mode{ModeEnforce, ModeTesting, ModeNone, ""}, fetching, Unprotected, Attention},
		{"tlsa, server fails", []PolicyType{TLSA}, []Mode{""}, append([]ResultType{TLSAInvalid}, server...), ProbablyHeld, Action},
		{"tlsa, DNSSEC", []PolicyType{TLSA}, []Mode{""}, []ResultType{DNSSECInvalid}, HeldUntilValid, Action},
		{"tlsa, required", []PolicyType{TLSA}, []Mode{""}, []ResultType{DANERequired}, HeldByOne, Attention},
		{"no policy, no STARTTLS", []PolicyType{NoPolicyFound}, []Mode{""}, []ResultType{STARTTLSNotSupported}, Unencrypted, Attention},
		{"no policy, other", []PolicyType{NoPolicyFound}, []Mode{""}, append(append(append(unknown, dane...), fetching...), server[1:]...), Unproven, Attention},
		{"sts, results of DANE or unknown", []PolicyType{STS}, []Mode{ModeEnforce, ModeTesting, ""}, append(unknown, dane...), Uncertain, Attention},
		{"tlsa, results of MTA-STS or unknown", []PolicyType{TLSA}, []Mode{""}, append(unknown, fetching...), Uncertain, Attention},
		{"unknown policy type", []PolicyType{"invalid-policy-type", ""}, []Mode{"", ModeEnforce}, append(unknown, allResults()...), Uncertain, Attention},
	}
	covered := make(map[string]bool)
	for _, tt := range tests {
		t.Run(tt.row, func(t *testing.T) {
			for _, p := range tt.types {
				for _, m := range tt.modes {
					for _, r := range tt.results {
						got := FateOf(p, m, r)
						if got != tt.want || got.Weight() != tt.weight {
							t.Errorf("FateOf(%q, %q, %q) = %v weighing %v, want %v weighing %v", p, m, r, got, got.Weight(), tt.want, tt.weight)
						}
						covered[fmt.Sprint(p, "/", r)] = true
					}
				}
			}
		})
	}
	for _, p := range []PolicyType{STS, TLSA, NoPolicyFound} {
		for _, r := range allResults() {
			if !covered[fmt.Sprint(p, "/", r)] {
				t.Errorf("the table has no row for %s under %s", r, p)
			}
		}
	}
}

func TestFateWords(t *testing.T) {
	t.Parallel()
	words, sentences := make(map[string]Fate), make(map[string]Fate)
	for f := Uncertain; f <= Unproven; f++ {
		if other, ok := words[f.String()]; ok {
			t.Errorf("%d and %d are both %q", f, other, f)
		}
		if other, ok := sentences[f.Sentence()]; ok {
			t.Errorf("%v and %v have one sentence", f, other)
		}
		words[f.String()], sentences[f.Sentence()] = f, f
	}
	if Attention >= Action || Attention.String() != "attention" || Action.String() != "action" {
		t.Error("Action must weigh more than Attention")
	}
}

func TestFateSentenceFor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		fate    Fate
		result  ResultType
		servers int
		want    string
	}{
		{"one server", Held, CertificateExpired, 1, "not delivered to this server:"},
		{"several servers", Held, CertificateExpired, 5, "not delivered to these servers:"},
		{"no server named", Held, CertificateExpired, 0, "not delivered to the server concerned:"},
		{"no STARTTLS in testing", DeliveredInTesting, STARTTLSNotSupported, 1, "delivered, probably unencrypted; in enforce"},
		{"no STARTTLS in mode none", Delivered, STARTTLSNotSupported, 1, "delivered, probably unencrypted, as far"},
		{"a wrong certificate is encrypted all the same", DeliveredInTesting, CertificateExpired, 1, "The mail was delivered; in enforce"},
		{"no policy, and a result nobody knows", Unproven, "moon-phase", 1, "whether it was encrypted, the report does not tell"},
		{"no policy, and a wrong certificate", Unproven, CertificateExpired, 1, "probably delivered, encrypted, but"},
		{"unexplained under enforce", Held, "", 0, "under your enforce policy some of this mail may have been delayed or bounced"},
		{"unexplained under DANE", ProbablyHeld, "", 0, "with DANE some of this mail may have been held"},
		{"unexplained in testing", DeliveredInTesting, "", 0, "the mail was delivered"},
		{"unexplained in mode none", Delivered, "", 0, "the mail was delivered"},
		{"unexplained without a policy", Unproven, "", 0, "encrypted or not"},
		{"unexplained under an unknown policy", Uncertain, "", 0, "the reports do not say"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := tt.fate.SentenceFor(tt.result, tt.servers)
			if !strings.Contains(got, tt.want) {
				t.Errorf("%v.SentenceFor(%q, %d) = %q, want %q in it", tt.fate, tt.result, tt.servers, got, tt.want)
			}
			if tt.result == "" && (strings.Contains(got, "server") || !strings.Contains(got, "do not say")) {
				t.Errorf("what no report explains is at no server that is known: %q", got)
			}
		})
	}
}

func TestFateShortAgreesWithItsWeight(t *testing.T) {
	t.Parallel()
	for f := Uncertain; f <= Unproven; f++ {
		if held := f.Short() == "mail may be held"; held != (f.Weight() == Action) {
			t.Errorf("%v weighs %v and is said to be: %s", f, f.Weight(), f.Short())
		}
		if f.WentThrough() != strings.HasSuffix(f.Short(), "went through") {
			t.Errorf("%v.WentThrough() = %t, but it is said to be: %s", f, f.WentThrough(), f.Short())
		}
		bare := f == Delivered || f == DeliveredInTesting
		if strings.Contains(f.ShortFor(STARTTLSNotSupported), "probably unencrypted") != bare || f.ShortFor(CertificateExpired) != f.Short() {
			t.Errorf("%v without STARTTLS is said to be: %s", f, f.ShortFor(STARTTLSNotSupported))
		}
	}
}
