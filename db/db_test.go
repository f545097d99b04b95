package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/emptydb"
	"tlsbrief/internal/tlsrpt"
)

// noon is when the tests' clocks begin.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// A clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: noon} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// A fixture is a database on a real file.
type fixture struct {
	*db.DB
	t     testing.TB
	ctx   context.Context
	clock *clock
	path  string
	uid   uint32

	damaged bool // by the test: nothing in the file is to be believed
}

func open(t testing.TB) *fixture { return openKeep(t, 0) }

func openKeep(t testing.TB, keep time.Duration) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: newClock(), path: filepath.Join(t.TempDir(), "tlsrpt.db")}
	empty.Put(t, f.path, createEmpty)
	t.Cleanup(f.checkCounts)
	f.reopen(keep)
	return f
}

var empty emptydb.Empty

// createEmpty makes an empty database.
func createEmpty(path string) error {
	d, err := db.Open(context.Background(), path, db.Options{})
	if err != nil {
		return err
	}
	return d.Close()
}

// checkCounts holds, at the end of every test, the counts that folders keep to what
// counting gives (M-H1).
func (f *fixture) checkCounts() {
	f.t.Helper()
	if f.damaged {
		return
	}
	pool, err := sql.Open("sqlite", "file:"+f.path+"?mode=ro")
	if err != nil {
		f.t.Fatal(err)
	}
	defer pool.Close()
	rows, err := pool.Query(`SELECT mailbox || '/' || folder || ': ' || recorded || ' ' || rejected || ' ' || named || ', want ' || want FROM (
		SELECT *, (SELECT COALESCE(SUM(state = 'recorded'), 0) || ' ' || COALESCE(SUM(state = 'rejected'), 0) || ' ' || count(news)
			FROM message WHERE message.folder = folder.id) AS want FROM folder)
		WHERE recorded || ' ' || rejected || ' ' || named <> want`)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var wrong string
		if err := rows.Scan(&wrong); err != nil {
			f.t.Fatal(err)
		}
		f.t.Errorf("counts of %s", wrong)
	}
	check(f.t, rows.Err())
}

// reopen opens the fixture's file, which need not be closed.
func (f *fixture) reopen(keep time.Duration) {
	f.t.Helper()
	f.reopenWith(db.Options{Keep: keep})
}

// reopenWith is reopen with other options.
func (f *fixture) reopenWith(o db.Options) {
	f.t.Helper()
	o.Now = f.clock.now
	d, err := db.Open(f.ctx, f.path, o)
	if err != nil {
		f.t.Fatalf("Open(%s) = %v", f.path, err)
	}
	f.t.Cleanup(func() {
		if err := d.Close(); err != nil {
			f.t.Errorf("Close: %v", err)
		}
	})
	f.DB = d
}

// A change makes a report of the tests differ from the plain one.
type change func(*report.Report)

// report is a plain report of one day, which each change then changes.
func newReport(id string, changes ...change) report.Report {
	day := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	r := report.Report{
		Report: &tlsrpt.Report{
			OrganizationName: "Sender Inc.",
			ContactInfo:      "tls@sender.example",
			ReportID:         id,
			Start:            day, End: day.Add(24*time.Hour - time.Second),
			Policies: []tlsrpt.Policy{{
				Type: tlsrpt.STS, Domain: "example.com", Successful: 100,
				Strings: []string{"version: STSv1", "mode: enforce"}, MXHosts: []string{"mx.example.com"}, Mode: tlsrpt.ModeEnforce,
			}},
			JSON: []byte(`{"report-id":"` + id + `"}`),
		},
		Auth: report.Authenticity{Result: report.AuthPass, Domain: "sender.example"},
	}
	for _, c := range changes {
		c(&r)
	}
	return r
}

func auth(result report.AuthResult, domain string) change {
	return func(r *report.Report) {
		r.Auth = report.Authenticity{Result: result, Domain: domain}
		if result == report.AuthFail {
			r.Auth.Reason = "not-aligned"
		}
	}
}

// content gives a report other content under the same identity.
func content(n tlsrpt.Sessions) change {
	return func(r *report.Report) { r.Policies[0].Successful = n }
}

func onDay(year int, month time.Month, day int) change {
	return func(r *report.Report) {
		r.Start = time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		r.End = r.Start.Add(24*time.Hour - time.Second)
	}
}

func policies(p ...tlsrpt.Policy) change {
	return func(r *report.Report) { r.Policies = p }
}

// message is a message at the next free UID that holds reports.
func (f *fixture) message(reports ...report.Report) report.Message {
	f.uid++
	return report.Message{
		Place:     report.Place{Mailbox: "reports", Folder: "INBOX", UIDValidity: 7, UID: f.uid},
		MessageID: fmt.Sprintf("%d@sender.example", f.uid),
		From:      "TLS <noreply@sender.example>", Subject: "Report Domain: example.com", Submitter: "mx.sender.example",
		ReceivedAt: noon.Add(-time.Hour), Reports: reports,
	}
}

// record records messages of reports/INBOX that a poll found.
func (f *fixture) record(messages ...report.Message) []report.Outcome {
	f.t.Helper()
	return f.recordVia(report.ViaPoll, messages...)
}

func (f *fixture) recordVia(via report.Via, messages ...report.Message) []report.Outcome {
	f.t.Helper()
	outcomes, err := f.Record(f.ctx, report.Batch{Mailbox: "reports", Folder: "INBOX", Via: via, Messages: messages})
	if err != nil {
		f.t.Fatalf("Record: %v", err)
	}
	return outcomes
}

// rows are all policy rows of a filter.
func (f *fixture) rows(filter report.Filter) []*report.PolicyRow {
	f.t.Helper()
	var rows []*report.PolicyRow
	if err := f.EachPolicy(f.ctx, filter, func(p *report.PolicyRow) error {
		rows = append(rows, p)
		return nil
	}); err != nil {
		f.t.Fatalf("EachPolicy(%+v): %v", filter, err)
	}
	return rows
}

func (f *fixture) rejected() []report.RejectedMessage {
	f.t.Helper()
	return must(f.RejectedMessages(f.ctx, 0, 0))(f.t)
}

func (f *fixture) lastSeq() int64 {
	f.t.Helper()
	return must(f.LastSeq(f.ctx))(f.t)
}

// must returns a value that came without an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tlsSessions(n int) tlsrpt.Sessions { return tlsrpt.Sessions(n) }
