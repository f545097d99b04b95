package db_test

import (
	"slices"
	"testing"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A tlsa policy at an MX host counts for the domain that its report is about, and
// is found under either name where that is asked for.
func TestPolicyAtAnMXHostCountsForItsDomain(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("1", onDay(2026, 3, 9), policies(
		tlsrpt.Policy{Type: tlsrpt.STS, Domain: "example.com", MXHosts: []string{"mx1.provider.example"}, Successful: 10},
		policy(tlsrpt.TLSA, "mx1.provider.example", 7, 3, failure(tlsrpt.TLSAInvalid, "", 2), failure(tlsrpt.TLSAInvalid, "mx2.provider.example", 1)),
	))))
	if names, err := f.DB.Domains(t.Context()); err != nil || !slices.Equal(names, []string{"example.com"}) {
		t.Errorf("Domains = %q, %v, want example.com alone", names, err)
	}
	totals, err := f.DB.DayTotals(t.Context(), []string{"example.com"}, day(9), day(10))
	if err != nil || len(totals) != 2 || totals[1].Type != tlsrpt.TLSA || totals[1].Failed != 3 {
		t.Errorf("DayTotals = %+v, %v", totals, err)
	}
	failures, err := f.DB.FailureDays(t.Context(), nil, day(9), day(10))
	var hosts []string
	for _, d := range failures {
		hosts = append(hosts, d.Domain+" "+d.MX)
	}
	if want := []string{"example.com mx1.provider.example", "example.com mx2.provider.example"}; err != nil || !slices.Equal(hosts, want) {
		t.Errorf("FailureDays are of %q, %v, want %q", hosts, err, want)
	}
	for _, tt := range []struct {
		name   string
		filter report.Filter
		want   int
	}{
		{"by what it is about", report.Filter{Domains: []string{"example.com"}}, 2},
		{"not by its own name", report.Filter{Domains: []string{"mx1.provider.example"}}, 0},
		{"unless that is asked for", report.Filter{Domains: []string{"mx1.provider.example"}, PolicyDomains: true}, 1},
		{"either", report.Filter{Domains: []string{"example.com"}, PolicyDomains: true}, 2},
	} {
		rows := f.rows(tt.filter)
		if len(rows) != tt.want {
			t.Errorf("%s: %d rows, want %d", tt.name, len(rows), tt.want)
		}
		for _, r := range rows {
			if r.Policy.Type == tlsrpt.TLSA && (r.Domain() != "example.com" || r.Policy.Domain != "mx1.provider.example" || r.MX(&r.Policy.Failures[0]) != "mx1.provider.example") {
				t.Errorf("%s: %+v", tt.name, r)
			}
		}
	}
}

// A name stays for as long as a policy has it, be it as its own or as the one that
// it is about.
func TestPruningKeepsTheNamesThatPoliciesAreAbout(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	f.record(f.message(newReport("old", onDay(2026, 3, 1), policies(policy(tlsrpt.STS, "old.example", 1, 0)))))
	f.clock.pass(keep)
	// The report-id alone names the domain: no policy has it as its own.
	f.record(f.message(newReport("2026-03-09T00:00:00Z_example.com", onDay(2026, 3, 9), policies(policy(tlsrpt.TLSA, "mx1.provider.example", 7, 0)))))
	f.clock.pass(keep / 2)
	if got := must(f.Prune(f.ctx))(t); got != 1 {
		t.Fatalf("Prune removed %d reports, want 1", got)
	}
	rows := f.rows(report.Filter{Domains: []string{"example.com"}})
	if len(rows) != 1 || rows[0].Policy.Domain != "mx1.provider.example" {
		t.Errorf("left of example.com: %+v", rows)
	}
	f.clock.pass(keep)
	if got := must(f.Prune(f.ctx))(t); got != 1 {
		t.Fatalf("Prune then removed %d reports, want 1", got)
	}
	if names, err := f.DB.Domains(f.ctx); err != nil || len(names) != 0 {
		t.Errorf("Domains = %q, %v, want none", names, err)
	}
	check(t, f.IntegrityCheck(f.ctx))
}
