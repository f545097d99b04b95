package words_test

import (
	"strings"
	"testing"

	"tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
)

func TestFateWords(t *testing.T) {
	t.Parallel()
	names, sentences := make(map[string]tlsrpt.Fate), make(map[string]tlsrpt.Fate)
	for f := tlsrpt.Uncertain; f <= tlsrpt.Unproven; f++ {
		if other, ok := names[f.String()]; ok {
			t.Errorf("%d and %d are both %q", f, other, f)
		}
		sentence := words.FateSentence(f, tlsrpt.CertificateExpired, 1)
		if other, ok := sentences[sentence]; ok || sentence == "" {
			t.Errorf("%v and %v have one sentence", f, other)
		}
		names[f.String()], sentences[sentence] = f, f
	}
	if tlsrpt.Attention >= tlsrpt.Action || tlsrpt.Attention.String() != "attention" || tlsrpt.Action.String() != "action" {
		t.Error("Action must weigh more than Attention")
	}
}

func TestFateSentenceFor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		fate    tlsrpt.Fate
		result  tlsrpt.ResultType
		servers int
		want    string
	}{
		{"one server", tlsrpt.Held, tlsrpt.CertificateExpired, 1, "not delivered to this server:"},
		{"several servers", tlsrpt.Held, tlsrpt.CertificateExpired, 5, "not delivered to these servers:"},
		{"no server named", tlsrpt.Held, tlsrpt.CertificateExpired, 0, "not delivered to the server concerned:"},
		{"no STARTTLS in testing", tlsrpt.DeliveredInTesting, tlsrpt.STARTTLSNotSupported, 1, "delivered, probably unencrypted; in enforce"},
		{"no STARTTLS in mode none", tlsrpt.Delivered, tlsrpt.STARTTLSNotSupported, 1, "delivered, probably unencrypted, as far"},
		{"a wrong certificate is encrypted all the same", tlsrpt.DeliveredInTesting, tlsrpt.CertificateExpired, 1, "The mail was delivered; in enforce"},
		{"no policy, and a result nobody knows", tlsrpt.Unproven, "moon-phase", 1, "whether it was encrypted, the report does not tell"},
		{"no policy, and a wrong certificate", tlsrpt.Unproven, tlsrpt.CertificateExpired, 1, "probably delivered, encrypted, but"},
		{"unexplained under enforce", tlsrpt.Held, "", 0, "under your enforce policy some of this mail may have been delayed or bounced"},
		{"unexplained under DANE", tlsrpt.ProbablyHeld, "", 0, "with DANE some of this mail may have been held"},
		{"unexplained in testing", tlsrpt.DeliveredInTesting, "", 0, "the mail was delivered"},
		{"unexplained in mode none", tlsrpt.Delivered, "", 0, "the mail was delivered"},
		{"unexplained without a policy", tlsrpt.Unproven, "", 0, "encrypted or not"},
		{"unexplained under an unknown policy", tlsrpt.Uncertain, "", 0, "the reports do not say"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := words.FateSentence(tt.fate, tt.result, tt.servers)
			if !strings.Contains(got, tt.want) {
				t.Errorf("FateSentence(%v, %q, %d) = %q, want %q in it", tt.fate, tt.result, tt.servers, got, tt.want)
			}
			if tt.result == "" && (strings.Contains(got, "server") || !strings.Contains(got, "do not say")) {
				t.Errorf("what no report explains is at no server that is known: %q", got)
			}
		})
	}
}

func TestFateShortAgreesWithItsWeight(t *testing.T) {
	t.Parallel()
	for f := tlsrpt.Uncertain; f <= tlsrpt.Unproven; f++ {
		short := words.FateShort(f, "")
		if held := short == "mail may be held"; held != (f.Weight() == tlsrpt.Action) {
			t.Errorf("%v weighs %v and is said to be: %s", f, f.Weight(), short)
		}
		if f.WentThrough() != strings.HasSuffix(short, "went through") {
			t.Errorf("%v.WentThrough() = %t, but it is said to be: %s", f, f.WentThrough(), short)
		}
		bare := f == tlsrpt.Delivered || f == tlsrpt.DeliveredInTesting
		if strings.Contains(words.FateShort(f, tlsrpt.STARTTLSNotSupported), "probably unencrypted") != bare || words.FateShort(f, tlsrpt.CertificateExpired) != short {
			t.Errorf("%v without STARTTLS is said to be: %s", f, words.FateShort(f, tlsrpt.STARTTLSNotSupported))
		}
	}
}

func TestReasonMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct{ code, want string }{
		{"MX_HOSTS_MISMATCH", "not among the mx: lines"},
		{"VALIDATION_FAILURE", "no closer reason"},
		{"X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED", "proxy certificates"},
		{"X509_V_ERR_CERT_HAS_EXPIRED", "has expired"},
		{"certificate_has_expired", "has expired"},
		{"Certificate has expired", "has expired"},
		{"self-signed_certificate", "signed by itself"},
		{"X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "intermediate"},
		{"tls_handshake_failure", "handshake"},
		{"dns-extended-error-7-signature-expired", "signatures"},
		{"HTTP 404", "HTTP 404"},
		{"bad https response code: 404", "HTTP 404"},
		{"http status 301", "redirects"},
		{"https: 503 backend", "HTTP 503"},
		{"HTTP 403", "turned the sender away"},
		{`Get "https://mta-sts.example.com/.well-known/mta-sts.txt": context deadline exceeded`, "in time"},
		{"mx-mismatch", "not among the mx: lines"}, // M-G21
		{"MX_HOST_MISMATCH", "not among the mx: lines"},
		{"4.7.5 [internal] SSL certificate subject does not match host", "another name"},
		{"hostname mismatch", "another name"},
		{"x509: certificate is valid for a.example, not b.example", "another name"},
		{"invalid peer certificate: Expired", "has expired"},
		{"invalid peer certificate: NotValidForName", "another name"},
		{"invalid peer certificate: UnknownIssuer", "authority"},
		{"", ""},
		{"404", ""},
		{"STARTTLS not offered", ""},
		{strings.Repeat("x", 64<<10) + "timeout", ""},
	}
	for _, tt := range tests {
		got := words.ReasonMeaning(tt.code)
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("ReasonMeaning(%.60q) = %q, want %q in it", tt.code, got, tt.want)
		}
	}
}

func TestPolicyTypeWords(t *testing.T) {
	t.Parallel()
	for p, title := range map[tlsrpt.PolicyType]string{tlsrpt.STS: "MTA-STS", tlsrpt.TLSA: "DANE", tlsrpt.NoPolicyFound: "no policy", "": "no policy type given", "other": "other"} {
		if words.PolicyTitle(p) != title {
			t.Errorf("PolicyTitle(%q) = %q, want %q", p, words.PolicyTitle(p), title)
		}
		if words.PolicyExplanation(p) == "" {
			t.Errorf("%q has no explanation", p)
		}
		if known := p == tlsrpt.STS || p == tlsrpt.TLSA || p == tlsrpt.NoPolicyFound; p.Known() != known {
			t.Errorf("PolicyType(%q).Known() = %v", p, p.Known())
		}
	}
}
