package db

import (
	"context"
	"database/sql"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// plan explains how a query would be done, a line a step.
func plan(t *testing.T, pool *sql.DB, query string, args ...any) string {
	t.Helper()
	rows, err := pool.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var a, b, c int
		var step string
		if err := rows.Scan(&a, &b, &c, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "\n")
}

func openForPlans(t *testing.T) *DB {
	t.Helper()
	d, err := Open(context.Background(), filepath.Join(t.TempDir(), "tlsrpt.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestSumsReadOnlyTheirSpan: what a digest costs must follow from its days, not
// from the years stored.
func TestSumsReadOnlyTheirSpan(t *testing.T) {
	t.Parallel()
	d := openForPlans(t)
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for name, domains := range map[string][]string{"all domains": nil, "some domains": {"a.example"}} {
		clause, args, err := span(domains, from, from.AddDate(0, 0, 14))
		if err != nil {
			t.Fatal(err)
		}
		for use, tt := range map[string]struct{ query, index string }{
			"totals":   {"SELECT d.name, p.day, p.type, SUM(p.successful)" + clause + "GROUP BY d.id, p.day, p.type, p.overlap", "COVERING INDEX policy_sum (about=? AND day>? AND day<?)"},
			"failures": {"SELECT p.report, p.position, p.day, p.type" + clause + "AND p.failures > 0", "INDEX policy_failing (about=? AND day>? AND day<?)"},
		} {
			if got := plan(t, d.reader, tt.query, args...); !strings.Contains(got, tt.index) {
				t.Errorf("%s of %s:\n%s\nwant %s", use, name, got, tt.index)
			}
		}
	}
}

// TestNothingReadsAWholeTable plans the queries that are asked often.
func TestNothingReadsAWholeTable(t *testing.T) {
	t.Parallel()
	d := openForPlans(t)
	const n = 1
	tests := []struct {
		name, query string
		args        []any
		index       string
	}{
		{"a message by place", selectMessage + "WHERE folder = ? AND uid_validity = ? AND uid = ? AND uid > 0", []any{n, n, n}, "message_place (folder=? AND uid_validity=? AND uid=?)"},
		{"a refused file", "SELECT 1 FROM message WHERE folder = ? AND uid < 1 AND refused = ?", []any{n, "x"}, "message_file (folder=? AND refused=?)"},
		{"marks owed", "SELECT uid FROM message WHERE folder = ? AND uid_validity = ? AND mark_owed = 1 AND state IN ('recorded', 'duplicate') ORDER BY uid", []any{n, n}, "message_mark (folder=? AND uid_validity=?)"},
		{"pending", "SELECT uid FROM message WHERE folder = ? AND state = 'pending' ORDER BY attempts, id LIMIT ?", []any{n, n}, "message_pending (folder=?)"},
		{"what is recorded of a folder", "SELECT uid FROM message WHERE folder = ? AND uid_validity = ? AND uid > 0 AND state IN ('recorded', 'duplicate') ORDER BY uid DESC LIMIT ?", []any{n, n, n}, "message_place (folder=? AND uid_validity=? AND uid>?)"},
		{"unknown", "SELECT uid FROM message WHERE unknown = 1 ORDER BY next_try, id", nil, "message_unknown"},
		{"unknown and due", "SELECT uid FROM message WHERE unknown = 1 AND next_try <= ? AND id <= ? ORDER BY next_try, id", []any{n, n}, "message_unknown (next_try<?)"},
		{"how many are unknown", "SELECT count(*) FROM message WHERE unknown = 1", nil, "COVERING INDEX message_unknown"},
		{"rejected by an older reader", "SELECT uid FROM message WHERE folder = ? AND state = 'rejected' AND reader_version < 2", []any{n}, "message_rejected (folder=? AND reader_version<?)"},
		{"the newest rejected", newestRejected, []any{n, "[]", n}, "SEARCH newest USING COVERING INDEX message_named (folder=? AND news>?)"},
		{"copies of a report", selectCopies, []any{"x"}, "PRIMARY KEY (identity=?)"},
		{"news", "SELECT id FROM report INDEXED BY report_news WHERE news > ? AND news <= ? AND day >= ? AND day < ? ORDER BY day, id", []any{n, n, n, n}, "report_news (news>? AND news<?)"},
		{"a day's reports", "SELECT id FROM report WHERE day = ? AND id > ? AND news <= ? ORDER BY id LIMIT ?", []any{n, n, n, n}, "report_day (day=? AND rowid>?)"},
		{"the next day", "SELECT day FROM report WHERE day > ? AND day < ? ORDER BY day LIMIT 1", []any{n, n}, "COVERING INDEX report_day (day>? AND day<?)"},
		{"rejected messages", "SELECT news FROM message WHERE news > ? AND (? = 0 OR news <= ?) ORDER BY news", []any{n, n, n}, "message_news (news>?)"},
		{"what to prune", "SELECT id FROM report WHERE recorded_at < ? LIMIT ?", []any{n, n}, "report_recorded_at (recorded_at<?)"},
		{"a message's reports", "SELECT 1 FROM report WHERE message = ?", []any{n}, "report_message (message=?)"},
		{"the last day of a mode", lastOfMode, []any{"x", "testing", n}, "INDEX policy_mode (about=? AND mode=? AND day<?)"},
		{"the first day of a mode", firstOfMode, []any{"x", "testing", n, n}, "INDEX policy_mode (about=? AND mode=? AND day>? AND day<?)"},
		{"the last failure", lastFailure, []any{"x", n}, "INDEX policy_trouble (about=? AND day<?)"},
		{"who is heard of next", nextHeard, []any{n, "a", "b", n}, "COVERING INDEX report_heard ((day,reporter,organization)>(?,?,?) AND day<?)"},
		{"a report of one of them", strings.Replace(aboutWanted, "%s", "1, 2", 1), []any{n, "a", "b"}, "COVERING INDEX report_heard (day=? AND reporter=? AND organization=?)"},
		{"reports on several days", longReports, []any{n, n, n, n}, "report_long (day>? AND day<?)"},
		{"reports on days that were not over", earlyReports, []any{n, n, n, n}, "report_early (day>? AND day<?)"},
		{"rejected until its day comes", "SELECT uid FROM message WHERE folder = ? AND again_at <= ? AND reader_version >= ? AND uid > 0 ORDER BY again_at, id", []any{n, n, n}, "message_again (folder=? AND again_at<?)"},
		{"the domains that count", countedDomains, nil, "SEARCH p EXISTS USING COVERING INDEX policy_sum (about=?)"},
		{"waiting mail", "SELECT id FROM outbox WHERE id IN (SELECT mail FROM recipient WHERE state = 'waiting') ORDER BY id", nil, "recipient_waiting"},
	}
	scan := regexp.MustCompile(`(?m)^SCAN \w+$`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := plan(t, d.reader, tt.query, tt.args...)
			if !strings.Contains(got, tt.index) || scan.MatchString(got) {
				t.Errorf("planned as\n%s\nwant %s", got, tt.index)
			}
		})
	}
}

// TestAFolderIsReadWithoutItsMessages: an idle poll and status read one row a folder,
// whatever is kept of it (M-H1).
func TestAFolderIsReadWithoutItsMessages(t *testing.T) {
	t.Parallel()
	d := openForPlans(t)
	for name, q := range map[string]struct {
		query string
		args  []any
		want  string
	}{
		"one": {selectFolder + "WHERE mailbox = ? AND folder = ?", []any{"a", "b"}, "SEARCH folder USING INDEX sqlite_autoindex_folder_1 (mailbox=? AND folder=?)"},
		"all": {selectFolder + "WHERE mailbox <> ? ORDER BY mailbox, folder", []any{"files"}, "SCAN folder USING INDEX sqlite_autoindex_folder_1"},
	} {
		if got := plan(t, d.reader, q.query, q.args...); got != q.want {
			t.Errorf("%s: planned as\n%s\nwant %s", name, got, q.want)
		}
	}
}

// The reports of a span of news are looked up one by one where a digest is of some
// domains, and no policy beside theirs.
func TestNewsOfSomeDomainsReadOnlyTheirSpan(t *testing.T) {
	t.Parallel()
	got := plan(t, openForPlans(t).reader, reportsOfDomains, "[]", 1, 1, 1, 1)
	for _, want := range []string{"SEARCH report USING INDEX report_news (news>? AND news<?)", "SEARCH p EXISTS USING PRIMARY KEY (report=?)"} {
		if !strings.Contains(got, want) {
			t.Errorf("planned as\n%s\nwant %s", got, want)
		}
	}
}

// TestWalksNeedNoSort: what walks in order must not sort first, in
// memory or in a file.
func TestWalksNeedNoSort(t *testing.T) {
	t.Parallel()
	d := openForPlans(t)
	clause, args, err := span(nil, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]struct {
		query string
		args  []any
	}{
		"days":     {"SELECT id FROM report WHERE day = ? AND id > ? AND news <= ? ORDER BY id LIMIT ?", []any{1, 1, 1, 1}},
		"policies": {"SELECT position FROM policy WHERE report = ? ORDER BY position", []any{1}},
		"messages": {arrivedAhead, []any{1}},
		"modes":    {lastOfMode, []any{"x", "testing", 1}},
		"troubles": {lastFailure, []any{"x", 1}},
		"failures": {"SELECT sessions FROM failure WHERE report = ? AND policy = ? ORDER BY position", []any{1, 1}},
		"totals":   {"SELECT SUM(p.successful)" + clause + "GROUP BY d.id, p.day, p.type, p.overlap ORDER BY d.id, p.day, p.type, p.overlap", args},
	} {
		if got := plan(t, d.reader, q.query, q.args...); strings.Contains(got, "TEMP B-TREE") {
			t.Errorf("%s sorts:\n%s", name, got)
		}
	}
}
