package hostname_test

import (
	"strings"
	"testing"

	"tlsbrief/internal/hostname"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	tests := []struct {
		in, want string
		change   hostname.Change
	}{
		{"example.com", "example.com", hostname.Unchanged},
		{" example.com ", "example.com", hostname.Unchanged},
		{"Example.COM", "example.com", hostname.Lowered},
		{"Example.COM.", "example.com", hostname.Lowered},
		{"example.com.", "example.com", hostname.DotRemoved},
		{"*.Example.com", "*.example.com", hostname.Lowered},
		{"_dmarc.example.com", "_dmarc.example.com", hostname.Unchanged},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", hostname.Unchanged},
		{"bücher.example", "xn--bcher-kva.example", hostname.Encoded},
		{"*.bücher.example", "*.xn--bcher-kva.example", hostname.Encoded},
		{"BÜCHER。example", "xn--bcher-kva.example", hostname.Encoded},
		{"localhost", "localhost", hostname.Unchanged},
		{".mail.example", ".mail.example", hostname.NotName},
		{"a..b", "a..b", hostname.NotName},
		{"a b", "a b", hostname.NotName},
		{"mx.example.com:25", "mx.example.com:25", hostname.NotName},
		{"[192.0.2.1]", "[192.0.2.1]", hostname.NotName},
		{long + ".example", long + ".example", hostname.NotName},
		{"ex\u202eample.com", "ex\u202eample.com", hostname.NotName},
		{"a.example\nBcc: x", "a.example\nBcc: x", hostname.NotName},
		{strings.Repeat("a.", 130) + "b", strings.Repeat("a.", 130) + "b", hostname.NotName},
	}
	for _, tt := range tests {
		got, change := hostname.Normalize(tt.in)
		if got != tt.want || change != tt.change {
			t.Errorf("Normalize(%q) = %q, %v; want %q, %v", tt.in, got, change, tt.want, tt.change)
		}
		if again, _ := hostname.Normalize(got); again != got {
			t.Errorf("Normalize(%q) = %q: not stable", got, again)
		}
	}
}

func TestOrganizational(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"example.com":                   "example.com",
		"mail.example.com":              "example.com",
		"a.b.c.example.co.uk":           "example.co.uk",
		"Reports.Example.COM.":          "example.com",
		"b\u00fccher.example":           "xn--bcher-kva.example",
		"mail.B\u00dcCHER.example":      "xn--bcher-kva.example",
		"x.sender.test":                 "sender.test",
		"smtp-tls-reporting.google.com": "google.com",
		"com":                           "com",
		"co.uk":                         "co.uk",
		"localhost":                     "localhost",
		"":                              "",
		"a..b":                          "a..b",
		"\xff.example":                  "\ufffd.example",
	} {
		if got := hostname.Organizational(name); got != want {
			t.Errorf("Organizational(%q) = %q, want %q", name, got, want)
		}
	}
}

// J-A19: the customers of a mail host are organizations of their own, and none of
// them is the host.
func TestOrganizationalOfTenants(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"tenant.onmicrosoft.com":                  "tenant.onmicrosoft.com",
		"Mail.Tenant.OnMicrosoft.com.":            "tenant.onmicrosoft.com",
		"tenant.mail.onmicrosoft.com":             "tenant.mail.onmicrosoft.com",
		"onmicrosoft.com":                         "onmicrosoft.com",
		"mail.onmicrosoft.com":                    "mail.onmicrosoft.com",
		"notonmicrosoft.com":                      "notonmicrosoft.com",
		"x.notonmicrosoft.com":                    "notonmicrosoft.com",
		"tenant.partner.onmschina.cn":             "tenant.partner.onmschina.cn",
		"example-com.20230601.gappssmtp.com":      "example-com.20230601.gappssmtp.com",
		"mail.example-com.20230601.gappssmtp.com": "example-com.20230601.gappssmtp.com",
		"20230601.gappssmtp.com":                  "20230601.gappssmtp.com",
		"gappssmtp.com":                           "gappssmtp.com",
		"sandbox1234.mailgun.org":                 "sandbox1234.mailgun.org",
		"u1234.sendgrid.net":                      "u1234.sendgrid.net",
		"eu-west-1.amazonses.com":                 "eu-west-1.amazonses.com",
	} {
		got := hostname.Organizational(name)
		if got != want {
			t.Errorf("Organizational(%q) = %q, want %q", name, got, want)
		}
		if again := hostname.Organizational(got); again != got {
			t.Errorf("Organizational(%q) = %q, and of that %q", name, got, again)
		}
	}
}

// One host is one name, however it is written.
func TestLeading(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"google.com":          "google.com",
		"google.com.":         "google.com",
		" Mail.Google.COM:25": "mail.google.com",
		"google.com (Google)": "google.com",
		"localhost":           "",
		"Google Inc.":         "",
		"":                    "",
		"...":                 "",
	} {
		if got := hostname.Leading(text); got != want {
			t.Errorf("Leading(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, also, want string }{
		{"Example.com.", "", "example.com"},
		{"bücher.example", "", "xn--bcher-kva.example"},
		{"ab--cd.example", "", "ab--cd.example"},
		{"my_host", "_", "my_host"},
		{"my_host", "", ""},
		{"-a.example", "", ""},
		{"a..b", "", ""},
		{"", "", ""},
	} {
		got, err := hostname.Strict(tt.name, tt.also)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Strict(%q, %q) = %q, %v; want %q", tt.name, tt.also, got, err, tt.want)
		}
	}
}
