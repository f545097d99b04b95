package db_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// TestFailureDaysAreBounded: a day of more names than anybody has servers is told
// by the largest, and none of its sessions is lost.
func TestFailureDaysAreBounded(t *testing.T) {
	t.Parallel()
	f := open(t)
	const small, perReport = 9 * report.MostCauses, 3 * report.MostCauses
	var messages []report.Message
	for r := range small / perReport {
		list := []tlsrpt.Failure{failure(tlsrpt.CertificateExpired, fmt.Sprintf("large%d.example", r), 50)}
		for i := range perReport {
			result := tlsrpt.CertificateExpired
			if i%2 == 0 {
				result = tlsrpt.ResultType(fmt.Sprintf("invented-%d", i%10))
			}
			list = append(list, failure(result, fmt.Sprintf("mx%d-%d.example", r, i), 1))
		}
		messages = append(messages, f.message(newReport(fmt.Sprint(r), policies(
			policy(tlsrpt.STS, "a.example", 10, 60, list...),
			policy(tlsrpt.TLSA, "a.example", 10, 60, failure(tlsrpt.TLSAInvalid, "mx.example", 2)),
		))))
	}
	f.record(messages...)
	got := must(f.FailureDays(f.ctx, nil, time.Time{}, time.Time{}))(t)
	if len(got) > report.MostCauses+3 {
		t.Fatalf("%d causes of one day, domain and policy type, want %d at most", len(got), report.MostCauses)
	}
	var sum tlsrpt.Sessions
	named, large := map[tlsrpt.ResultType]tlsrpt.Sessions{}, 0
	for _, d := range got {
		sum = sum.Plus(d.Sessions)
		if d.MX == report.OtherHosts {
			named[d.ResultType] = d.Sessions
		}
		if d.Sessions == 50 {
			large++
		}
	}
	if want := tlsrpt.Sessions(small + 3*50 + 3*2); sum != want {
		t.Errorf("%d sessions in all, want %d", sum, want)
	}
	if large != 3 {
		t.Errorf("%d of the 3 largest causes are told apart", large)
	}
	if len(named) != 2 || named[tlsrpt.CertificateExpired] == 0 || named[report.OtherResults] == 0 {
		t.Errorf("the others by result type: %v", named)
	}
	again := must(f.FailureDays(f.ctx, nil, time.Time{}, time.Time{}))(t)
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("a second look (-first +second):\n%s", diff)
	}
}
