package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// Anybody can mail a report on any name: one that does not count lists none.
func TestCountedDomains(t *testing.T) {
	t.Parallel()
	f := open(t)
	if diff := cmp.Diff([]string(nil), must(f.CountedDomains(f.ctx))(t)); diff != "" {
		t.Errorf("of nothing (-want +got):\n%s", diff)
	}
	f.record(
		f.message(newReport("1", onDay(2026, 3, 9), policies(policy(tlsrpt.STS, "b.example", 1, 0), policy(tlsrpt.TLSA, "b.example", 1, 0)))),
		f.message(newReport("2", onDay(2026, 3, 8), auth(report.AuthUnchecked, ""), policies(policy(tlsrpt.NoPolicyFound, "a.example", 1, 0)))),
		f.message(newReport("3", onDay(2026, 3, 9), auth(report.AuthFail, "x.example"), policies(policy(tlsrpt.STS, "forged.example", 1, 0), policy(tlsrpt.STS, "b.example", 1, 0)))),
		f.message(newReport("4", onDay(2026, 3, 9), policies(
			tlsrpt.Policy{Type: tlsrpt.STS, Domain: "b.example", MXHosts: []string{"mx.provider.example"}, Successful: 1}, policy(tlsrpt.TLSA, "mx.provider.example", 1, 0)))),
	)
	if diff := cmp.Diff([]string{"a.example", "b.example"}, must(f.CountedDomains(f.ctx))(t)); diff != "" {
		t.Errorf("CountedDomains (-want +got):\n%s", diff)
	}
}
