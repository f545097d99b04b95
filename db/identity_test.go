package db_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
)

// standings are the recorded reports in the order they were first recorded, each
// as "content result domain reason".
func (f *fixture) standings() []string {
	f.t.Helper()
	rows := f.rows(report.Filter{})
	slices.SortFunc(rows, func(a, b *report.PolicyRow) int { return int(a.ReportRow - b.ReportRow) })
	var all []string
	for _, r := range rows {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", r.Policy.Successful, r.Auth.Result, r.Auth.Domain, r.Auth.Reason)))
	}
	return all
}

// TestIdentity delivers copies of one report, each in a message of its own, and
// looks at what stands in the end: DESIGN 5.
func TestIdentity(t *testing.T) {
	t.Parallel()
	const (
		pass, fail, none        = report.AuthPass, report.AuthFail, report.AuthNone
		unchecked, unknown      = report.AuthUnchecked, report.AuthUnknown
		recorded, dup, rejected = report.Recorded, report.Duplicate, report.Rejected
		a, b                    = 1, 2 // contents
	)
	type copy struct {
		content int
		result  report.AuthResult
		domain  string
		want    report.Outcome
	}
	tests := []struct {
		name   string
		copies []copy
		want   []string
		seq    int64 // numbers given
	}{
		{"a second copy is a duplicate",
			[]copy{{a, pass, "s.example", recorded}, {a, pass, "s.example", dup}},
			[]string{"1 pass s.example"}, 1},
		{"the signer that the report names takes over from one that guessed it, which is news",
			[]copy{{a, pass, "evil.example", recorded}, {a, pass, "mail.sender.example", dup}, {a, pass, "evil.example", dup}, {a, pass, "sender.example", dup}},
			[]string{"1 pass mail.sender.example"}, 2},
		{"a signer that the report does not name takes over from none",
			[]copy{{a, pass, "s.example", recorded}, {a, pass, "t.example", dup}},
			[]string{"1 pass s.example"}, 1},
		{"a signer that stands for other content already takes over from none",
			[]copy{{a, pass, "evil.example", recorded}, {b, pass, "sender.example", recorded}, {a, pass, "sender.example", dup}},
			[]string{"1 pass evil.example", "2 pass sender.example"}, 2},
		{"a signer that was taken over from may stand for something else",
			[]copy{{a, pass, "evil.example", recorded}, {a, pass, "sender.example", dup}, {b, pass, "evil.example", recorded}},
			[]string{"1 pass sender.example", "2 pass evil.example"}, 3},
		{"a verified copy lifts an unsigned one",
			[]copy{{a, none, "", recorded}, {a, pass, "s.example", dup}},
			[]string{"1 pass s.example"}, 2},
		{"a verified copy lifts one that failed",
			[]copy{{a, fail, "x.example", recorded}, {a, pass, "s.example", dup}},
			[]string{"1 pass s.example"}, 2},
		{"a verified copy lifts one of unknown authenticity",
			[]copy{{a, unknown, "", recorded}, {a, pass, "s.example", dup}},
			[]string{"1 pass s.example"}, 2},
		{"a verified copy lifts an unchecked one",
			[]copy{{a, unchecked, "", recorded}, {a, pass, "s.example", dup}},
			[]string{"1 pass s.example"}, 2},
		{"an unchecked copy lets a failed one count, which is news",
			[]copy{{a, fail, "x.example", recorded}, {a, unchecked, "", dup}},
			[]string{"1 unchecked"}, 2},
		{"a failed copy says more than an unsigned one, and is no news",
			[]copy{{a, none, "", recorded}, {a, fail, "x.example", dup}},
			[]string{"1 fail x.example not-aligned"}, 1},
		{"an answer replaces no answer, and is no news unless it passes",
			[]copy{{a, unknown, "", recorded}, {a, none, "", dup}},
			[]string{"1 none"}, 1},
		{"no copy takes away what another has shown",
			[]copy{{a, pass, "s.example", recorded}, {a, fail, "x.example", dup}, {a, none, "", dup}, {a, unknown, "", dup}, {a, unchecked, "", dup}, {a, pass, "t.example", dup}},
			[]string{"1 pass s.example"}, 1},
		{"a forged report does not displace a verified one, nor is it displaced",
			[]copy{{a, pass, "s.example", recorded}, {b, none, "", recorded}},
			[]string{"1 pass s.example", "2 none"}, 2},
		{"a forged report that was first does not block a verified one",
			[]copy{{a, fail, "x.example", recorded}, {b, pass, "s.example", recorded}},
			[]string{"1 fail x.example not-aligned", "2 pass s.example"}, 2},
		{"of two unverified reports the first stands",
			[]copy{{a, none, "", recorded}, {b, fail, "x.example", rejected}},
			[]string{"1 none"}, 2},
		{"of two unchecked reports the first stands",
			[]copy{{a, unchecked, "", recorded}, {b, unchecked, "", rejected}},
			[]string{"1 unchecked"}, 2},
		{"of two reports of one signer the first stands",
			[]copy{{a, pass, "s.example", recorded}, {b, pass, "s.example", rejected}},
			[]string{"1 pass s.example"}, 2},
		{"reports of two signers stand apart",
			[]copy{{a, pass, "s.example", recorded}, {b, pass, "t.example", recorded}},
			[]string{"1 pass s.example", "2 pass t.example"}, 2},
		{"a signer in the way leaves a report as it was, and says so",
			[]copy{{a, none, "", recorded}, {b, pass, "s.example", recorded}, {a, pass, "s.example", dup}},
			[]string{"1 none  conflict", "2 pass s.example"}, 2},
		{"a signer in the way of an unknown one makes it known",
			[]copy{{a, unknown, "", recorded}, {b, pass, "s.example", recorded}, {a, pass, "s.example", dup}},
			[]string{"1 fail s.example conflict", "2 pass s.example"}, 2},
		{"another signer still lifts a report that one signer is in the way of",
			[]copy{{a, none, "", recorded}, {b, pass, "s.example", recorded}, {a, pass, "s.example", dup}, {a, pass, "t.example", dup}},
			[]string{"1 pass t.example", "2 pass s.example"}, 3},
		{"a report that was lifted makes room for an unverified one",
			[]copy{{a, none, "", recorded}, {b, none, "", rejected}, {a, pass, "s.example", dup}, {b, none, "", recorded}},
			[]string{"1 pass s.example", "2 none"}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			for i, c := range tt.copies {
				got := f.record(f.message(newReport("r", content(tlsSessions(c.content)), auth(c.result, c.domain))))
				if got[0] != c.want {
					t.Errorf("copy %d: outcome %s, want %s", i, got[0], c.want)
				}
			}
			if diff := cmp.Diff(tt.want, f.standings()); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
			if got := f.lastSeq(); got != tt.seq {
				t.Errorf("LastNews = %d, want %d", got, tt.seq)
			}
			for _, r := range f.rows(report.Filter{}) {
				// What counts is seen in the sums, which read the policies' own copy.
				want := r.Auth.Result.Counts()
				totals := must(f.DayTotals(f.ctx, nil, time.Time{}, time.Time{}))(t)
				if len(totals) == 0 && want {
					t.Errorf("no total, though a report with %s counts", r.Auth.Result)
				}
			}
			check(t, f.IntegrityCheck(f.ctx))
		})
	}
}

