package judge

import (
	"testing"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// Through the database: the mode changed, and so the count begins anew.
func TestReadinessBeginsAnewWithTheMode(t *testing.T) {
	t.Parallel()
	m := policyMaterial(tlsrpt.ModeTesting, 22, 0, 100, 2)
	m.Days = append(m.Days, report.DayTotal{Day: nov(21).Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 5000})
	if r := Judge(m, Rules{}).Domains[0].Readiness; r.Sessions != 100 || r.CleanDays != 1 || r.ModeDays != 1 {
		t.Errorf("%+v, want one day with 100 sessions", r)
	}
}
