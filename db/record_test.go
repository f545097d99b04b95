package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tlsbrief/db"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func TestEveryFieldComesBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	want := &tlsrpt.Report{
		OrganizationName: "Sender \"Inc.\" \u202e", ContactInfo: "not an address", ReportID: "id\nwith a line",
		Start: time.Date(1969, 12, 31, 23, 0, 0, 1, time.UTC), End: time.Date(1970, 1, 1, 22, 59, 59, 999_999_999, time.UTC), // M-I7
		Deviations: []tlsrpt.Deviation{{Path: "policies[0]", What: "a string", Rule: "RFC 8460 section 4.4"}, {Path: "gzip", What: "trailing"}},
		JSON:       []byte("{}"),
		Policies: []tlsrpt.Policy{
			{
				Type: tlsrpt.TLSA, Domain: "b.example", Strings: []string{"3 1 1 ab", "<&>"}, MXHosts: []string{"mx.b.example"},
				Successful: 5, Failed: tlsrpt.MaxSessions,
				Failures: []tlsrpt.Failure{
					{ResultType: tlsrpt.TLSAInvalid, SendingMTAIP: "192.0.2.1", ReceivingMXHostname: "mx.b.example", ReceivingMXHELO: "mx", ReceivingIP: "2001:db8::1",
						Sessions: 3, AdditionalInformation: "https://sender.example/x", ReasonCode: "X_Y"},
					{ResultType: "never-heard-of"},
				},
			},
			{Type: tlsrpt.STS, Domain: "a.example", Mode: tlsrpt.ModeTesting},
		},
	}
	m := f.message(report.Report{Report: want, Auth: report.Authenticity{Result: report.AuthFail, Domain: "other.example", Reason: "not-aligned"}})
	if got := f.record(m); !slices.Equal(got, []report.Outcome{report.Recorded}) {
		t.Fatalf("Record = %v, want recorded", got)
	}
	rows := f.rows(report.Filter{})
	if len(rows) != 2 {
		t.Fatalf("%d policy rows, want 2", len(rows))
	}
	row := report.PolicyRow{
		Seq: 1, Via: report.ViaPoll, ReportRow: rows[0].ReportRow, Report: *want,
		Auth:     report.Authenticity{Result: report.AuthFail, Domain: "other.example", Reason: "not-aligned"},
		Reporter: "mx.sender.example", Submitter: "mx.sender.example", Source: "reports/INBOX", MessageID: "1@sender.example", ReceivedAt: m.ReceivedAt, RecordedAt: noon,
	}
	row.Report.Policies, row.Report.JSON = nil, nil
	for i, got := range rows {
		row.Policy, row.About = want.Policies[i], want.OwnerDomains()[i]
		if diff := cmp.Diff(&row, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestAReportsOwnTextComesBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := newReport("a")
	r.JSON = bytes.Repeat([]byte(`{"policies":[]}`), 1000)
	f.record(f.message(r))
	row := f.rows(report.Filter{})[0].ReportRow
	if got := must(f.ReportJSON(f.ctx, row))(t); !bytes.Equal(got, r.JSON) {
		t.Errorf("ReportJSON = %d bytes, want %d", len(got), len(r.JSON))
	}
	if _, err := f.ReportJSON(f.ctx, row+1); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("ReportJSON of no report = %v, want ErrNotFound", err)
	}
}

func TestADuplicateIsKnown(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := f.message(newReport("a"))
	again := f.message(newReport("a"))
	if got, want := f.record(first, again, first), []report.Outcome{report.Recorded, report.Duplicate, report.Duplicate}; !slices.Equal(got, want) {
		t.Fatalf("Record = %v, want %v", got, want)
	}
	if n := len(f.rows(report.Filter{})); n != 1 {
		t.Errorf("%d policy rows, want 1", n)
	}
	folder := must(f.Folder(f.ctx, "reports", "INBOX"))(t)
	if folder.Recorded != 1 || folder.Rejected != 0 {
		t.Errorf("Folder counts %d recorded, %d rejected; want 1, 0", folder.Recorded, folder.Rejected)
	}
}