func TestOnlyWhatCountsIsSummed(t *testing.T) {
	t.Parallel()
	f := open(t)
	sum := func() (n int64) {
		t.Helper()
		for _, d := range must(f.DayTotals(f.ctx, nil, time.Time{}, time.Time{}))(t) {
			n += int64(d.Successful)
		}
		return n
	}
	for i, step := range []struct {
		content int
		result  report.AuthResult
		want    int64
	}{
		{1, report.AuthFail, 0},
		{20, report.AuthPass, 20},  // stands apart
		{300, report.AuthNone, 20}, // in conflict with the first
		{1, report.AuthFail, 20},
	} {
		f.record(f.message(newReport("r", content(tlsSessions(step.content)), auth(step.result, "s.example"))))
		if got := sum(); got != step.want {
			t.Errorf("after step %d: %d sessions count, want %d", i, got, step.want)
		}
	}
	f.record(f.message(newReport("other", content(4000), auth(report.AuthNone, ""))))
	if got := sum(); got != 20 {
		t.Errorf("an unsigned report counts: %d", got)
	}
	f.record(f.message(newReport("other", content(4000), auth(report.AuthPass, "s.example"))))
	if got := sum(); got != 4020 {
		t.Errorf("a report that was lifted does not count: %d", got)
	}
}

