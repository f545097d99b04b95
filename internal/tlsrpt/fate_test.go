package tlsrpt_test

import (
	"fmt"
	"testing"

	"tlsbrief/internal/tlsrpt"
)

// allResults returns the result types of RFC 8460, section 4.3.
func allResults() (all []tlsrpt.ResultType) {
	for _, r := range tlsrpt.Results() {
		all = append(all, r.Type)
	}
	return all
}

// The rows of the table "What became of the mail", and what it leaves open.
func TestFateOf(t *testing.T) {
	t.Parallel()
	server := []tlsrpt.ResultType{tlsrpt.STARTTLSNotSupported, tlsrpt.CertificateHostMismatch, tlsrpt.CertificateExpired, tlsrpt.CertificateNotTrusted, tlsrpt.ValidationFailure}
	fetching := []tlsrpt.ResultType{tlsrpt.STSPolicyFetchError, tlsrpt.STSPolicyInvalid, tlsrpt.STSWebPKIInvalid}
	dane := []tlsrpt.ResultType{tlsrpt.TLSAInvalid, tlsrpt.DNSSECInvalid, tlsrpt.DANERequired}
	unknown := []tlsrpt.ResultType{"quantum-failure", ""}
	tests := []struct {
		row     string
		types   []tlsrpt.PolicyType
		modes   []tlsrpt.Mode
		results []tlsrpt.ResultType
		want    tlsrpt.Fate
		weight  tlsrpt.Weight
	}{
		{"sts enforce, server fails", []tlsrpt.PolicyType{tlsrpt.STS}, []tlsrpt.Mode{tlsrpt.ModeEnforce}, server, tlsrpt.Held, tlsrpt.Action},
		{"sts testing, server fails", []tlsrpt.PolicyType{tlsrpt.STS}, []tlsrpt.Mode{tlsrpt.ModeTesting}, server, tlsrpt.DeliveredInTesting, tlsrpt.Attention},
		{"sts none or unknown, server fails", []tlsrpt.PolicyType{tlsrpt.STS}, []tlsrpt.Mode{tlsrpt.ModeNone, "", "report"}, server, tlsrpt.Delivered, tlsrpt.Attention},
		{"sts any mode, policy", []tlsrpt.PolicyType{tlsrpt.STS}, []tlsrpt.Mode{tlsrpt.ModeEnforce, tlsrpt.ModeTesting, tlsrpt.ModeNone, ""}, fetching, tlsrpt.Unprotected, tlsrpt.Attention},
		{"tlsa, server fails", []tlsrpt.PolicyType{tlsrpt.TLSA}, []tlsrpt.Mode{""}, append([]tlsrpt.ResultType{tlsrpt.TLSAInvalid}, server...), tlsrpt.ProbablyHeld, tlsrpt.Action},
		{"tlsa, DNSSEC", []tlsrpt.PolicyType{tlsrpt.TLSA}, []tlsrpt.Mode{""}, []tlsrpt.ResultType{tlsrpt.DNSSECInvalid}, tlsrpt.HeldUntilValid, tlsrpt.Action},
		{"tlsa, required", []tlsrpt.PolicyType{tlsrpt.TLSA}, []tlsrpt.Mode{""}, []tlsrpt.ResultType{tlsrpt.DANERequired}, tlsrpt.HeldByOne, tlsrpt.Attention},
		{"no policy, no STARTTLS", []tlsrpt.PolicyType{tlsrpt.NoPolicyFound}, []tlsrpt.Mode{""}, []tlsrpt.ResultType{tlsrpt.STARTTLSNotSupported}, tlsrpt.Unencrypted, tlsrpt.Attention},
		{"no policy, other", []tlsrpt.PolicyType{tlsrpt.NoPolicyFound}, []tlsrpt.Mode{""}, append(append(append(unknown, dane...), fetching...), server[1:]...), tlsrpt.Unproven, tlsrpt.Attention},
		{"sts, results of DANE or unknown", []tlsrpt.PolicyType{tlsrpt.STS}, []tlsrpt.Mode{tlsrpt.ModeEnforce, tlsrpt.ModeTesting, ""}, append(unknown, dane...), tlsrpt.Uncertain, tlsrpt.Attention},
		{"tlsa, results of MTA-STS or unknown", []tlsrpt.PolicyType{tlsrpt.TLSA}, []tlsrpt.Mode{""}, append(unknown, fetching...), tlsrpt.Uncertain, tlsrpt.Attention},
		{"unknown policy type", []tlsrpt.PolicyType{"invalid-policy-type", ""}, []tlsrpt.Mode{"", tlsrpt.ModeEnforce}, append(unknown, allResults()...), tlsrpt.Uncertain, tlsrpt.Attention},
	}
	covered := make(map[string]bool)
	for _, tt := range tests {
		t.Run(tt.row, func(t *testing.T) {
			for _, p := range tt.types {
				for _, m := range tt.modes {
					for _, r := range tt.results {
						got := tlsrpt.FateOf(p, m, r)
						if got != tt.want || got.Weight() != tt.weight {
							t.Errorf("FateOf(%q, %q, %q) = %v weighing %v, want %v weighing %v", p, m, r, got, got.Weight(), tt.want, tt.weight)
						}
						covered[fmt.Sprint(p, "/", r)] = true
					}
				}
			}
		})
	}
	for _, p := range []tlsrpt.PolicyType{tlsrpt.STS, tlsrpt.TLSA, tlsrpt.NoPolicyFound} {
		for _, r := range allResults() {
			if !covered[fmt.Sprint(p, "/", r)] {
				t.Errorf("the table has no row for %s under %s", r, p)
			}
		}
	}
}

// Every result type has an owner and, under the policy that it belongs to, a fate.
func TestResultsAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[tlsrpt.ResultType]bool{}
	for _, r := range tlsrpt.Results() {
		if r.Type == "" || seen[r.Type] || !r.Type.Known() || r.Type.Result() != r {
			t.Errorf("the row of %q is not the one of its type", r.Type)
		}
		seen[r.Type] = true
		if r.Owner < tlsrpt.ServerOwner || r.Owner > tlsrpt.PolicyOwner {
			t.Errorf("%s has no owner", r.Type)
		}
		if r.Fates.NoPolicy == tlsrpt.Uncertain || r.Fates.DANE == tlsrpt.Uncertain && r.Fates.Enforce == tlsrpt.Uncertain {
			t.Errorf("%s has no fate: %+v", r.Type, r.Fates)
		}
	}
	for _, r := range []tlsrpt.ResultType{"", "quantum-failure"} {
		if r.Known() || r.Result().Type != r {
			t.Errorf("%q is known", r)
		}
	}
}
