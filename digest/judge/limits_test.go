package judge

import (
	"testing"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// TestWhatIsNotToldApartIsNotMended: what was named yesterday may be among the
// other hosts of today.
func TestWhatIsNotToldApartIsNotMended(t *testing.T) {
	t.Parallel()
	yesterday := func(mx string) []report.FailureDay {
		return []report.FailureDay{{Day: nov(21).Time(), Domain: "example.com", Type: tlsrpt.STS, ResultType: tlsrpt.CertificateExpired, MX: mx, Sessions: 1}}
	}
	days := []report.DayTotal{{Day: nov(21).Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 1, Failed: 1}}
	for _, tt := range []struct {
		name     string
		hosts    int
		mx       string
		resolved int
	}{
		{"a host, and all are told apart today", 5, "old.example.com", 1},
		{"a host, and not all are told apart today", 2000, "old.example.com", 0},
		{"other hosts, and there are some today", 5, report.OtherHosts, 0},
	} {
		m := materialOf(crowd(1, tt.hosts, report.AuthPass))
		m.Days, m.Failures = days, yesterday(tt.mx)
		if got := len(Judge(m, Rules{}).Domains[0].Types[0].Resolved); got != tt.resolved {
			t.Errorf("%s: %d resolved, want %d", tt.name, got, tt.resolved)
		}
	}
}

// TestCrowdsDoNotLookLikeEarlierDigests: the largest of a day as the database
// sums it are not those of the digest, which is no sign of an earlier one.
func TestCrowdsDoNotLookLikeEarlierDigests(t *testing.T) {
	t.Parallel()
	m := materialOf(crowd(1, 3000, report.AuthPass))
	m.Days = []report.DayTotal{{Day: nov(22).Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 10, Failed: 3049}}
	m.Failures = []report.FailureDay{{Day: nov(22).Time(), Domain: "example.com", Type: tlsrpt.STS, ResultType: tlsrpt.CertificateExpired, MX: report.OtherHosts, Sessions: 2500}}
	for _, f := range Judge(m, Rules{}).Domains[0].Types[0].Findings {
		if f.State != facts.StateNew {
			t.Fatalf("%s on %s is %s, want new", f.Result, f.MX, f.State)
		}
	}
}
