package db_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

func policy(typ tlsrpt.PolicyType, domain string, successful, failed tlsrpt.Sessions, failures ...tlsrpt.Failure) tlsrpt.Policy {
	return tlsrpt.Policy{Type: typ, Domain: domain, Successful: successful, Failed: failed, Failures: failures}
}

func failure(result tlsrpt.ResultType, mx string, n tlsrpt.Sessions) tlsrpt.Failure {
	return tlsrpt.Failure{ResultType: result, ReceivingMXHostname: mx, Sessions: n}
}

// summed is a database with a little of everything that sums must tell apart.
func summed(t *testing.T) *fixture {
	f := open(t)
	f.record(
		f.message(newReport("1", onDay(2026, 3, 9), policies(
			policy(tlsrpt.STS, "a.example", 10, 2, failure(tlsrpt.CertificateExpired, "mx1", 1), failure(tlsrpt.CertificateExpired, "mx2", 1), failure(tlsrpt.CertificateExpired, "mx1", 4)),
			policy(tlsrpt.TLSA, "a.example", 10, 2, failure(tlsrpt.TLSAInvalid, "mx1", 2)), // counts the same
			policy(tlsrpt.TLSA, "a.example", 10, 2), // one too many to be the same
			policy(tlsrpt.STS, "b.example", 7, 0),
		))),
		f.message(newReport("2", onDay(2026, 3, 9), auth(report.AuthPass, "other.example"), policies(
			policy(tlsrpt.STS, "a.example", 100, 20, failure(tlsrpt.CertificateExpired, "mx1", 20)),
			policy(tlsrpt.STS, "a.example", 1, 0),
		))),
		f.message(newReport("3", onDay(2026, 3, 10), auth(report.AuthUnchecked, ""), policies(
			policy("new-type", "a.example", 3, 3, failure("new-result", "", 3)),
		))),
		f.message(newReport("4", onDay(2026, 3, 9), auth(report.AuthFail, "x.example"), policies(
			policy(tlsrpt.STS, "a.example", 5000, 5000, failure(tlsrpt.CertificateExpired, "mx1", 5000)),
		))),
		f.message(newReport("5", onDay(2026, 3, 8), policies(policy(tlsrpt.NoPolicyFound, "b.example", 9, 0)))),
	)
	return f
}