func TestDifferentIdentitiesAreDifferentReports(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]change{
		"report-id":         func(r *report.Report) { r.ReportID = "x" },
		"organization-name": func(r *report.Report) { r.OrganizationName = "x" },
		"start":             func(r *report.Report) { r.Start = r.Start.Add(time.Second) },
		"end":               func(r *report.Report) { r.End = r.End.Add(time.Second) },
		"policy domain":     func(r *report.Report) { r.Policies[0].Domain = "x.example" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			if got := f.record(f.message(newReport("r")), f.message(newReport("r", other))); got[1] != report.Recorded {
				t.Errorf("outcome %s, want recorded", got[1])
			}
		})
	}
}

func TestAConflictIsExplained(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("r", auth(report.AuthNone, ""))))
	f.clock.pass(49 * time.Hour)
	m := f.message(newReport("r", content(5), auth(report.AuthNone, "")))
	f.record(m)
	got := f.rejected()
	if len(got) != 1 {
		t.Fatalf("%d rejected messages, want 1", len(got))
	}
	want := report.RejectedMessage{
		Place: m.Place, Seq: 2, Via: report.ViaPoll, MessageID: m.MessageID, From: m.From, Subject: m.Subject,
		Text:       `report "r" of "Sender Inc." conflicts with the one recorded 2026-03-10 12:00 UTC from TLS <noreply@sender.example>: the same identity, other content`,
		ReceivedAt: m.ReceivedAt, RecordedAt: noon.Add(49 * time.Hour),
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("rejected message (-want +got):\n%s", diff)
	}
}

func TestAVerifiedConflictNamesTheSigner(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("r")))
	f.record(f.message(newReport("r", content(5))))
	if got := f.rejected(); len(got) != 1 || !strings.Contains(got[0].Text, "from sender.example:") {
		t.Errorf("rejected messages %+v do not name sender.example", got)
	}
}

func TestTheSignerThatTakesOverIsTheReporter(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("r", auth(report.AuthPass, "evil.example"))))
	// Its own signer's is tried again, though the report passed already.
	f.record(f.raw(newReport("r", auth(report.AuthUnknown, ""))))
	unknown := f.unknown()
	if len(unknown) != 1 {
		t.Fatalf("UnknownMessages = %+v, want the second copy", unknown)
	}
	check(t, f.Authenticated(f.ctx, decision(unknown[0].ID, answers(pass("sender.example"), newReport("r")))))
	days := must(f.ReporterDays(f.ctx, nil, time.Time{}, time.Time{}))(t)
	if len(days) != 1 || days[0].Reporter != "sender.example" {
		t.Errorf("reporters %+v, want sender.example alone", days)
	}
}

func TestALiftedReportIsNewsByTheWayItWasLifted(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.recordVia(report.ViaBackfill, f.message(newReport("r", auth(report.AuthNone, ""))))
	f.record(f.message(newReport("r")))
	rows := f.rows(report.Filter{SeqAfter: 1})
	if len(rows) != 1 || rows[0].Seq != 2 || rows[0].Via != report.ViaPoll {
		t.Errorf("news after 1: %+v, want one with news 2 by poll", rows)
	}
}
