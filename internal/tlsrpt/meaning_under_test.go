package tlsrpt

import (
	"strings"
	"testing"
)

// everything returns all words of a meaning.
func everything(m ResultMeaning) string {
	all := append([]string{m.Title, m.What, m.Action, m.Owner}, m.Commands...)
	for _, c := range m.Causes {
		all = append(all, c.Why, c.Do)
	}
	return strings.Join(all, "\n")
}

func TestAdviceBelongsToThePolicy(t *testing.T) {
	t.Parallel()
	for _, p := range []PolicyType{STS, TLSA, NoPolicyFound, "other"} {
		for _, r := range append(allResults(), "quantum-failure") {
			for _, codes := range [][]string{nil, {"MX_HOSTS_MISMATCH"}, {"certificate_has_expired"}, {"self-signed_certificate"}} {
				m := MeaningUnder(p, r, codes...)
				if m.Type != r || m.Title == "" || len(m.Causes) == 0 || len(m.Commands) == 0 || m.Owner == "" {
					t.Errorf("MeaningUnder(%q, %q, %q) lacks something: %+v", p, r, codes, m)
				}
				for _, c := range m.Commands {
					if p != STS && !r.ofPolicy() && strings.Contains(c, "mta-sts") {
						t.Errorf("under %q, %s looks at MTA-STS: %s", p, r, c)
					}
				}
				if p == TLSA && !r.ofPolicy() && strings.Contains(everything(m), "mta-sts.{DOMAIN}") {
					t.Errorf("under DANE, %s tells to edit MTA-STS: %+v", r, m)
				}
			}
		}
	}
	for _, r := range []ResultType{CertificateExpired, CertificateNotTrusted, CertificateHostMismatch, ValidationFailure} {
		if !strings.Contains(everything(MeaningUnder(TLSA, r)), "TLSA record") {
			t.Errorf("under DANE, %s says nothing of the TLSA record", r)
		}
	}
}

func TestReasonCodesNameAGeneralFailure(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy PolicyType
		result ResultType
		codes  []string
		want   string
	}{
		{"the server is not listed", STS, ValidationFailure, []string{"MX_HOSTS_MISMATCH"}, "Mail server missing in your MTA-STS policy"},
		{"which only MTA-STS knows", TLSA, ValidationFailure, []string{"MX_HOSTS_MISMATCH"}, "The secure connection failed"},
		{"the certificate has expired", STS, ValidationFailure, []string{"X509_V_ERR_CERT_HAS_EXPIRED"}, "Expired certificate"},
		{"two codes that agree", STS, ValidationFailure, []string{"self-signed_certificate", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"}, "Untrusted certificate"},
		{"two codes that do not", STS, ValidationFailure, []string{"self-signed_certificate", "certificate_has_expired"}, "The secure connection failed"},
		{"a code that nobody knows", STS, ValidationFailure, []string{"?"}, "The secure connection failed"},
		{"no code", STS, ValidationFailure, nil, "The secure connection failed"},
		{"a result that says it itself", STS, CertificateHostMismatch, []string{"certificate_has_expired"}, "Wrong name in the certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := MeaningUnder(tt.policy, tt.result, tt.codes...); got.Title != tt.want || got.Type != tt.result {
				t.Errorf("MeaningUnder(%q, %q, %q) = %q of %q, want %q", tt.policy, tt.result, tt.codes, got.Title, got.Type, tt.want)
			}
		})
	}
	unlisted := MeaningUnder(STS, ValidationFailure, "MX_HOSTS_MISMATCH").For("mx9.example.com", "example.com")
	if !strings.HasPrefix(unlisted.Action, "Add mx9.example.com as an mx: line to https://mta-sts.example.com/") {
		t.Errorf("Action = %q", unlisted.Action)
	}
}

func TestMeaningForSeveralServers(t *testing.T) {
	t.Parallel()
	for _, p := range []PolicyType{STS, TLSA, NoPolicyFound} {
		for _, r := range append(allResults(), "quantum-failure") {
			m := MeaningUnder(p, r).ForServers("mx1.example.com", 5, "example.com")
			if strings.ContainsAny(everything(m), "{}") {
				t.Errorf("a placeholder is left: %+v", m)
			}
			if strings.Contains(m.Action, "mx1.") || strings.Contains(m.Owner, "mx1.") {
				t.Errorf("%s at five servers is said to be one's: %q, %q", r, m.Action, m.Owner)
			}
		}
	}
	m := Meaning(CertificateExpired).ForServers("mx1.example.com", 5, "example.com")
	if !strings.Contains(m.Action, "on each of the 5 servers listed below was renewed") || m.Owner != "whoever runs these servers" || !strings.Contains(m.Commands[0], "mx1.example.com:25") {
		t.Errorf("at five servers: %+v", m)
	}
}
