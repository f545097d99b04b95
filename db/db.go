// Package db keeps what tlsbrief knows in one SQLite file: the folders examined,
// the messages taken to be reports, the reports themselves, and the digests made
// of them. Every SQL statement of the program is in this package.
//
// # Whole or not at all
//
// Every method is one transaction: it happened or it did not, whatever becomes
// of the process. What is written is on the disk before the method returns
// (synchronous FULL), so a caller may mark a message in its mailbox, or tell a
// server that a mail is sent, on the strength of it. Several processes may use
// one file side by side; a writer waits up to ten seconds for another.
//
// # Trust
//
// Strings from reports and messages are a stranger's. They are bound to
// statements, never put into them; they are stored as they came, only cut where
// they are very long, and are not safe to show. Counts are at most
// [tlsrpt.MaxSessions] each, and sums stop at the largest int64: no count makes
// a query fail.
//
// # Identity
//
// A report is recorded once. What that means is written at the identity table
// in migrations, and done in identity.go.
//
// # Files
//
// A file that is not ours is refused and never written to, nor is one that a
// newer tlsbrief has written ([ErrNewerSchema]) or one that is damaged. A symbolic
// link in the place of the database must be one that nobody but root and the running
// user can change, and so must be what it leads to; one in the place of the files
// beside it is refused. Where others may read or write the file, the log warns.
//
// Times are kept in whole seconds, those of a report's date-range as the report has
// them, and come back in UTC.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNotFound is wrapped by the error for a row that is asked for by name or
// number and is not there.
var ErrNotFound = errors.New("not found")

// Options are the settings of a DB.
type Options struct {
	Log *slog.Logger     // nil: none
	Now func() time.Time // nil: time.Now

	// Keep is how long reports, messages and sent digests are kept, counted
	// from when they were recorded; 0: for ever. What makes a report the same
	// as another is kept for ever in any case.
	Keep time.Duration

	// MaxKept is how many bytes are kept in all to judge messages later whose
	// authenticity is unknown. Beyond it the oldest are given up: their reports
	// have failed. 0: no bound.
	MaxKept int64
}

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	path   string
	opt    Options
	writer *sql.DB // one connection: SQLite has one writer, and waiting for it here heeds a context
	reader *sql.DB // as many as there are readers; none of them can write
	pack   packer

	preparing sync.Mutex                           // held by who fills prepared
	prepared  atomic.Pointer[map[string]*sql.Stmt] // statements of the writer that stay prepared; nil until the first batch
}

// Close closes the database. What was recorded stays recorded without it.
func (d *DB) Close() error {
	// The last connection to close tidies the write-ahead log into the file,
	// which a reader could not do.
	return d.fail("closing", errors.Join(d.reader.Close(), d.writer.Close()))
}

// fail says what was being done to which file when err happened; nil stays nil.
func (d *DB) fail(step string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s (database %s): %w", step, d.path, explain(err))
}

// now is the present in whole seconds.
func (d *DB) now() int64 { return d.opt.Now().Unix() }

// IntegrityCheck reads the whole file and reports the first faults that it
// finds. It takes as long as the file is large.
func (d *DB) IntegrityCheck(ctx context.Context) error {
	const step = "checking the integrity"
	faults, err := texts(d.reader.QueryContext(ctx, "PRAGMA integrity_check(10)"))
	if err != nil {
		return d.fail(step, err)
	}
	if len(faults) != 1 || faults[0] != "ok" {
		return d.fail(step, fmt.Errorf("the file is damaged; restore it from a backup: %q", faults))
	}
	orphans, err := texts(d.reader.QueryContext(ctx, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check"))
	if err != nil {
		return d.fail(step, err)
	}
	if len(orphans) > 0 {
		return d.fail(step, fmt.Errorf("the file is damaged; restore it from a backup: rows without their parents in %q", orphans))
	}
	return nil
}

// texts reads the only column of all rows.
func texts(rows *sql.Rows, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}
