package report_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"tlsbrief/internal/report"
)

// J-A12: another local part is another reporter, but for what senders count mails with.
func TestNormalizeFrom(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"tlsrpt@mailhost.example":               "tlsrpt@mailhost.example",
		" TLSRPT@MailHost.Example. ":            "tlsrpt@mailhost.example",
		"tlsrpt17@mailhost.example":             "tlsrpt@mailhost.example",
		"tls-2026-10-05-rpt@mailhost.example":   "tls----rpt@mailhost.example",
		"tlsrpt+id-af00@mailhost.example":       "tlsrpt@mailhost.example",
		"customer17@mailhost.example":           "customer@mailhost.example",
		"customer18@mailhost.example":           "customer@mailhost.example",
		"tlsrpt@mail.mailhost.example":          "tlsrpt@mail.mailhost.example",
		"1234@mailhost.example":                 "0@mailhost.example",
		"99@mailhost.example":                   "0@mailhost.example",
		"+x@mailhost.example":                   "+x@mailhost.example",
		"a+b+c@mailhost.example":                "a@mailhost.example",
		"a@b@mailhost.example":                  "a@b@mailhost.example",
		"tlsrpt@bücher.example":                 "tlsrpt@xn--bcher-kva.example",
		"\xff@mailhost.example":                 "\uFFFD@mailhost.example",
		"":                                      "",
		"tlsrpt":                                "",
		"@mailhost.example":                     "",
		"tlsrpt@":                               "",
		"tlsrpt@[192.0.2.1]":                    "",
		strings.Repeat("a", 255) + "@a.example": "",
		"tlsrpt@" + strings.Repeat("a.", 200):   "",
		"tlsrpt@mailhost.example (a comment)":   "",
		"digits٣only٤arabic@mailhost.example":   "digitsonlyarabic@mailhost.example",
	} {
		if got := report.NormalizeFrom(address); got != want {
			t.Errorf("NormalizeFrom(%q) = %q, want %q", address, got, want)
		}
	}
}

// Property: normalizing is idempotent, bounded, and blind to digits and to what is
// behind a plus sign.
func FuzzNormalizeFrom(f *testing.F) {
	for _, s := range []string{"a1+b@example.com", "İ9+ǅ@B\u00fccher.Example", "1+1@x.example", "++1@x.example", "a@1.2.3.4", "\xffK@x.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) { checkNormalized(t, address) })
}

func TestNormalizeFromOfRandomAddresses(t *testing.T) {
	t.Parallel()
	pieces := []string{"a", "B", "7", "42", "+", "@", ".", "-", " ", "ü", "İ", "K", "ß", "\xff", "é", "example", ".example", "mail", "٣"}
	rng := rand.New(rand.NewPCG(14, 1))
	for range 5000 {
		var b strings.Builder
		for range rng.IntN(12) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		b.WriteString("@mailhost.example")
		checkNormalized(t, b.String())
	}
}

func checkNormalized(t *testing.T, address string) {
	t.Helper()
	got := report.NormalizeFrom(address)
	if again := report.NormalizeFrom(got); again != got {
		t.Fatalf("NormalizeFrom(%q) = %q, and of that %q", address, got, again)
	}
	if len(got) > 254 {
		t.Errorf("NormalizeFrom(%q) has %d bytes", address, len(got))
	}
	local, domain, ok := strings.Cut(address, "@")
	if got == "" || !ok || strings.Contains(domain, "@") || strings.TrimSpace(local) != local || strings.ContainsAny(local, "+") {
		return
	}
	if same := report.NormalizeFrom(local + "8+x@" + domain); same != got && strings.Trim(local, "0123456789") != "" && len(address) < 250 {
		t.Errorf("NormalizeFrom(%q) = %q, and with a number and a tag %q", address, got, same)
	}
}

// The built-in list has its sources, and what it lists is its own normal form.
func TestLargeSenders(t *testing.T) {
	t.Parallel()
	seen := map[report.Reporter]bool{}
	for _, s := range report.LargeSenders() {
		r := report.ReporterBy(s.Domain, s.From)
		if r.Domain != s.Domain || r.From != s.From {
			t.Errorf("%v is not written as reporters are told apart: %v", s, r)
		}
		if s.Source == "" || seen[r] {
			t.Errorf("%v has no source, or is there twice", s)
		}
		seen[r] = true
	}
	if !seen[report.Reporter{Domain: "google.com", From: "noreply-smtp-tls-reporting@google.com"}] {
		t.Error("Google is not on the list")
	}
}

// J-A3, J-A12: who takes the name of a listed sender, or its address, is not listed.
func TestListed(t *testing.T) {
	t.Parallel()
	const google, mailhost = "noreply-smtp-tls-reporting@google.com", "tlsrpt@mailhost.example"
	listed := report.NewListed([]string{"Sender.example", mailhost})
	for _, tt := range []struct {
		name, domain, from string
		want               bool
	}{
		{"a row of the built-in list", "google.com", google, true},
		{"upper case", "GOOGLE.com", "NoReply-SMTP-TLS-Reporting@Google.com", true},
		{"the signing domain as it stands", "mail.google.com", google, false},
		{"another address of that domain", "google.com", "somebody@google.com", false},
		{"another signer", "stranger.example", google, false},
		{"a domain that is named stands for whatever it signs", "sender.example", "anybody@elsewhere.example", true},
		{"not for what is below it", "mail.sender.example", "a@sender.example", false},
		{"an address that is named", "mailhost.example", mailhost, true},
		{"signed by another domain of that organization", "out.mailhost.example", mailhost, true},
		{"signed by a stranger in his own name as the submitter", "stranger.example", mailhost, false},
		{"another customer of the provider", "mailhost.example", "customer17@mailhost.example", false},
		{"no address", "mailhost.example", "", false},
		{"a signature that nobody checked", "", google, false},
		{"nobody checked, but named", "", mailhost, false},
	} {
		if got := listed.Has(report.ReporterBy(tt.domain, tt.from)); got != tt.want {
			t.Errorf("%s: listed is %v, want %v", tt.name, got, tt.want)
		}
	}
	if report.NewListed(nil).Has(report.ReporterBy("mailhost.example", mailhost)) {
		t.Error("what no configuration names is listed")
	}
}
