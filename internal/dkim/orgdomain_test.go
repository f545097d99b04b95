package dkim

import "testing"

func TestOrganizationalDomain(t *testing.T) {
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
		if got := OrganizationalDomain(name); got != want {
			t.Errorf("OrganizationalDomain(%q) = %q, want %q", name, got, want)
		}
	}
}
