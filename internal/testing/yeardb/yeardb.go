// Package yeardb makes databases with reports of many days, for benchmarks.
package yeardb

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Year is a database with a report of every sender on every domain on each of
// the days before 23 November 2026, one in fifty of them with failures.
type Year struct{ Domains, Senders, Days int }

// fill writes the rows by SQL, since recording each report takes an hour in all.
func (y Year) fill(b testing.TB, path string, empty func(path string) error) {
	b.Helper()
	if err := empty(path); err != nil {
		b.Fatal(err)
	}
	pool, err := sql.Open("sqlite", path+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=foreign_keys(OFF)")
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	last := int(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	first := last - y.Days + 1
	n := y.Domains * y.Senders * y.Days
	// A report's number counts days first, then senders, then domains.
	each := fmt.Sprintf(`WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n + 1 < %d),
		of(id, dom, snd, day) AS (SELECT n + 1, n %% %d, n / %d %% %d, %d + n / %d FROM r) `,
		n, y.Domains, y.Domains, y.Senders, first, y.Domains*y.Senders)
	for _, q := range []string{
		"BEGIN",
		`INSERT INTO folder (id, mailbox, folder) VALUES (1, 'reports', 'INBOX')`,
		`INSERT INTO message (id, folder, uid_validity, uid, message_id, sender, subject, submitter, received_at, recorded_at, via, forwarded, state, refused, conflict, attempts, reader_version, mark_owed, unknown)
			VALUES (1, 1, 1, 1, 'm', '', '', '', 0, 0, 'poll', 0, 'recorded', '', '', 0, 1, 0, 0)`,
		fmt.Sprintf(`INSERT INTO domain (id, name) WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < %d) SELECT n, 'd' || n || '.example' FROM r`, y.Domains),
		each + `INSERT INTO report (id, news, message, recorded_at, via, day, starts_at, ends_at, organization, contact, report_id, reporter, auth, auth_domain, auth_reason, counts, deviations, json)
			SELECT id, id, 1, (day + 1) * 86400, 'poll', day, day * 86400, (day + 1) * 86400 - 1, 'Sender ' || snd, '', id, 's' || snd || '.example',
			'pass', 's' || snd || '.example', '', 1, '[]', x'' FROM of`,
		each + `INSERT INTO policy (report, position, domain, day, type, counts, overlap, successful, failed, failures, mode, strings, mx_hosts, about)
			SELECT id, 0, dom + 1, day, 'sts', 1, 0, 100, id % 50 = 0, id % 50 = 0, 'enforce', '[]', '[]', dom + 1 FROM of`,
		each + `INSERT INTO failure SELECT id, 0, 0, 'certificate-expired', '', 'mx' || (dom % 3) || '.example', '', '', 1, '', '' FROM of WHERE id % 50 = 0`,
		fmt.Sprintf("UPDATE counter SET news = %d, report = %d, message = 1", n, n),
		fmt.Sprintf("INSERT INTO digest (name, watermark, last_run, verdict, said) VALUES ('all', %d, %d, 'clear', ''), ('one', %d, %d, 'clear', '')",
			n-y.Domains*y.Senders, last*86400+7*3600, n-y.Domains*y.Senders, last*86400+7*3600),
		"COMMIT",
	} {
		if _, err := pool.Exec(q); err != nil {
			b.Fatalf("%v in %.100s", err, q)
		}
	}
}

// Open returns the path of the database. If TLSBRIEF_BENCH_DIR names a folder, Open
// makes it there once and keeps it. empty makes an empty database at a path.
func (y Year) Open(b testing.TB, empty func(path string) error) (path string) {
	b.Helper()
	dir := os.Getenv("TLSBRIEF_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	path = filepath.Join(dir, fmt.Sprintf("year-%d-%d-%d.db", y.Domains, y.Senders, y.Days))
	if _, err := os.Stat(path); err != nil {
		y.fill(b, path+".new", empty)
		if err := os.Rename(path+".new", path); err != nil {
			b.Fatal(err)
		}
	}
	return path
}
