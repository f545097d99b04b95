package db_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// name tells a policy row from all others.
func name(r *report.PolicyRow) string {
	return fmt.Sprintf("%s %s %s", r.Report.Start.Format(time.DateOnly), r.Report.ReportID, r.Policy.Domain)
}

func names(rows []*report.PolicyRow) []string {
	var all []string
	for _, r := range rows {
		all = append(all, name(r))
	}
	return all
}

// many is a database of reports of several days and domains, recorded in an
// order that is not that of their days.
func many(t *testing.T) *fixture {
	f := open(t)
	rng := rand.New(rand.NewPCG(3, 4))
	var messages []report.Message
	for i := range 500 {
		var list []tlsrpt.Policy
		for range 1 + rng.IntN(3) {
			list = append(list, policy(tlsrpt.STS, fmt.Sprintf("d%d.example", rng.IntN(60)), 1, 1, failure(tlsrpt.CertificateExpired, "mx", 1)))
		}
		messages = append(messages, f.message(newReport(fmt.Sprint(i), onDay(2026, 3, 1+rng.IntN(5)), policies(list...))))
	}
	f.record(messages...)
	return f
}

// TestEveryFilter compares what each filter selects with what going through all
// rows selects, whichever way the rows are found.
func TestEveryFilter(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many queries")
	}
	t.Parallel()
	f := many(t)
	all := f.rows(report.Filter{})
	var few, nearlyAll []string
	for i := range 60 {
		if i < 3 {
			few = append(few, fmt.Sprintf("d%d.example", i))
		}
		if i > 2 {
			nearlyAll = append(nearlyAll, fmt.Sprintf("d%d.example", i))
		}
	}
	for _, domains := range [][]string{nil, {}, few, nearlyAll, {"never.example"}} {
		for _, seq := range [][2]int64{{0, 0}, {0, 200}, {150, 0}, {150, 350}, {2000, 0}} {
			for _, days := range [][2]time.Time{{}, {day(2), day(4)}, {day(3), {}}, {{}, day(3)}} {
				filter := report.Filter{Domains: domains, SeqAfter: seq[0], SeqUpTo: seq[1], From: days[0], To: days[1]}
				var want []string
				for _, r := range all {
					at := r.Report.Day()
					if (domains == nil || slices.Contains(domains, r.Policy.Domain)) &&
						r.Seq > seq[0] && (seq[1] == 0 || r.Seq <= seq[1]) &&
						(days[0].IsZero() || !at.Before(days[0])) && (days[1].IsZero() || at.Before(days[1])) {
						want = append(want, name(r))
					}
				}
				if diff := gocmp.Diff(want, names(f.rows(filter))); diff != "" {
					t.Errorf("%d domains, news %v, days %v (-want +got):\n%s", len(domains), seq, days, diff)
				}
			}
		}
	}
}

func TestPoliciesComeInOrder(t *testing.T) {
	t.Parallel()
	f := many(t)
	for label, filter := range map[string]report.Filter{"all": {}, "news": {SeqAfter: 1}, "few domains": {Domains: []string{"d1.example", "d2.example"}}} {
		rows := f.rows(filter)
		if len(rows) < 30 {
			t.Fatalf("%s: only %d rows", label, len(rows))
		}
		if !slices.IsSortedFunc(rows, func(a, b *report.PolicyRow) int {
			return cmp.Or(a.Report.Day().Compare(b.Report.Day()), cmp.Compare(a.ReportRow, b.ReportRow))
		}) {
			t.Errorf("%s: not by day and report", label)
		}
	}
	f.record(f.message(newReport("positions", onDay(2026, 4, 1), policies(
		policy(tlsrpt.STS, "z.example", 0, 0), policy(tlsrpt.STS, "a.example", 0, 0), policy(tlsrpt.STS, "m.example", 0, 0)))))
	want := []string{"2026-04-01 positions z.example", "2026-04-01 positions a.example", "2026-04-01 positions m.example"}
	if diff := gocmp.Diff(want, names(f.rows(report.Filter{From: day(31)}))); diff != "" {
		t.Errorf("policies of one report (-want +got):\n%s", diff)
	}
}

