package tlsrpt

import (
	"os/exec"
	"strings"
	"testing"
	"unicode"
)

func TestMeaningIsWholeForEveryResultType(t *testing.T) {
	t.Parallel()
	titles := make(map[string]ResultType)
	for _, r := range append(allResults(), "quantum-failure", "") {
		m := Meaning(r)
		if m.Type != r {
			t.Errorf("Meaning(%q).Type = %q", r, m.Type)
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
				t.Errorf("Meaning(%q): %q is no sentence", r, s)
			}
		}
		if m.Title == "" || len(m.Causes) == 0 || len(m.Commands) == 0 || !strings.HasPrefix(m.Owner, "whoever runs ") {
			t.Errorf("Meaning(%q) lacks a title, causes, commands or an owner: %+v", r, m)
		}
		if strings.Count(m.Action, ".") > 1 && !strings.Contains(m.Action, "mta-sts.") && !strings.Contains(m.Action, "_tcp.") {
			t.Errorf("Meaning(%q).Action is not one sentence: %q", r, m.Action)
		}
	}
}

func TestMeaningForFillsInEveryPlaceholder(t *testing.T) {
	t.Parallel()
	for _, r := range append(allResults(), "quantum-failure") {
		for _, names := range [][2]string{
			{"mx1.example.com", "example.com"},
			{"MX1.Example.COM", "Example.com"},
			{"", ""},
			{"mx1.example.com; rm -rf ~", "$(reboot).example.com"},
			{"-oProxyCommand=x.example", "-x.example"},
			{"`id`", "a b"},
		} {
			m := Meaning(r).For(names[0], names[1])
			all := append([]string{m.Action, m.What}, m.Commands...)
			for _, c := range m.Causes {
				all = append(all, c.Why, c.Do)
			}
			for _, s := range all {
				if strings.ContainsAny(s, "{}$`") || strings.Contains(s, "rm -rf") || strings.Contains(s, " -x.example") || strings.Contains(s, "mta-sts.your domain") {
					t.Errorf("Meaning(%q).For(%q, %q) gives %q", r, names[0], names[1], s)
				}
			}
		}
	}
	if got := Meaning(CertificateExpired).For("mx2.example.com", "example.com").Action; got != "See with the command below whether the certificate on mx2.example.com was renewed: if it was, reload the mail server; if not, renew it and reload." {
		t.Errorf("Action = %q", got)
	}
	if Meaning(CertificateExpired).Action == Meaning(CertificateExpired).For("mx2.example.com", "").Action {
		t.Error("For must not change what Meaning gives")
	}
}

func TestMeaningCommandsAreShell(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh to ask whether the commands are shell")
	}
	for _, r := range append(allResults(), "other") {
		for _, c := range Meaning(r).For("mx1.example.com", "example.com").Commands {
			if out, err := exec.Command(sh, "-n", "-c", c).CombinedOutput(); err != nil {
				t.Errorf("%s: %q: %v: %s", r, c, err, out)
			}
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
		{strings.Repeat("x", maxString+1), ""},
	}
	for _, tt := range tests {
		got := ReasonMeaning(tt.code)
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("ReasonMeaning(%.60q) = %q, want %q in it", tt.code, got, tt.want)
		}
	}
}

func TestPolicyTypeWords(t *testing.T) {
	t.Parallel()
	for p, title := range map[PolicyType]string{STS: "MTA-STS", TLSA: "DANE", NoPolicyFound: "no policy", "": "no policy type given", "other": "other"} {
		if p.Title() != title {
			t.Errorf("PolicyType(%q).Title() = %q, want %q", p, p.Title(), title)
		}
		if p.Explanation() == "" {
			t.Errorf("PolicyType(%q) has no explanation", p)
		}
		if known := p == STS || p == TLSA || p == NoPolicyFound; p.Known() != known {
			t.Errorf("PolicyType(%q).Known() = %v", p, p.Known())
		}
	}
}