func TestAPlaceHasOneRow(t *testing.T) {
	t.Parallel()
	good := func(m report.Message) report.Message { m.Reports = []report.Report{newReport("a")}; return m }
	refused := func(reason string) func(report.Message) report.Message {
		return func(m report.Message) report.Message { m.Refused = reason; return m }
	}
	pending := func(m report.Message) report.Message { m.Pending = "no body"; return m }
	partly := func(m report.Message) report.Message {
		m.Reports = []report.Report{newReport("a")}
		m.Refused = "part 3"
		return m
	}
	tests := []struct {
		name          string
		first, second func(report.Message) report.Message
		want          []report.Outcome
		counted       [2]int64 // recorded, rejected
		reasons       []string
	}{
		{"recorded, seen again", good, good, []report.Outcome{report.Recorded, report.Duplicate}, [2]int64{1, 0}, nil},
		{"recorded stays recorded where it could not be read again", good, refused("x"), []report.Outcome{report.Recorded, report.Duplicate}, [2]int64{1, 0}, nil},
		{"recorded stays recorded where it has no body", good, pending, []report.Outcome{report.Recorded, report.Duplicate}, [2]int64{1, 0}, nil},
		{"refused again for another reason", refused("x"), refused("y"), []report.Outcome{report.Rejected, report.Rejected}, [2]int64{0, 1}, []string{"1 y"}},
		{"refused, then read", refused("x"), good, []report.Outcome{report.Rejected, report.Recorded}, [2]int64{1, 0}, nil},
		{"refused, then read in part", refused("x"), partly, []report.Outcome{report.Rejected, report.Recorded}, [2]int64{1, 0}, []string{"1 part 3"}},
		{"refused stays refused where it has no body", refused("x"), pending, []report.Outcome{report.Rejected, report.Rejected}, [2]int64{0, 1}, []string{"1 x"}},
		{"pending, then read", pending, good, []report.Outcome{report.Pending, report.Recorded}, [2]int64{1, 0}, nil},
		{"pending, then refused", pending, refused("x"), []report.Outcome{report.Pending, report.Rejected}, [2]int64{0, 1}, []string{"1 x"}},
		{"pending, and again", pending, pending, []report.Outcome{report.Pending, report.Pending}, [2]int64{0, 0}, nil},
		{"read in part, then whole", partly, good, []report.Outcome{report.Recorded, report.Duplicate}, [2]int64{1, 0}, nil},
		{"read in part, and again", partly, partly, []report.Outcome{report.Recorded, report.Duplicate}, [2]int64{1, 0}, []string{"2 part 3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			m := f.message()
			got := append(f.record(tt.first(m)), f.record(tt.second(m))...)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			folder := must(f.Folder(f.ctx, "reports", "INBOX"))(t)
			if counted := [2]int64{folder.Recorded, folder.Rejected}; counted != tt.counted {
				t.Errorf("recorded and rejected = %v, want %v", counted, tt.counted)
			}
			var reasons []string
			for _, r := range f.rejected() {
				reasons = append(reasons, fmt.Sprint(r.Seq, " ", r.Text))
			}
			if diff := cmp.Diff(tt.reasons, reasons); diff != "" {
				t.Errorf("rejected messages (-want +got):\n%s", diff)
			}
			check(t, f.IntegrityCheck(f.ctx))
		})
	}
}

