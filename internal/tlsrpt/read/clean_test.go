package read

import (
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// minimal is a report in which nothing deviates.
const minimal = `{"organization-name":"Sender Ltd","date-range":{"start-datetime":"2026-03-01T00:00:00Z","end-datetime":"2026-03-01T23:59:59Z"},` +
	`"contact-info":"tls@sender.example","report-id":"r-1","policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: enforce",` +
	`"mx: mx1.example.com","max_age: 86400"],"policy-domain":"example.com","mx-host":["mx1.example.com"]},` +
	`"summary":{"total-successful-session-count":12,"total-failure-session-count":3},"failure-details":[{"result-type":"certificate-expired",` +
	`"sending-mta-ip":"192.0.2.1","receiving-mx-hostname":"mx1.example.com","receiving-ip":"198.51.100.1","failed-session-count":3}]}]}`

func TestDecodeCleanReportHasNoDeviations(t *testing.T) {
	t.Parallel()
	r, err := NewReader(Limits{}).Decode(strings.NewReader(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Deviations) > 0 {
		t.Errorf("Deviations = %v, want none", r.Deviations)
	}
	if got, want := r.Day(), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("Day() = %s, want %s", got, want)
	}
	p := r.Policies[0]
	if p.Successful != 12 || p.Failed != 3 || p.Mode != tlsrpt.ModeEnforce || p.Failures[0].ResultType != tlsrpt.CertificateExpired {
		t.Errorf("policy = %+v", p)
	}
	if string(r.JSON) != minimal {
		t.Errorf("JSON = %s, want what was read", r.JSON)
	}
}
