package report_test

import (
	"testing"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func TestReporterOf(t *testing.T) {
	t.Parallel()
	pass := report.Authenticity{Result: report.AuthPass, Domain: "google.com"}
	failed := report.Authenticity{Result: report.AuthFail, Domain: "google.com"}
	for _, tt := range []struct {
		auth                             report.Authenticity
		submitter, contact, organization string
		want, domain                     string
	}{
		{pass, "x.example", "a@y.example", "Z", "google.com", "google.com"},
		{failed, "x.example", "a@y.example", "Z", "x.example", "x.example"},
		{failed, "Google.com.", "", "Google Inc.", "google.com", "google.com"},
		{failed, "mail.google.com:25", "", "Google Inc.", "mail.google.com", "mail.google.com"},
		{failed, "not a host", "smtp-tls@Google.com", "Google Inc.", "google.com", "google.com"},
		{failed, "", "https://google.com/contact", "Google Inc.", "google.com", "google.com"},
		{failed, "", "mailto:tls@google.com", "Google Inc.", "google.com", "google.com"},
		{failed, "", "call us", "Google Inc.", "Google Inc.", ""},
		{failed, "localhost", "", "google.com", "google.com", "google.com"},
		{failed, "a..example", "", "Z", "a..example", ""},
		{failed, "", "", "", "", ""},
	} {
		r := &tlsrpt.Report{OrganizationName: tt.organization, ContactInfo: tt.contact}
		got := report.ReporterOf(r, tt.auth, tt.submitter)
		if got != tt.want || report.ReporterDomain(got) != tt.domain {
			t.Errorf("%+v: ReporterOf = %q of domain %q", tt, got, report.ReporterDomain(got))
		}
	}
}