func TestAMessageOfSeveralReports(t *testing.T) {
	t.Parallel()
	old, fresh := newReport("old", auth(report.AuthNone, "")), newReport("new", auth(report.AuthNone, ""))
	conflict := newReport("old", content(5), auth(report.AuthNone, ""))
	tests := []struct {
		name    string
		reports []report.Report
		refused string
		want    report.Outcome
		reasons int
	}{
		{"one new", []report.Report{old, fresh}, "", report.Recorded, 0},
		{"none new", []report.Report{old, old}, "", report.Duplicate, 0},
		{"the same twice", []report.Report{fresh, fresh}, "", report.Recorded, 0},
		{"one new, one refused", []report.Report{fresh}, "part 2: no JSON", report.Recorded, 1},
		{"one known, one refused", []report.Report{old}, "part 2: no JSON", report.Duplicate, 1},
		{"one new, one in conflict", []report.Report{fresh, conflict}, "", report.Recorded, 1},
		{"one known, one in conflict", []report.Report{old, conflict}, "", report.Rejected, 1},
		{"in conflict with one another", []report.Report{fresh, newReport("new", content(5), auth(report.AuthNone, ""))}, "", report.Recorded, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			f.record(f.message(old))
			m := f.message(tt.reports...)
			m.Refused = tt.refused
			if got := f.record(m); got[0] != tt.want {
				t.Errorf("outcome %s, want %s", got[0], tt.want)
			}
			if got := f.rejected(); len(got) != tt.reasons {
				t.Errorf("%d rejected messages, want %d: %+v", len(got), tt.reasons, got)
			}
		})
	}
}

func TestAMarkIsOwedUntilMade(t *testing.T) {
	t.Parallel()
	f := open(t)
	owed := func() (uids []uint32, ids []int64) {
		t.Helper()
		for _, m := range must(f.MarksOwed(f.ctx, "reports", "INBOX", 7))(t) {
			uids, ids = append(uids, m.UID), append(ids, m.ID)
		}
		return uids, ids
	}
	due := func(m report.Message) report.Message { m.MarkOwed = true; return m }
	recorded, duplicate := due(f.message(newReport("a"))), due(f.message(newReport("a")))
	conflict, refused, pending := due(f.message(newReport("a", content(5)))), due(f.message()), due(f.message())
	refused.Refused, pending.Pending = "x", "x"
	f.record(recorded, duplicate, conflict, refused, pending, f.message(newReport("b")))

	uids, ids := owed()
	if want := []uint32{1, 2}; !slices.Equal(uids, want) {
		t.Fatalf("marks owed to UIDs %v, want %v: those recorded or known, not those rejected or pending", uids, want)
	}
	recorded.MarkOwed = false
	f.record(recorded) // examined again, by a backfill that does not mark
	f.reopen(0)
	if got, _ := owed(); !slices.Equal(got, uids) {
		t.Errorf("marks owed after reopening: %v, want %v", got, uids)
	}
	check(t, f.Marked(f.ctx, ids[:1]))
	if got, _ := owed(); !slices.Equal(got, []uint32{2}) {
		t.Errorf("marks owed after one was made: %v, want [2]", got)
	}
	// A pending message that is read at last is owed its mark.
	pending.Reports, pending.Pending = []report.Report{newReport("c")}, ""
	f.record(pending)
	if got, _ := owed(); !slices.Equal(got, []uint32{2, 5}) {
		t.Errorf("marks owed after the pending one was read: %v, want [2 5]", got)
	}
	if got := must(f.MarksOwed(f.ctx, "reports", "INBOX", 8))(t); len(got) != 0 {
		t.Errorf("marks owed under another UIDVALIDITY: %v", got)
	}
}