func TestEachPolicyStopsAtAnError(t *testing.T) {
	t.Parallel()
	f := many(t)
	stop, calls := errors.New("enough"), 0
	err := f.EachPolicy(f.ctx, report.Filter{}, func(*report.PolicyRow) error {
		calls++
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("EachPolicy = %v after %d calls, want the function's error after one", err, calls)
	}
}

func TestEachPolicyHeedsItsContext(t *testing.T) {
	t.Parallel()
	f := many(t)
	ctx, cancel := context.WithCancel(f.ctx)
	err := f.EachPolicy(ctx, report.Filter{}, func(*report.PolicyRow) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("EachPolicy = %v, want context.Canceled", err)
	}
}

func TestTheFunctionMayUseTheDatabase(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a")), f.message(newReport("b")))
	calls := 0
	check(t, f.EachPolicy(f.ctx, report.Filter{}, func(*report.PolicyRow) error {
		calls++
		f.record(f.message(newReport(fmt.Sprint("later ", calls))))
		return f.EachPolicy(f.ctx, report.Filter{}, func(*report.PolicyRow) error { return nil })
	}))
	if calls != 2 {
		t.Errorf("%d calls, want 2: what is recorded meanwhile is not seen", calls)
	}
}

func TestRowsAreTheFunctionsToKeep(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a", policies(
		policy(tlsrpt.STS, "a.example", 1, 1, failure("x", "mx1", 1)), policy(tlsrpt.TLSA, "b.example", 2, 2, failure("y", "mx2", 2))))))
	rows := f.rows(report.Filter{})
	if rows[0].Policy.Domain != "a.example" || rows[0].Policy.Failures[0].ResultType != "x" || rows[1].Policy.Failures[0].ResultType != "y" {
		t.Errorf("rows changed after they were given: %+v, %+v", rows[0].Policy, rows[1].Policy)
	}
}

func TestReportsThatDoNotCountAreShown(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a", auth(report.AuthFail, "x.example"))))
	rows := f.rows(report.Filter{})
	if len(rows) != 1 || rows[0].Auth.Result != report.AuthFail {
		t.Errorf("rows %+v, want the one that failed", rows)
	}
	if got := must(f.Domains(f.ctx))(t); !slices.Equal(got, []string{"example.com"}) {
		t.Errorf("Domains = %v", got)
	}
}

func TestRejectedMessagesOfASpan(t *testing.T) {
	t.Parallel()
	f := open(t)
	for range 5 {
		m := f.message()
		m.Refused = "x"
		f.record(m)
	}
	for _, tt := range []struct {
		after, upTo int64
		want        []int64
	}{{0, 0, []int64{1, 2, 3, 4, 5}}, {2, 0, []int64{3, 4, 5}}, {2, 4, []int64{3, 4}}, {0, 1, []int64{1}}, {5, 0, nil}} {
		var got []int64
		for _, m := range must(f.RejectedMessages(f.ctx, tt.after, tt.upTo))(t) {
			got = append(got, m.Seq)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("RejectedMessages(%d, %d) = news %v, want %v", tt.after, tt.upTo, got, tt.want)
		}
	}
}

// TestNewestRejected: status shows the newest of what may be thousands, and how many
// there are (M-H2).
func TestNewestRejected(t *testing.T) {
	t.Parallel()
	f := open(t)
	refused := func(mailbox, folder string, n int) {
		t.Helper()
		for range n {
			m := f.message()
			m.Mailbox, m.Folder, m.Refused = mailbox, folder, "x"
			if mailbox == "files" {
				m.UID, m.UIDValidity, m.MessageID = 0, 0, fmt.Sprint(f.uid)
			}
			_, err := f.Record(f.ctx, report.Batch{Mailbox: mailbox, Folder: folder, Via: report.ViaPoll, Messages: []report.Message{m}})
			check(t, err)
		}
	}
	refused("reports", "INBOX", 3) // news 1 to 3
	refused("reports", "Junk", 2)
	refused("dropped", "INBOX", 4) // 6 to 9
	refused("files", "a.mbox", 2)
	for _, tt := range []struct {
		mailboxes []string
		limit     int
		want      []int64
		all       int64
	}{
		{[]string{"reports"}, 20, []int64{11, 10, 5, 4, 3, 2, 1}, 7},
		{[]string{"reports"}, 4, []int64{11, 10, 5, 4}, 7},
		{[]string{"reports", "dropped"}, 3, []int64{11, 10, 9}, 11},
		{nil, 20, []int64{11, 10}, 2},
	} {
		newest, all, err := f.NewestRejected(f.ctx, tt.mailboxes, tt.limit)
		check(t, err)
		var got []int64
		for _, m := range newest {
			got = append(got, m.Seq)
		}
		if !slices.Equal(got, tt.want) || all != tt.all {
			t.Errorf("NewestRejected(%v, %d) = news %v of %d, want %v of %d", tt.mailboxes, tt.limit, got, all, tt.want, tt.all)
		}
	}
}