func TestDayTotals(t *testing.T) {
	t.Parallel()
	f := summed(t)
	a9sts := report.DayTotal{Day: day(9), Domain: "a.example", Type: tlsrpt.STS, Successful: 111, Failed: 22}
	a9tlsa := report.DayTotal{Day: day(9), Domain: "a.example", Type: tlsrpt.TLSA, Successful: 20, Failed: 4, Overlap: 12, OverlapFailed: 2}
	a10 := report.DayTotal{Day: day(10), Domain: "a.example", Type: "new-type", Successful: 3, Failed: 3}
	b8 := report.DayTotal{Day: day(8), Domain: "b.example", Type: tlsrpt.NoPolicyFound, Successful: 9}
	b9 := report.DayTotal{Day: day(9), Domain: "b.example", Type: tlsrpt.STS, Successful: 7}
	tests := []struct {
		name     string
		domains  []string
		from, to time.Time
		want     []report.DayTotal
	}{
		{"everything, by day, domain and type", nil, time.Time{}, time.Time{}, []report.DayTotal{b8, a9sts, a9tlsa, b9, a10}},
		{"from is inclusive, to is not", nil, day(9), day(10), []report.DayTotal{a9sts, a9tlsa, b9}},
		{"only from", nil, day(10), time.Time{}, []report.DayTotal{a10}},
		{"only to", nil, time.Time{}, day(9), []report.DayTotal{b8}},
		{"a day begins at its midnight", nil, day(9).Add(time.Second), day(10).Add(time.Second), []report.DayTotal{a10}},
		{"some domains", []string{"b.example", "never.example"}, time.Time{}, time.Time{}, []report.DayTotal{b8, b9}},
		{"a domain named twice counts once", []string{"b.example", "b.example"}, day(8), day(9), []report.DayTotal{b8}},
		{"no domain", []string{}, time.Time{}, time.Time{}, nil},
		{"no such day", nil, day(20), day(21), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, must(f.DayTotals(f.ctx, tt.domains, tt.from, tt.to))(t)); diff != "" {
				t.Errorf("DayTotals (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailureDays(t *testing.T) {
	t.Parallel()
	f := summed(t)
	want := []report.FailureDay{
		{Day: day(9), Domain: "a.example", Type: tlsrpt.STS, ResultType: tlsrpt.CertificateExpired, MX: "mx1", Sessions: 25},
		{Day: day(9), Domain: "a.example", Type: tlsrpt.STS, ResultType: tlsrpt.CertificateExpired, MX: "mx2", Sessions: 1},
		{Day: day(9), Domain: "a.example", Type: tlsrpt.TLSA, ResultType: tlsrpt.TLSAInvalid, MX: "mx1", Sessions: 2},
		{Day: day(10), Domain: "a.example", Type: "new-type", ResultType: "new-result", Sessions: 3},
	}
	if diff := cmp.Diff(want, must(f.FailureDays(f.ctx, nil, time.Time{}, time.Time{}))(t)); diff != "" {
		t.Errorf("FailureDays (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[3:], must(f.FailureDays(f.ctx, []string{"a.example"}, day(10), day(11)))(t)); diff != "" {
		t.Errorf("FailureDays of the 10th (-want +got):\n%s", diff)
	}
	if got := must(f.FailureDays(f.ctx, []string{"b.example"}, time.Time{}, time.Time{}))(t); len(got) != 0 {
		t.Errorf("FailureDays of b.example = %+v, want none", got)
	}
}

func TestReporterDays(t *testing.T) {
	t.Parallel()
	f := summed(t)
	want := []report.ReporterDay{
		{Day: day(8), Reporter: "sender.example", Organization: "Sender Inc."},
		{Day: day(9), Reporter: "other.example", Organization: "Sender Inc."},
		{Day: day(9), Reporter: "sender.example", Organization: "Sender Inc."},
		{Day: day(10), Reporter: "mx.sender.example", Organization: "Sender Inc."},
	}
	if diff := cmp.Diff(want, must(f.ReporterDays(f.ctx, nil, time.Time{}, time.Time{}))(t)); diff != "" {
		t.Errorf("ReporterDays (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:1], must(f.ReporterDays(f.ctx, []string{"b.example"}, day(8), day(9)))(t)); diff != "" {
		t.Errorf("ReporterDays of b.example (-want +got):\n%s", diff)
	}
	many := []string{"b.example", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}
	if diff := cmp.Diff(must(f.ReporterDays(f.ctx, []string{"b.example"}, time.Time{}, time.Time{}))(t), must(f.ReporterDays(f.ctx, many, time.Time{}, time.Time{}))(t)); diff != "" {
		t.Errorf("ReporterDays of one and of many that are the same (-one +many):\n%s", diff)
	}
	if got := must(f.ReporterDays(f.ctx, []string{"nobody.example"}, time.Time{}, time.Time{}))(t); len(got) != 0 {
		t.Errorf("ReporterDays of a domain nobody knows = %+v", got)
	}
}

func TestWhoReported(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, signer, submitter, contact, want string }{
		{"the signer", "d.example", "s.example", "x@c.example", "d.example"},
		{"unsigned: the submitter", "", " S.Example. ", "x@c.example", "s.example"},
		{"no submitter: the contact's domain", "", "", "mailto:x@C.example", "c.example"},
		{"a submitter that is no name", "", "localhost", "x@c.example", "c.example"},
		{"a contact in brackets", "", "", "Postmaster <x@c.example>", "c.example"},
		{"a contact that is a page", "", "", "https://c.example/tls", "c.example"},
		{"a contact that is neither: what it calls itself", "", "", "call us", "Sender Inc."},
		{"markup is no name", "", "<b>x.example", "", "Sender Inc."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			r := newReport("a", auth(report.AuthUnchecked, ""))
			if tt.signer != "" {
				r = newReport("a", auth(report.AuthPass, tt.signer))
			}
			r.ContactInfo = tt.contact
			m := f.message(r)
			m.Submitter = tt.submitter
			f.record(m)
			got := must(f.ReporterDays(f.ctx, nil, time.Time{}, time.Time{}))(t)
			if len(got) != 1 || got[0].Reporter != tt.want {
				t.Errorf("ReporterDays = %+v, want reporter %q", got, tt.want)
			}
		})
	}
}

func TestALiftedReportIsItsSignersThen(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a", auth(report.AuthUnchecked, ""))))
	f.record(f.message(newReport("a")))
	got := must(f.ReporterDays(f.ctx, nil, time.Time{}, time.Time{}))(t)
	if len(got) != 1 || got[0].Reporter != "sender.example" {
		t.Errorf("ReporterDays = %+v, want sender.example", got)
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		policies []tlsrpt.Policy
		want     []bool
	}{
		{"equal counts for one domain", []tlsrpt.Policy{policy(tlsrpt.STS, "a", 1, 2), policy(tlsrpt.TLSA, "a", 1, 2)}, []bool{false, true}},
		{"in either order", []tlsrpt.Policy{policy(tlsrpt.TLSA, "a", 1, 2), policy(tlsrpt.STS, "a", 1, 2)}, []bool{true, false}},
		{"another domain", []tlsrpt.Policy{policy(tlsrpt.STS, "a", 1, 2), policy(tlsrpt.TLSA, "b", 1, 2)}, []bool{false, false}},
		{"DANE at an MX host of the domain", []tlsrpt.Policy{policy(tlsrpt.STS, "a", 1, 2, failure(tlsrpt.CertificateExpired, "mx", 1)), policy(tlsrpt.TLSA, "mx", 1, 2)}, []bool{false, true}},
		{"other successes", []tlsrpt.Policy{policy(tlsrpt.STS, "a", 1, 2), policy(tlsrpt.TLSA, "a", 3, 2)}, []bool{false, false}},
		{"other failures", []tlsrpt.Policy{policy(tlsrpt.STS, "a", 1, 2), policy(tlsrpt.TLSA, "a", 1, 3)}, []bool{false, false}},
		{"two sts", []tlsrpt.Policy{policy(tlsrpt.STS, "a", 1, 2), policy(tlsrpt.STS, "a", 1, 2)}, []bool{false, false}},
		{"two tlsa, one sts", []tlsrpt.Policy{policy(tlsrpt.TLSA, "a", 1, 2), policy(tlsrpt.STS, "a", 1, 2), policy(tlsrpt.TLSA, "a", 1, 2)}, []bool{true, false, false}},
		{"two of each", []tlsrpt.Policy{policy(tlsrpt.TLSA, "a", 1, 2), policy(tlsrpt.STS, "a", 1, 2), policy(tlsrpt.TLSA, "a", 1, 2), policy(tlsrpt.STS, "a", 1, 2)}, []bool{true, false, true, false}},
		{"no policy found", []tlsrpt.Policy{policy(tlsrpt.NoPolicyFound, "a", 1, 2), policy(tlsrpt.TLSA, "a", 1, 2)}, []bool{false, false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			f.record(f.message(newReport("a", policies(tt.policies...))))
			var got []bool
			for _, r := range f.rows(report.Filter{}) {
				got = append(got, r.Overlap)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Overlap (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoCountStopsASum: SQLite's own SUM fails on what any sender may claim.
func TestNoCountStopsASum(t *testing.T) {
	t.Parallel()
	f := open(t)
	const reports, perReport = 20, 100 // 2000 times 2^53 is more than 2^63
	var messages []report.Message
	for i := range reports {
		var list []tlsrpt.Policy
		for range perReport {
			list = append(list, policy(tlsrpt.STS, "a.example", tlsrpt.MaxSessions, tlsrpt.MaxSessions, failure(tlsrpt.CertificateExpired, "mx", tlsrpt.MaxSessions)))
		}
		messages = append(messages, f.message(newReport(fmt.Sprint(i), policies(list...))))
	}
	messages = append(messages, f.message(newReport("exact", onDay(2026, 3, 1), policies(
		policy(tlsrpt.STS, "a.example", tlsrpt.MaxSessions, 1), policy(tlsrpt.STS, "a.example", tlsrpt.MaxSessions, 1), policy(tlsrpt.STS, "a.example", 1, 1)))))
	f.record(messages...)

	totals := must(f.DayTotals(f.ctx, nil, time.Time{}, time.Time{}))(t)
	if got := totals[1]; got.Successful != math.MaxInt64 || got.Failed != math.MaxInt64 {
		t.Errorf("DayTotals = %+v, want sums that stop at the largest int64", got)
	}
	// A float would have lost the last one.
	if got, want := totals[0].Successful, 2*tlsrpt.MaxSessions+1; got != want {
		t.Errorf("exact sum = %d, want %d", got, want)
	}
	if got := must(f.FailureDays(f.ctx, nil, time.Time{}, time.Time{}))(t); got[0].Sessions != math.MaxInt64 {
		t.Errorf("FailureDays = %+v", got)
	}
}

func TestTenThousandDomains(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many domains")
	}
	t.Parallel()
	f := open(t)
	const many = 10_000
	var names []string
	var list []tlsrpt.Policy
	for i := range many {
		names = append(names, fmt.Sprintf("d%05d.example", i))
		list = append(list, policy(tlsrpt.STS, names[i], 1, 1, failure(tlsrpt.CertificateExpired, "mx", 1)))
	}
	f.record(f.message(newReport("a", policies(list...))))
	if got := len(must(f.DayTotals(f.ctx, names, day(9), day(10)))(t)); got != many {
		t.Errorf("%d totals, want %d", got, many)
	}
	if got := len(must(f.FailureDays(f.ctx, names[1:], day(9), day(10)))(t)); got != many-1 {
		t.Errorf("%d failure days, want %d", got, many-1)
	}
	if got := must(f.ReporterDays(f.ctx, names[1:], day(9), day(10)))(t); len(got) != 1 {
		t.Errorf("ReporterDays = %+v", got)
	}
	if got := len(f.rows(report.Filter{Domains: names[1:]})); got != many-1 {
		t.Errorf("%d policy rows, want %d", got, many-1)
	}
	if diff := cmp.Diff(names, must(f.Domains(f.ctx))(t)); diff != "" {
		t.Error(diff)
	}
}
