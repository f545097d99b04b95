package tlsrpt_test

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// sample returns a report with every field set.
func sample() *tlsrpt.Report {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return &tlsrpt.Report{
		OrganizationName: "Sender Ltd", ContactInfo: "tls@sender.example", ReportID: "r-1", Start: day, End: day.Add(86399 * time.Second),
		Policies: []tlsrpt.Policy{
			{
				Type: tlsrpt.STS, Domain: "example.com", Strings: []string{"version: STSv1", "mode: enforce"}, MXHosts: []string{"mx1.example.com"}, Mode: tlsrpt.ModeEnforce,
				Successful: 12, Failed: 3,
				Failures: []tlsrpt.Failure{{
					ResultType: tlsrpt.CertificateExpired, SendingMTAIP: "192.0.2.1", ReceivingMXHostname: "mx1.example.com", ReceivingMXHELO: "mx1",
					ReceivingIP: "198.51.100.1", Sessions: 3, AdditionalInformation: "https://sender.example/", ReasonCode: "X509_V_ERR",
				}},
			},
			{Type: tlsrpt.TLSA, Domain: "example.net", Successful: 5},
		},
	}
}

// These hashes are in databases. A change here records every report again.
func TestIdentityIsStableForEver(t *testing.T) {
	t.Parallel()
	r := sample()
	identity, content := r.Identity(), r.Content()
	if got, want := hex.EncodeToString(identity[:]), "a2fef9976fdbff8b42d139eb300c71f15a9a7fe5752b3df9427940f7e06b597f"; got != want {
		t.Errorf("Identity() = %s, want %s", got, want)
	}
	if got, want := hex.EncodeToString(content[:]), "5844721914333e35f5893eb9c70d1c710d80442d6286a021e8f19a7acf0dea41"; got != want {
		t.Errorf("Content() = %s, want %s", got, want)
	}
}

func TestIdentityAndContentTellReportsApart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name              string
		change            func(*tlsrpt.Report)
		identity, content bool // change with it
	}{
		{"nothing", func(*tlsrpt.Report) {}, false, false},
		{"Q28 organization-name", func(r *tlsrpt.Report) { r.OrganizationName = "Other" }, true, true},
		{"report-id", func(r *tlsrpt.Report) { r.ReportID = "r-2" }, true, true},
		{"a letter moves to the next field", func(r *tlsrpt.Report) { r.OrganizationName, r.ReportID = "Sender Ltdr", "-1" }, true, true},
		{"start", func(r *tlsrpt.Report) { r.Start = r.Start.Add(time.Second) }, true, true},
		{"end, by a nanosecond", func(r *tlsrpt.Report) { r.End = r.End.Add(1) }, true, true},
		{"the zone it is written in", func(r *tlsrpt.Report) { r.Start = r.Start.In(time.FixedZone("", 3600)) }, false, false},
		{"a policy domain", func(r *tlsrpt.Report) { r.Policies[0].Domain = "example.org" }, true, true},
		{"the order of policies", func(r *tlsrpt.Report) { r.Policies[0], r.Policies[1] = r.Policies[1], r.Policies[0] }, false, true},
		{"another policy for a domain", func(r *tlsrpt.Report) {
			r.Policies = append(r.Policies, tlsrpt.Policy{Type: tlsrpt.STS, Domain: "example.com"})
		}, false, true},
		{"contact-info", func(r *tlsrpt.Report) { r.ContactInfo = "" }, false, true},
		{"policy-type", func(r *tlsrpt.Report) { r.Policies[1].Type = tlsrpt.STS }, false, true},
		{"policy-string", func(r *tlsrpt.Report) { r.Policies[0].Strings = []string{"version: STSv1mode: enforce"} }, false, true},
		{"mx-host moves to policy-string", func(r *tlsrpt.Report) {
			p := &r.Policies[0]
			p.Strings, p.MXHosts = append(p.Strings, p.MXHosts...), nil
		}, false, true},
		{"successes", func(r *tlsrpt.Report) { r.Policies[0].Successful++ }, false, true},
		{"failures", func(r *tlsrpt.Report) { r.Policies[0].Failed++ }, false, true},
		{"result-type", func(r *tlsrpt.Report) { r.Policies[0].Failures[0].ResultType = "x" }, false, true},
		{"sending-mta-ip", func(r *tlsrpt.Report) { r.Policies[0].Failures[0].SendingMTAIP = "x" }, false, true},
		{"Q11 where the domain was found", func(r *tlsrpt.Report) { r.Policies[0].Hinted = true }, false, false},
		{"receiving-mx-hostname", func(r *tlsrpt.Report) { r.Policies[0].Failures[0].ReceivingMXHostname = "x" }, false, true},
		{"receiving-mx-helo", func(r *tlsrpt.Report) { r.Policies[0].Failures[0].ReceivingMXHELO = "x" }, false, true},
		{"receiving-ip", func(r *tlsrpt.Report) { r.Policies[0].Failures[0].ReceivingIP = "x" }, false, true},
		{"failed-session-count", func(r *tlsrpt.Report) { r.Policies[0].Failures[0].Sessions = 4 }, false, true},
		{"M-G18 that a count was inferred", func(r *tlsrpt.Report) {
			r.Policies[0].Failures[0].Sessions, r.Policies[0].Failures[0].Uncounted = 1, true
		}, false, true},
		{"additional-information", func(r *tlsrpt.Report) { r.Policies[0].Failures[0].AdditionalInformation = "x" }, false, true},
		{"failure-reason-code", func(r *tlsrpt.Report) { r.Policies[0].Failures[0].ReasonCode = "x" }, false, true},
		{"spelling, packing, deviations", func(r *tlsrpt.Report) { r.JSON, r.Deviations = []byte("{}"), []tlsrpt.Deviation{{Path: "gzip"}} }, false, false},
	}
	identity, content := sample().Identity(), sample().Content()
	for _, tt := range tests {
		r := sample()
		tt.change(r)
		if got := r.Identity() != identity; got != tt.identity {
			t.Errorf("%s: identity changes: %v, want %v", tt.name, got, tt.identity)
		}
		if got := r.Content() != content; got != tt.content {
			t.Errorf("%s: content changes: %v, want %v", tt.name, got, tt.content)
		}
	}
}

// A field that is added to a report must be thought of in Content.
func TestContentKnowsEveryField(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of   any
		want int
	}{{tlsrpt.Report{}, 9}, {tlsrpt.Policy{}, 9}, {tlsrpt.Failure{}, 9}} {
		if n := reflect.TypeOf(tt.of).NumField(); n != tt.want {
			t.Errorf("%T has %d fields, not %d: see whether Content and this test know them all", tt.of, n, tt.want)
		}
	}
}

// What a report says is the same, whatever is inferred from it.
func TestContentDoesNotRestOnInferredCounts(t *testing.T) {
	t.Parallel()
	r := &tlsrpt.Report{Policies: []tlsrpt.Policy{{Failed: 5, Failures: []tlsrpt.Failure{{Sessions: 5, Uncounted: true}}}}}
	want := &tlsrpt.Report{Policies: []tlsrpt.Policy{{Failed: 5, Failures: []tlsrpt.Failure{{Sessions: 1}}}}}
	if r.Content() != want.Content() {
		t.Error("the content is another than it was before counts were inferred")
	}
}
