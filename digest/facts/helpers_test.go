package facts

import (
	"fmt"
	"testing"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// nov returns a day of November 2026; 0 and below are in October.
func nov(d int) Day { return DayOf(time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC)) }

// crowd is a report that names so many MX hosts, of which the first has most
// sessions.
func crowd(rep int64, hosts int, auth report.AuthResult) *report.PolicyRow {
	details := []tlsrpt.Failure{{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: "mx.example.com", Sessions: 50}}
	for i := 1; i < hosts; i++ {
		details = append(details, tlsrpt.Failure{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: fmt.Sprintf("h%d-%d.example.net", rep, i), Sessions: 1})
	}
	p := row(rep, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, tlsrpt.Sessions(50+hosts-1), details...)
	p.Auth.Result = auth
	return p
}

// row is a policy row as the tests of judging need it.
func row(rep int64, on Day, kind tlsrpt.PolicyType, mode tlsrpt.Mode, ok, failed tlsrpt.Sessions, details ...tlsrpt.Failure) *report.PolicyRow {
	return &report.PolicyRow{
		ReportRow: rep,
		Report:    tlsrpt.Report{OrganizationName: "Google Inc.", Start: on.Time(), End: (on + 1).Time()},
		Auth:      report.Authenticity{Result: report.AuthPass, Domain: "google.com"},
		Reporter:  "google.com",
		Policy:    tlsrpt.Policy{Type: kind, Domain: "example.com", Mode: mode, Successful: ok, Failed: failed, Failures: details},
	}
}

// between returns the days from first to last.
func between(first, last int) []int {
	var out []int
	for d := first; d <= last; d++ {
		out = append(out, d)
	}
	return out
}

// instant reads a time such as 2026-11-23T07:00:00Z.
func instant(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
