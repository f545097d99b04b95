package words_test

import (
	"os/exec"
	"strings"
	"testing"
	"unicode"

	"tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
)

// policies are the policy types of RFC 8460, and one that it does not know.
func policies() []tlsrpt.PolicyType {
	return []tlsrpt.PolicyType{tlsrpt.STS, tlsrpt.TLSA, tlsrpt.NoPolicyFound, "other"}
}

// allResults returns the result types of RFC 8460, section 4.3.
func allResults() (all []tlsrpt.ResultType) {
	for _, r := range tlsrpt.Results() {
		all = append(all, r.Type)
	}
	return all
}

func TestMeaningIsWholeForEveryResultType(t *testing.T) {
	t.Parallel()
	for _, p := range policies() {
		titles := make(map[string]tlsrpt.ResultType)
		for _, r := range append(allResults(), "quantum-failure", "") {
			m := words.MeaningUnder(p, r)
			if m.Type != r {
				t.Errorf("MeaningUnder(%q, %q).Type = %q", p, r, m.Type)
			}
			if r.Known() {
				if other, ok := titles[m.Title]; ok {
					t.Errorf("%s and %s have the same title %q", r, other, m.Title)
				}
				titles[m.Title] = r
			}
			texts := []string{m.What, m.Action}
			for _, c := range m.Causes {
				texts = append(texts, c.Why, c.Do)
			}
			for _, s := range texts {
				if s == "" || !strings.HasSuffix(s, ".") || strings.ContainsFunc(s, unicode.IsControl) {
					t.Errorf("MeaningUnder(%q, %q): %q is no sentence", p, r, s)
				}
			}
			if m.Title == "" || len(m.Causes) == 0 || len(m.Commands) == 0 || !strings.HasPrefix(m.Owner, "whoever runs ") {
				t.Errorf("MeaningUnder(%q, %q) lacks a title, causes, commands or an owner: %+v", p, r, m)
			}
			if strings.Count(m.Action, ".") > 1 && !strings.Contains(m.Action, "mta-sts.") && !strings.Contains(m.Action, "_tcp.") {
				t.Errorf("MeaningUnder(%q, %q).Action is not one sentence: %q", p, r, m.Action)
			}
			if m.Looks != strings.HasPrefix(m.Action, "See ") {
				t.Errorf("MeaningUnder(%q, %q).Looks = %v, of %q", p, r, m.Looks, m.Action)
			}
		}
	}
}

func TestMeaningForFillsInEveryPlaceholder(t *testing.T) {
	t.Parallel()
	for _, r := range append(allResults(), "quantum-failure") {
		for i, names := range [][2]string{
			{"mx1.example.com", "example.com"},
			{"MX1.Example.COM", "Example.com"},
			{"", ""},
			{"mx1.example.com; rm -rf ~", "$(reboot).example.com"},
			{"-oProxyCommand=x.example", "-x.example"},
			{"`id`", "a b"},
		} {
			m := words.MeaningUnder(policies()[i%4], r).ForServers(names[0], 1, names[1])
			all := append([]string{m.Action, m.What}, m.Commands...)
			for _, c := range m.Causes {
				all = append(all, c.Why, c.Do)
			}
			for _, s := range all {
				if strings.ContainsAny(s, "{}$`") || strings.Contains(s, "rm -rf") || strings.Contains(s, " -x.example") || strings.Contains(s, "mta-sts.your domain") {
					t.Errorf("the meaning of %q for %q of %q gives %q", r, names[0], names[1], s)
				}
			}
		}
	}
	expired := words.MeaningUnder(tlsrpt.STS, tlsrpt.CertificateExpired)
	if got := expired.ForServers("mx2.example.com", 1, "example.com").Action; got != "See with the command below whether the certificate on mx2.example.com was renewed: if it was, reload the mail server; if not, renew it and reload." {
		t.Errorf("Action = %q", got)
	}
	if !strings.Contains(expired.Action, "{MX}") {
		t.Error("ForServers must not change its receiver")
	}
}

func TestMeaningCommandsAreShell(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh to ask whether the commands are shell")
	}
	for _, r := range append(allResults(), "other") {
		for _, p := range policies() {
			for _, c := range words.MeaningUnder(p, r).ForServers("mx1.example.com", 1, "example.com").Commands {
				if out, err := exec.Command(sh, "-n", "-c", c).CombinedOutput(); err != nil {
					t.Errorf("%s: %q: %v: %s", r, c, err, out)
				}
			}
		}
	}
}

// everything returns all words of a meaning.
func everything(m words.Meaning) string {
	all := append([]string{m.Title, m.What, m.Action, m.Owner}, m.Commands...)
	for _, c := range m.Causes {
		all = append(all, c.Why, c.Do)
	}
	return strings.Join(all, "\n")
}

