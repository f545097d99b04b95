package digest_test

import (
	"strings"
	"testing"
	"time"

	"tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
)

// failuresOf previews a digest of one report under an enforced MTA-STS policy.
func failuresOf(t *testing.T, strings []string, failed tlsrpt.Sessions, details ...tlsrpt.Failure) *words.Rendered {
	t.Helper()
	r := newRig(t)
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	r.recordReport(&tlsrpt.Report{
		OrganizationName: "Sender", ContactInfo: "tls@sender.example", ReportID: "1", Start: day, End: day.Add(24*time.Hour - time.Second), JSON: []byte("{}"),
		Policies: []tlsrpt.Policy{{Type: tlsrpt.STS, Domain: "shop.example", Mode: tlsrpt.ModeEnforce, Strings: strings, Successful: 1, Failed: failed, Failures: details}},
	})
	out, err := r.digester(nil).Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// M-G19: what details explain is not told again as failures without details.
func TestWhatIsExplainedIsNotToldAgain(t *testing.T) {
	t.Parallel()
	invalid := tlsrpt.Failure{ResultType: tlsrpt.STSPolicyInvalid, Sessions: 2}
	nothing := tlsrpt.Failure{Sessions: 1, SendingMTAIP: "192.0.2.1"}
	for _, tt := range []struct {
		name    string
		failed  tlsrpt.Sessions
		details []tlsrpt.Failure
		want    []tlsrpt.Sessions // of the findings, those with a result first
	}{
		{"all is explained", 2, []tlsrpt.Failure{nothing, invalid}, []tlsrpt.Sessions{2}},
		{"all but one", 3, []tlsrpt.Failure{nothing, invalid}, []tlsrpt.Sessions{2, 1}},
		{"more is left than the detail has", 5, []tlsrpt.Failure{nothing, invalid}, []tlsrpt.Sessions{2, 3}},
		{"nothing is explained", 2, []tlsrpt.Failure{nothing}, []tlsrpt.Sessions{2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := failuresOf(t, nil, tt.failed, tt.details...)
			var got []tlsrpt.Sessions
			unnamed := tlsrpt.Sessions(0)
			for _, f := range out.Summary.PolicyTypes[0].Findings {
				if f.ResultType == "" {
					unnamed += f.Failed
					continue
				}
				got = append(got, f.Failed)
			}
			if unnamed > 0 {
				got = append(got, unnamed)
			}
			if len(got) != len(tt.want) || got[0] != tt.want[0] || len(got) > 1 && got[1] != tt.want[1] {
				t.Errorf("findings of %v sessions, want %v\n%s", got, tt.want, out.Text)
			}
			if told := strings.Contains(out.Text, "without details"); told == (len(tt.want) == 1 && tt.want[0] == 2 && len(tt.details) == 2) {
				t.Errorf("failures without details are told of: %v\n%s", told, out.Text)
			}
		})
	}
}

// M-G19: nor is it told as gone on the next day.
func TestWhatWasExplainedIsNotToldAsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(nil)
	for day := 21; day <= 22; day++ {
		start := time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)
		p := tlsrpt.Policy{Type: tlsrpt.STS, Domain: "shop.example", Mode: tlsrpt.ModeEnforce, Successful: 5}
		if day == 21 {
			p.Failed, p.Failures = 2, []tlsrpt.Failure{{Sessions: 1}, {ResultType: tlsrpt.STSPolicyInvalid, Sessions: 2}}
		}
		r.clock.set(start.AddDate(0, 0, 1).Add(7 * time.Hour))
		r.recordReport(&tlsrpt.Report{
			OrganizationName: "Sender", ContactInfo: "tls@sender.example", ReportID: start.String(), Start: start, End: start.Add(24*time.Hour - time.Second),
			JSON: []byte("{}"), Policies: []tlsrpt.Policy{p},
		})
		out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		says(t, out.Text, []string{"policy"}, "without details")
	}
}

// M-G20: a general failure at a server that the quoted policy does not list is
// explained by that.
func TestAServerThatTheQuotedPolicyDoesNotList(t *testing.T) {
	t.Parallel()
	policy := []string{"version: STSv1", "mode: enforce", "mx: mx.shpo.example", "max_age: 86401"}
	failure := func(mx, reason string) tlsrpt.Failure {
		return tlsrpt.Failure{ResultType: tlsrpt.ValidationFailure, ReceivingMXHostname: mx, Sessions: 10, ReasonCode: reason}
	}
	const sentence, other = "mx.shop.example is not among the mx: lines of the MTA-STS policy that the sender saw", "starting from the reason code"
	says(t, failuresOf(t, policy, 10, failure("mx.shop.example", "")).Text, []string{sentence, "add mx.shop.example as an mx: line"}, other)
	says(t, failuresOf(t, policy, 10, failure("mx.shpo.example", "")).Text, nil, sentence)
	says(t, failuresOf(t, nil, 10, failure("mx.shop.example", "")).Text, nil, sentence)
	says(t, failuresOf(t, policy, 10, failure("mx.shop.example", "certificate has expired")).Text, nil, sentence)
}

// M-G21: reasons of other software are explained, and only a link is called one.
func TestReasonsOfOtherSoftware(t *testing.T) {
	t.Parallel()
	mismatch := tlsrpt.Failure{ResultType: tlsrpt.CertificateHostMismatch, ReceivingMXHostname: "mx.shop.example", Sessions: 3,
		ReasonCode: "4.7.5 [internal] SSL certificate subject does not match host"}
	says(t, failuresOf(t, nil, 3, mismatch).Text, []string{"does not match host: the certificate is made out to another name"})
	unlisted := tlsrpt.Failure{ResultType: tlsrpt.ValidationFailure, ReceivingMXHostname: "mail2.shop.example", Sessions: 42, ReasonCode: "mx-mismatch"}
	says(t, failuresOf(t, nil, 42, unlisted).Text, []string{"Mail server missing in your MTA-STS policy"}, "without details", "starting from the reason code")
	expired := tlsrpt.Failure{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: "mx.shop.example", Sessions: 3,
		AdditionalInformation: "invalid peer certificate: Expired"}
	says(t, failuresOf(t, nil, 3, expired).Text, []string{"More from the sender: invalid peer certificate: Expired: the certificate has expired"}, "link")
	expired.AdditionalInformation = "https://sender.example/why"
	says(t, failuresOf(t, nil, 3, expired).Text, []string{"More from the sender (a link from a stranger): https://sender.example/why"})
}
