package db_test

import (
	"fmt"
	"testing"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// usual is a report as the large senders write it: two policies, now and then
// with failures.
func usual(i int) report.Report {
	domain := fmt.Sprintf("domain-%d.example", i%1000)
	r := newReport(fmt.Sprintf("2026-03-09T00:00:00Z_%s_%d", domain, i), onDay(2026, 1, 1+i/1000%28), policies(
		tlsrpt.Policy{
			Type: tlsrpt.STS, Domain: domain, Successful: 1234, Mode: tlsrpt.ModeEnforce,
			Strings: []string{"version: STSv1", "mode: enforce", "mx: *.mail." + domain, "max_age: 604800"}, MXHosts: []string{"*.mail." + domain},
		},
		tlsrpt.Policy{Type: tlsrpt.TLSA, Domain: domain, Successful: 1234, Strings: []string{"3 1 1 0123456789abcdef"}, MXHosts: []string{"mx.mail." + domain}},
	))
	if i%4 == 0 {
		p := &r.Policies[0]
		p.Failed = 12
		for j := range 4 {
			p.Failures = append(p.Failures, tlsrpt.Failure{
				ResultType: tlsrpt.CertificateExpired, SendingMTAIP: "192.0.2.1", ReceivingMXHostname: fmt.Sprintf("mx%d.%s", j, domain), ReceivingIP: "198.51.100.7", Sessions: 3,
			})
		}
	}
	r.JSON = fmt.Appendf(nil, `{"organization-name":"Sender Inc.","date-range":{"start-datetime":"2026-03-09T00:00:00Z","end-datetime":"2026-03-09T23:59:59Z"},`+
		`"contact-info":"tls@sender.example","report-id":%q,"policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: enforce","mx: *.mail.%s","max_age: 604800"],`+
		`"policy-domain":%q,"mx-host":["*.mail.%s"]},"summary":{"total-successful-session-count":1234,"total-failure-session-count":0}}]}`, r.ReportID, domain, domain, domain)
	return r
}

func BenchmarkRecord(b *testing.B) {
	for _, size := range []int{1, 500} {
		b.Run(fmt.Sprintf("batch of %d", size), func(b *testing.B) {
			f := open(b)
			n := 0
			for b.Loop() {
				messages := make([]report.Message, size)
				for i := range messages {
					messages[i] = f.message(usual(n))
					n++
				}
				f.record(messages...)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "reports/s")
		})
	}
}

func BenchmarkEachPolicy(b *testing.B) {
	f := open(b)
	const reports = 5000
	for n := 0; n < reports; n += 500 {
		messages := make([]report.Message, 500)
		for i := range messages {
			messages[i] = f.message(usual(n + i))
		}
		f.record(messages...)
	}
	for name, filter := range map[string]report.Filter{
		"all":        {},
		"news":       {SeqAfter: 1},
		"one domain": {Domains: []string{"domain-4.example"}},
	} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				check(b, f.EachPolicy(f.ctx, filter, func(*report.PolicyRow) error {
					n++
					return nil
				}))
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "policies/s")
		})
	}
}
