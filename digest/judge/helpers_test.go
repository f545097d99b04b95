package judge

import (
	"fmt"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// failingRow is a report of 22 November with 5 of 100 sessions failed on mx1.
func failingRow(id int64) *facts.Facts {
	r := row(id, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 95, 5, failure(tlsrpt.CertificateExpired, "mx1.example.com", 5))
	return materialOf(r)
}

// failure is one failure detail.
func failure(result tlsrpt.ResultType, mx string, n tlsrpt.Sessions) tlsrpt.Failure {
	return tlsrpt.Failure{ResultType: result, ReceivingMXHostname: mx, Sessions: n}
}

// nov returns a day of November 2026; 0 and below are in October.
func nov(d int) facts.Day { return facts.DayOf(time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC)) }

// mailboxOf is a mailbox with these folders.
func mailboxOf(name string, folders ...facts.Folder) facts.Mailbox {
	return facts.Mailbox{Name: name, Folders: folders}
}

// policyMaterial is a digest of 22 November of a domain whose policy has been in
// a mode since one day of November and failed last on another (0: never), with so
// many sessions a day from then on.
func policyMaterial(mode tlsrpt.Mode, since, failed int, perDay tlsrpt.Sessions, senders int) *facts.Facts {
	m := materialOf(row(1, nov(22), tlsrpt.STS, mode, perDay, 0))
	s := report.ModeHistory{ModeSince: nov(since).Time()}
	if failed > 0 {
		s.LastFailed = nov(failed).Time()
	}
	m.PolicyStates = map[string]facts.PolicyState{"example.com": {ModeHistory: s, Senders: senders}}
	for d := nov(since); d <= nov(22); d++ {
		m.Days = append(m.Days, report.DayTotal{Day: d.Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: perDay})
	}
	return m
}

// crowd is a report that names so many MX hosts, of which the first has most
// sessions.
func crowd(rep int64, hosts int, auth report.AuthResult) *report.PolicyRow {
	details := []tlsrpt.Failure{{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: "mx.example.com", Sessions: 50}}
	for i := 1; i < hosts; i++ {
		details = append(details, tlsrpt.Failure{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: fmt.Sprintf("h%d-%d.example.net", rep, i), Sessions: 1})
	}
	p := row(rep, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, tlsrpt.Sessions(50+hosts-1), details...)
	p.Auth.Result = auth
	return p
}

// row is a policy row as the tests of judging need it.
func row(rep int64, on facts.Day, kind tlsrpt.PolicyType, mode tlsrpt.Mode, ok, failed tlsrpt.Sessions, details ...tlsrpt.Failure) *report.PolicyRow {
	return &report.PolicyRow{
		ReportRow: rep,
		Report:    tlsrpt.Report{OrganizationName: "Google Inc.", Start: on.Time(), End: (on + 1).Time()},
		Auth:      report.Authenticity{Result: report.AuthPass, Domain: "google.com"},
		Reporter:  "google.com",
		Policy:    tlsrpt.Policy{Type: kind, Domain: "example.com", Mode: mode, Successful: ok, Failed: failed, Failures: details},
	}
}

// materialOf returns a digest's material of a Monday morning made of rows.
func materialOf(rows ...*report.PolicyRow) *facts.Facts {
	m := &facts.Facts{
		Now: nov(23).Time().Add(7 * time.Hour), LastRun: nov(22).Time().Add(7 * time.Hour),
		Current: true, First: nov(22), Until: nov(23),
		Domains: []facts.DomainName{{Name: "example.com", Exact: true}}, Tally: facts.NewTally(),
	}
	for _, r := range rows {
		m.Tally.Add(r)
	}
	return m
}

// between returns the days from first to last.
func between(first, last int) []int {
	var out []int
	for d := first; d <= last; d++ {
		out = append(out, d)
	}
	return out
}
