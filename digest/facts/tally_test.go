package facts

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func TestCausesOf(t *testing.T) {
	t.Parallel()
	detail := func(r tlsrpt.ResultType, mx string, n tlsrpt.Sessions) tlsrpt.Failure {
		return tlsrpt.Failure{ResultType: r, ReceivingMXHostname: mx, Sessions: n}
	}
	key := func(r tlsrpt.ResultType, mx string) Cause { return Cause{tlsrpt.STS, r, mx} }
	tests := []struct {
		name    string
		failed  tlsrpt.Sessions
		details []tlsrpt.Failure
		want    map[Cause]causeShare
	}{
		{"nothing failed", 0, nil, map[Cause]causeShare{}},
		{"details are added up by result and MX host", 7, []tlsrpt.Failure{detail("a", "x", 1), detail("a", "x", 2), detail("a", "y", 4)},
			map[Cause]causeShare{key("a", "x"): {sessions: 3, raw: 3}, key("a", "y"): {sessions: 4, raw: 4}}},
		{"a cause is held to the total (R14, Q8)", 1, []tlsrpt.Failure{detail("a", "x", 1), detail("a", "x", 1)},
			map[Cause]causeShare{key("a", "x"): {sessions: 1, raw: 2, bound: true}}},
		{"causes that overlap stand each for itself", 5, []tlsrpt.Failure{detail("a", "x", 5), detail("b", "x", 5)},
			map[Cause]causeShare{key("a", "x"): {sessions: 5, raw: 5}, key("b", "x"): {sessions: 5, raw: 5}}},
		{"totals without details", 9, nil, map[Cause]causeShare{key("", ""): {sessions: 9, raw: 9}}},
		{"the rest of a total", 9, []tlsrpt.Failure{detail("a", "x", 4)},
			map[Cause]causeShare{key("a", "x"): {sessions: 4, raw: 4}, key("", ""): {sessions: 5, raw: 5}}},
		{"details without counts stand for up to all", 9, []tlsrpt.Failure{detail("a", "x", 0)},
			map[Cause]causeShare{key("a", "x"): {sessions: 9, bound: true}}},
		{"a detail without a count beside others says nothing", 4, []tlsrpt.Failure{detail("a", "x", 4), detail("b", "x", 0)},
			map[Cause]causeShare{key("a", "x"): {sessions: 4, raw: 4}}},
		{"details beside a total of 0 are not hidden", 0, []tlsrpt.Failure{detail("a", "x", 4)},
			map[Cause]causeShare{key("a", "x"): {sessions: 4, raw: 4, bound: true, contradicted: true}}},
		{"details without a result type join the unexplained", 9, []tlsrpt.Failure{detail("", "", 4)},
			map[Cause]causeShare{key("", ""): {sessions: 9, raw: 9}}},
		{"sums do not wrap around", tlsrpt.MaxSessions, []tlsrpt.Failure{detail("a", "x", 1<<63-1), detail("a", "x", 1<<63-1)},
			map[Cause]causeShare{key("a", "x"): {sessions: tlsrpt.MaxSessions, raw: 1<<63 - 1, bound: true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := causesOf(&report.PolicyRow{Policy: tlsrpt.Policy{Type: tlsrpt.STS, Failed: tt.failed, Failures: tt.details}})
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(causeShare{})); diff != "" {
				t.Errorf("causesOf (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTallyTotals(t *testing.T) {
	t.Parallel()
	overlap := row(1, nov(22), tlsrpt.TLSA, "", 100, 5)
	overlap.Overlap = true
	unverified := row(2, nov(22), tlsrpt.STS, "", 0, 1000)
	unverified.Auth = report.Authenticity{Result: report.AuthFail, Reason: "key-gone"}
	huge := row(3, nov(22), tlsrpt.NoPolicyFound, "", 1<<63-1, 0)

	tl := NewTally()
	for _, r := range []*report.PolicyRow{row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 100, 5), overlap, unverified} {
		tl.Add(r)
	}
	if want := (Totals{100, 5}); tl.Overall != want {
		t.Errorf("overall = %+v, want %+v: sessions counted under sts and tlsa count once, unverified ones never", tl.Overall, want)
	}
	if got := tl.Domains["example.com"].Types[tlsrpt.TLSA].Totals; got != (Totals{100, 5}) {
		t.Errorf("tlsa alone = %+v, want its own 105", got)
	}
	if got := len(tl.Uncounted.Reports); got != 1 {
		t.Errorf("reports that do not count = %d, want 1", got)
	}
	tl.Add(huge)
	tl.Add(huge)
	if got := tl.Overall.Sessions(); got != 1<<63-1 {
		t.Errorf("the sum of huge counts = %d, want it to stop at the largest", got)
	}
}

func TestReporterOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                       string
		signer, submitter, contact string
		want                       Reporter
	}{
		{"the signing domain first", "google.com", "other.example", "a@third.example", Reporter{"google.com", "Sender Inc."}},
		{"then the submitter", "", "Other.Example", "a@third.example", Reporter{"other.example", "Sender Inc."}},
		{"then the contact", "", "", "a@third.example", Reporter{"third.example", "Sender Inc."}},
		{"what is no host name is none", "", "not a domain", "call <b>@<i>", Reporter{"", "Sender Inc."}},
		{"nor is what may not be part of a command", "", "a..example", "", Reporter{"", "Sender Inc."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &report.PolicyRow{Submitter: tt.submitter, Auth: report.Authenticity{Result: report.AuthUnchecked, Domain: tt.signer}}
			if tt.signer != "" {
				r.Auth.Result = report.AuthPass
			}
			r.Report.ContactInfo, r.Report.OrganizationName = tt.contact, "Sender Inc."
			r.Reporter = report.ReporterOf(&r.Report, r.Auth, r.Submitter)
			if got := reporterOf(r); got != tt.want {
				t.Errorf("reporterOf = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestIsNews(t *testing.T) {
	t.Parallel()
	cutoff := instant(t, "2026-11-22T07:00:00Z")
	tests := []struct {
		name string
		via  report.Via
		end  string
		want bool
	}{
		{"a poll's report is news however old", report.ViaPoll, "2020-01-01T23:59:59Z", true},
		{"a backfill's of the nominal day", report.ViaBackfill, "2026-11-22T23:59:59Z", true},
		{"a backfill's of before is history", report.ViaBackfill, "2026-11-21T23:59:59Z", false},
		{"a backfill's that ends at the cutoff is history", report.ViaBackfill, "2026-11-22T07:00:00Z", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &report.PolicyRow{Via: tt.via}
			r.Report.End = instant(t, tt.end)
			if got := isNews(r, cutoff); got != tt.want {
				t.Errorf("isNews(%s, %s) = %t, want %t", tt.via, tt.end, got, tt.want)
			}
		})
	}
}