func TestFilesLeaveNoNeedlessRows(t *testing.T) {
	t.Parallel()
	f := open(t)
	file := func(path string, reports ...report.Report) report.Message {
		return report.Message{Place: report.Place{Mailbox: "files", Folder: path}, MarkOwed: true, Reports: reports}
	}
	bad := func(path, reason string) report.Message {
		m := file(path)
		m.Refused = reason
		return m
	}
	steps := []struct {
		name     string
		m        report.Message
		want     report.Outcome
		rejected int
	}{
		{"a new report", file("a.json", newReport("a")), report.Recorded, 0},
		{"another in the same file", file("a.json", newReport("b")), report.Recorded, 0},
		{"read again", file("a.json", newReport("a")), report.Duplicate, 0},
		{"a copy elsewhere", file("b.json", newReport("a")), report.Duplicate, 0},
		{"refused", bad("c.json", "x"), report.Rejected, 1},
		{"refused again", bad("c.json", "x"), report.Rejected, 1},
		{"refused for another reason", bad("c.json", "y"), report.Rejected, 2},
		{"another refused", bad("d.json", "x"), report.Rejected, 3},
		{"a conflict", file("e.json", newReport("a", content(5))), report.Rejected, 4},
		{"the conflict again", file("e.json", newReport("a", content(5))), report.Rejected, 4},
		{"known, with a part that is refused", func() report.Message { m := file("f.zip", newReport("a")); m.Refused = "x"; return m }(), report.Duplicate, 5},
		{"and again", func() report.Message { m := file("f.zip", newReport("a")); m.Refused = "x"; return m }(), report.Duplicate, 5},
	}
	for _, s := range steps {
		got, err := f.Record(f.ctx, report.Batch{Mailbox: "files", Folder: "reports/", Via: report.ViaBackfill, Messages: []report.Message{s.m}})
		check(t, err)
		if got[0] != s.want {
			t.Errorf("%s: outcome %s, want %s", s.name, got[0], s.want)
		}
		if got := len(f.rejected()); got != s.rejected {
			t.Errorf("%s: %d rejected messages, want %d", s.name, got, s.rejected)
		}
	}
	if got := must(f.MarksOwed(f.ctx, "files", "a.json", 0))(t); len(got) != 0 {
		t.Errorf("marks owed to files: %v", got)
	}
	if got := f.rows(report.Filter{})[0].Source; got != "a.json" {
		t.Errorf("source %q, want a.json", got)
	}
	for path, want := range map[string]report.Folder{
		"a.json": {Mailbox: "files", Folder: "a.json", Recorded: 2}, "b.json": {}, "c.json": {Mailbox: "files", Folder: "c.json", Rejected: 2},
	} {
		if diff := cmp.Diff(want, must(f.Folder(f.ctx, "files", path))(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if got := must(f.Folders(f.ctx))(t); len(got) != 0 {
		t.Errorf("files are among the mailboxes' folders: %+v", got)
	}
}

func TestABatchIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a")))
	empty := f.message() // neither report nor reason: the caller's mistake
	_, err := f.Record(f.ctx, report.Batch{
		Mailbox: "reports", Folder: "INBOX", Via: report.ViaPoll, Messages: []report.Message{f.message(newReport("b")), empty},
		Cursor: &report.Cursor{UIDValidity: 7, LastUID: 9},
	})
	if err == nil {
		t.Fatal("Record of an empty message did not fail")
	}
	if got := len(f.rows(report.Filter{})); got != 1 {
		t.Errorf("%d policy rows, want the one from before", got)
	}
	if got := must(f.Folder(f.ctx, "reports", "INBOX"))(t); got.Poll != nil {
		t.Errorf("the cursor moved to %+v", got.Poll)
	}
	if got := f.lastSeq(); got != 1 {
		t.Errorf("LastNews = %d, want 1: a batch that was undone gave none", got)
	}
	f.record(f.message(newReport("b")))
	if got := f.lastSeq(); got != 2 {
		t.Errorf("LastNews = %d, want 2", got)
	}
}

func TestACancelledBatchLeavesNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	_, err := f.Record(ctx, report.Batch{Mailbox: "reports", Folder: "INBOX", Via: report.ViaPoll, Messages: []report.Message{f.message(newReport("a"))}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Record = %v, want context.Canceled", err)
	}
	if got := len(f.rows(report.Filter{})); got != 0 {
		t.Errorf("%d policy rows, want none", got)
	}
}

func TestAStrangersHeaderIsBounded(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := f.message()
	m.Refused = strings.Repeat("é", 600)
	m.From = "a\xffb\x00c"
	m.Subject = strings.Repeat("s", 1<<20)
	f.record(m)
	got := f.rejected()[0]
	if len(got.Text) > 1010 || !utf8.ValidString(got.Text) {
		t.Errorf("reason of %d bytes, valid UTF-8: %t", len(got.Text), utf8.ValidString(got.Text))
	}
	if want := "a\uFFFDb\x00c"; got.From != want {
		t.Errorf("From = %q, want %q", got.From, want)
	}
	if len(got.Subject) > 1010 {
		t.Errorf("subject of %d bytes", len(got.Subject))
	}
}
