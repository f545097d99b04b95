package digest_test

import (
	"testing"

	"tlsbrief/digest"
	"tlsbrief/internal/tlsrpt"
)

// Only failures by which an enforced policy holds mail make it urgent to see to it:
// who could not fetch the policy delivered all the same.
func TestStandingCountsWhatAPolicyHolds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		total   int64
		details []givenDetail
		want    tlsrpt.Sessions
	}{
		{"nothing failed", 0, nil, 0},
		{"an expired certificate", 3, []givenDetail{{Result: tlsrpt.CertificateExpired, MX: "mx1.example.com", N: 3}}, 3},
		{"the policy could not be fetched", 3, []givenDetail{{Result: tlsrpt.STSPolicyFetchError, N: 3}}, 0},
		{"both", 5, []givenDetail{{Result: tlsrpt.STSPolicyFetchError, N: 3}, {Result: tlsrpt.CertificateExpired, MX: "mx1.example.com", N: 2}}, 2},
		{"details that exceed the totals", 2, []givenDetail{{Result: tlsrpt.CertificateExpired, MX: "mx1.example.com", N: 90}}, 2},
		{"no details", 4, nil, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.record(given{From: "2026-11-22", Organization: "Google Inc.", Signer: "google.com", Policies: []givenPolicy{{
				Type: tlsrpt.STS, Domain: "example.com", Mode: tlsrpt.ModeEnforce, OK: 10, Failed: tt.total, Details: tt.details,
			}}})
			got, err := digest.PolicyStanding(r.ctx, r.db, "example.com", r.clock.now())
			if err != nil || got.Failed != tt.want || got.Ready != "" {
				t.Errorf("PolicyStanding = %+v, %v; want %d failed", got, err, tt.want)
			}
		})
	}
}

// What few saw for a short time is no reason to enforce.
func TestStandingSaysWhenAPolicyIsReady(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from string
		ready      bool
	}{{"a month", "2026-10-20", true}, {"a week", "2026-11-16", false}} {
		r := newRig(t)
		for _, sender := range []string{"google.com", "microsoft.com"} {
			r.record(given{From: tt.from, To: "2026-11-22", Organization: sender, Signer: sender, Policies: []givenPolicy{{
				Type: tlsrpt.STS, Domain: "example.com", Mode: tlsrpt.ModeTesting, OK: 10,
			}}})
		}
		got, err := digest.PolicyStanding(r.ctx, r.db, "example.com", r.clock.now())
		if err != nil || (got.Ready != "") != tt.ready {
			t.Errorf("%s: PolicyStanding = %+v, %v; want ready %v", tt.name, got, err, tt.ready)
		}
	}
}