func TestAdviceBelongsToThePolicy(t *testing.T) {
	t.Parallel()
	for _, p := range policies() {
		for _, r := range append(allResults(), "quantum-failure") {
			ofPolicy := r.Result().Owner == tlsrpt.PolicyOwner
			for _, codes := range [][]string{nil, {"MX_HOSTS_MISMATCH"}, {"certificate_has_expired"}, {"self-signed_certificate"}} {
				m := words.MeaningUnder(p, r, codes...)
				if m.Type != r || m.Title == "" || len(m.Causes) == 0 || len(m.Commands) == 0 || m.Owner == "" {
					t.Errorf("MeaningUnder(%q, %q, %q) lacks something: %+v", p, r, codes, m)
				}
				for _, c := range m.Commands {
					if p != tlsrpt.STS && !ofPolicy && strings.Contains(c, "mta-sts") {
						t.Errorf("under %q, %s looks at MTA-STS: %s", p, r, c)
					}
				}
				if p == tlsrpt.TLSA && !ofPolicy && strings.Contains(everything(m), "mta-sts.{DOMAIN}") {
					t.Errorf("under DANE, %s tells to edit MTA-STS: %+v", r, m)
				}
			}
		}
	}
	for _, r := range []tlsrpt.ResultType{tlsrpt.CertificateExpired, tlsrpt.CertificateNotTrusted, tlsrpt.CertificateHostMismatch, tlsrpt.ValidationFailure} {
		if !strings.Contains(everything(words.MeaningUnder(tlsrpt.TLSA, r)), "TLSA record") {
			t.Errorf("under DANE, %s says nothing of the TLSA record", r)
		}
	}
}

func TestReasonCodesNameAGeneralFailure(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy tlsrpt.PolicyType
		result tlsrpt.ResultType
		codes  []string
		want   string
	}{
		{"the server is not listed", tlsrpt.STS, tlsrpt.ValidationFailure, []string{"MX_HOSTS_MISMATCH"}, "Mail server missing in your MTA-STS policy"},
		{"which only MTA-STS knows", tlsrpt.TLSA, tlsrpt.ValidationFailure, []string{"MX_HOSTS_MISMATCH"}, "The secure connection failed"},
		{"the certificate has expired", tlsrpt.STS, tlsrpt.ValidationFailure, []string{"X509_V_ERR_CERT_HAS_EXPIRED"}, "Expired certificate"},
		{"two codes that agree", tlsrpt.STS, tlsrpt.ValidationFailure, []string{"self-signed_certificate", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"}, "Untrusted certificate"},
		{"two codes that do not", tlsrpt.STS, tlsrpt.ValidationFailure, []string{"self-signed_certificate", "certificate_has_expired"}, "The secure connection failed"},
		{"a code that nobody knows", tlsrpt.STS, tlsrpt.ValidationFailure, []string{"?"}, "The secure connection failed"},
		{"no code", tlsrpt.STS, tlsrpt.ValidationFailure, nil, "The secure connection failed"},
		{"a result that says it itself", tlsrpt.STS, tlsrpt.CertificateHostMismatch, []string{"certificate_has_expired"}, "Wrong name in the certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := words.MeaningUnder(tt.policy, tt.result, tt.codes...); got.Title != tt.want || got.Type != tt.result {
				t.Errorf("MeaningUnder(%q, %q, %q) = %q of %q, want %q", tt.policy, tt.result, tt.codes, got.Title, got.Type, tt.want)
			}
		})
	}
	unlisted := words.MeaningUnder(tlsrpt.STS, tlsrpt.ValidationFailure, "MX_HOSTS_MISMATCH").ForServers("mx9.example.com", 1, "example.com")
	if !strings.HasPrefix(unlisted.Action, "Add mx9.example.com as an mx: line to https://mta-sts.example.com/") {
		t.Errorf("Action = %q", unlisted.Action)
	}
}

func TestMeaningForSeveralServers(t *testing.T) {
	t.Parallel()
	for _, p := range []tlsrpt.PolicyType{tlsrpt.STS, tlsrpt.TLSA, tlsrpt.NoPolicyFound} {
		for _, r := range append(allResults(), "quantum-failure") {
			m := words.MeaningUnder(p, r).ForServers("mx1.example.com", 5, "example.com")
			if strings.ContainsAny(everything(m), "{}") {
				t.Errorf("a placeholder is left: %+v", m)
			}
			if strings.Contains(m.Action, "mx1.") || strings.Contains(m.Owner, "mx1.") {
				t.Errorf("%s at five servers is said to be one's: %q, %q", r, m.Action, m.Owner)
			}
		}
	}
	m := words.MeaningUnder(tlsrpt.STS, tlsrpt.CertificateExpired).ForServers("mx1.example.com", 5, "example.com")
	if !strings.Contains(m.Action, "on each of the 5 servers listed below was renewed") || m.Owner != "whoever runs these servers" || !strings.Contains(m.Commands[0], "mx1.example.com:25") {
		t.Errorf("at five servers: %+v", m)
	}
}
