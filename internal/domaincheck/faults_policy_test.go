package domaincheck

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/testing/domaintest"
)

// policyFaults are those of MTA-STS.
func policyFaults() []fault {
	const at = "_mta-sts"
	policy := func(change ...string) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) {
			r.Policy = domaintest.Serve(strings.NewReplacer(change...).Replace(domaintest.GoodPolicy(r.Name)))
		}
	}
	answer := func(f http.HandlerFunc) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.Policy = f }
	}
	return []fault{
		{name: "healthy, with lines that end in LF", make: policy("\r\n", "\n")},
		{name: "healthy, with unknown lines", make: policy("mode", "x-mode: y\r\nmode")},
		{name: "no MTA-STS", make: text(at), want: "mta-sts-missing warning"},
		{name: "M-G22: another version at _mta-sts", make: text(at, "v=STS1; id=20260101"), want: "mta-sts-syntax error", says: "its version is \"v=STS1\", and not v=STSv1"},
		{name: "M-G22: a blank before v=STSv1", make: text(at, " v=STSv1; id=20260101"), want: "mta-sts-syntax error", says: "there is a blank before v=STSv1"},
		{name: "M-G22: something else at _mta-sts", make: text(at, "v=spf1 -all"), want: "mta-sts-missing warning"},
		{name: "M-G22: MTA-STS at a doubled name", make: func(_ *testing.T, r *rig) {
			r.DNS.SetTXT("_mta-sts.healthy.example")
			r.DNS.SetTXT("_mta-sts.healthy.example.healthy.example", "v=STSv1; id=20260101")
		}, want: "mta-sts-wrong-name error", says: "The name was doubled"},
		{name: "several MTA-STS records", make: text(at, "v=STSv1; id=1", "v=STSv1; id=2"), want: "mta-sts-several error"},
		{name: "MTA-STS without id", make: text(at, "v=STSv1;"), want: "mta-sts-syntax error"},
		{name: "an id that is none", make: text(at, "v=STSv1; id=2026-01-01"), want: "mta-sts-syntax error"},
		{name: "no policy host", make: func(_ *testing.T, r *rig) { r.DNS.Set("mta-sts.healthy.example") }, want: "mta-sts-fetch error sts-policy-fetch-error"},
		{name: "a policy that was changed under its id", make: func(_ *testing.T, r *rig) {
			id := "20260101T000000"
			r.domain.Before = &Seen{PolicyID: &id, PolicyOfID: "another policy's"}
		}, want: "mta-sts-id-unchanged warning", says: "Change the id"},
		{name: "healthy, a policy that was changed together with its id", make: func(_ *testing.T, r *rig) {
			id := "20250101"
			r.domain.Before = &Seen{PolicyID: &id, PolicyOfID: "another policy's"}
		}},
		{name: "enforce while reports tell of failures", make: func(_ *testing.T, r *rig) { r.domain.Reports.Failed = 45 }, want: "mta-sts-urgent error", says: "45 in all"},
		{name: "testing while reports tell of failures", make: func(t *testing.T, r *rig) {
			policy("enforce", "testing")(t, r)
			r.domain.Reports.Failed = 45
		}, want: "mta-sts-mode info"},
		{name: "testing for long, and clean", make: func(t *testing.T, r *rig) {
			policy("enforce", "testing")(t, r)
			r.domain.Reports.Ready = "no verified failure for 31 days."
		}, want: "mta-sts-mode info, mta-sts-ready info", says: "31 days"},
		{name: "policy host closed", make: func(_ *testing.T, r *rig) { r.DNS.Set("mta-sts.healthy.example", "A 127.255.255.1") }, want: "mta-sts-fetch error sts-policy-fetch-error", says: "mta-sts.txt: 127.255.255.1: nothing listens there."},
		{name: "policy host is silent", make: func(_ *testing.T, r *rig) { r.waits(r.HTTPSPort, domaintest.Stall) },
			want: "mta-sts-fetch error sts-policy-fetch-error", says: "mta-sts.txt: there was no answer within 1s."},
		{name: "policy breaks off", make: answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "version: STSv1\r\n")
		}), want: "mta-sts-fetch error sts-policy-fetch-error"},
		{name: "policy not found", make: answer(http.NotFound), want: "mta-sts-status error sts-policy-fetch-error", says: "404"},
		{name: "policy with another status of success", make: answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNonAuthoritativeInfo)
			fmt.Fprint(w, domaintest.GoodPolicy("healthy.example"))
		}), want: "mta-sts-status error sts-policy-fetch-error", says: "203"},
		{name: "policy redirected", make: answer(func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "/other", http.StatusFound)
		}), want: "mta-sts-redirect error sts-policy-fetch-error"},
		{name: "policy as HTML", make: answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, domaintest.GoodPolicy("healthy.example"))
		}), want: "mta-sts-type warning sts-policy-fetch-error"},
		{name: "policy too large", make: policy("mode", strings.Repeat("x", maxPolicy)+": y\r\nmode"), want: "mta-sts-size error sts-policy-fetch-error"},
		{name: "policy host with a certificate for another name", make: func(t *testing.T, r *rig) {
			r.Web = domaintest.Issue(t, r.Root, domaintest.Template{Names: []string{"other.example"}})
		}, want: "mta-sts-certificate error sts-webpki-invalid", says: "other.example"},
		{name: "policy host with an expired certificate", make: func(t *testing.T, r *rig) {
			r.Web = domaintest.Issue(t, r.Root, domaintest.Template{Names: []string{"mta-sts.healthy.example"}, Until: time.Now().Add(-time.Hour)})
		}, want: "mta-sts-certificate error sts-webpki-invalid", says: "expired"},
		{name: "policy host with a self-signed certificate", make: func(t *testing.T, r *rig) {
			r.Web = domaintest.Issue(t, nil, domaintest.Template{Names: []string{"mta-sts.healthy.example"}})
		}, want: "mta-sts-certificate error sts-webpki-invalid"},
		{name: "policy without version", make: policy("version", "verison"), want: "mta-sts-policy error sts-policy-invalid"},
		{name: "policy with lines that end in CR alone", make: policy("\r\n", "\r"), want: "mta-sts-policy error sts-policy-invalid"},
		{name: "policy with a CR within a line", make: policy("max_age", "x: a\rb\r\nmax_age"), want: "mta-sts-policy error sts-policy-invalid"},
		{name: "policy on one line", make: policy("\r\n", " "), want: "mta-sts-policy error sts-policy-invalid"},
		{name: "policy of an unknown mode", make: policy("enforce", "strict"), want: "mta-sts-policy error sts-policy-invalid"},
		{name: "policy without mx", make: policy("mx:", "nx:"), want: "mta-sts-policy error sts-policy-invalid"},
		{name: "policy with a max_age of more than a year", make: policy("604800", "99999999"), want: "mta-sts-policy error sts-policy-invalid"},
		{name: "testing", make: policy("enforce", "testing"), want: "mta-sts-mode info"},
		{name: "mode none", make: policy("enforce", "none"), want: "mta-sts-mode info"},
		{name: "short max_age", make: policy("604800", "60"), want: "mta-sts-max-age warning", says: "for 60 seconds"},
		{name: "MX not in the policy", make: policy("mx.healthy", "other.healthy"), want: "mta-sts-mx-unmatched error validation-failure, mta-sts-mx-unused info"},
		{name: "MX not in a testing policy", make: policy("mx.healthy", "*.other.healthy", "enforce", "testing"), want: "mta-sts-mode info, mta-sts-mx-unmatched warning validation-failure, mta-sts-mx-unused info"},
		{name: "an mx that matches none", make: policy("max_age", "mx: *.old.example\r\nmax_age"), want: "mta-sts-mx-unused info", says: "*.old.example"},
	}
}
