package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tlsbrief/internal/fileperm"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks a file as ours in its header ("tlsb"): SQLite's own means
// to tell one program's database from another's.
const applicationID = 0x746c7362

// minFile is the smallest page, and so the smallest file, of SQLite, in bytes. It
// takes what is smaller for an empty file and would write over it.
const minFile = 512

// ErrNewerSchema means that a newer tlsbrief has written the database: this one
// must stop, not guess.
var ErrNewerSchema = errors.New("the database was written by a newer tlsbrief")

// ErrNotOurs is wrapped by the error for a file that exists and is not a
// database of tlsbrief. It has not been touched.
var ErrNotOurs = errors.New("not a tlsbrief database")

// Open opens the database at path, creates it where there is none, and brings an
// older one up to date. The folder must exist and be writable, also for the two
// files that SQLite keeps beside the database.
//
// Errors wrap [ErrNewerSchema] or [ErrNotOurs] where the file is one that this
// program must leave alone.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := ensureFile(path); err != nil {
		return nil, err
	}
	d := &DB{path: path, opt: o}
	if err := ensureOurs(ctx, path); err != nil {
		return nil, d.fail("opening", err)
	}
	var err error
	// A batch's pages stay in memory, and so does what SQLite notes to undo one
	// statement of it: on disk that is a third of what recording takes.
	if d.writer, err = sql.Open("sqlite", dsn(path, "_txlock", "immediate", "_pragma", "cache_size(-4000)", "_pragma", "temp_store(MEMORY)")); err != nil {
		return nil, d.fail("opening", err)
	}
	d.writer.SetMaxOpenConns(1)
	if d.reader, err = sql.Open("sqlite", dsn(path, "_query_only", "1")); err != nil {
		return nil, d.fail("opening", errors.Join(err, d.writer.Close()))
	}
	d.reader.SetMaxIdleConns(4)
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.warnOfOthers(ctx)
	return d, nil
}

// ensureFile creates an empty file where there is none, so that only its owner
// may read it: SQLite would go by the umask, and gives the files beside it the
// same mode. A file that exists is not opened here: closing it would drop the
// locks that another connection of this process holds.
func ensureFile(path string) error {
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("opening database %s: the folder %s does not exist; create it, or change database.path: %w", path, folder, err)
	case err != nil:
		return fmt.Errorf("opening database %s: %w", path, err)
	case !info.IsDir():
		return fmt.Errorf("opening database %s: %s is not a folder; change database.path", path, folder)
	}
	if err := refuseLinks(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		return f.Close()
	}
	info, statErr := os.Stat(path)
	switch {
	case statErr != nil:
		return fmt.Errorf("creating database %s: the folder must be writable for the user tlsbrief runs as: %w", path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("opening database %s: not a file; change database.path", path)
	case info.Size() > 0 && info.Size() < minFile:
		return fmt.Errorf("opening database %s: %w, nor any SQLite file; it was left as it is; change database.path", path, ErrNotOurs)
	}
	return nil
}

// dsn names the file to the driver. Pragmas stand here because every connection
// of a pool must have them, and an Exec reaches only one.
func dsn(path string, more ...string) string {
	q := url.Values{
		"mode":          {"rw"}, // a file that vanished is an error, not a new one
		"_busy_timeout": {"10000"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"1"},
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
	}
	for i := 0; i < len(more); i += 2 {
		q.Add(more[i], more[i+1])
	}
	return uri(path) + "?" + q.Encode()
}

// uri is the path as SQLite reads it: what has a meaning in a URI is escaped.
func uri(path string) string {
	escaped := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	return "file:" + strings.ReplaceAll(escaped, "//", "/")
}

// ensureOurs refuses a file that is not ours before anything is written to it,
// and marks an empty one as ours. It asks SQLite, and not the file's first
// bytes, because what they should say may still be in the write-ahead log.
func ensureOurs(ctx context.Context, path string) error {
	pool, err := sql.Open("sqlite", uri(path)+"?mode=rw&_busy_timeout=10000&_txlock=immediate&_error_rc=1")
	if err != nil {
		return err
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)

	id, objects, err := nature(ctx, pool)
	if err != nil {
		return err
	}
	switch {
	case id == applicationID:
		return nil
	case id != 0 || objects != 0:
		return fmt.Errorf("%w: another program's SQLite file; change database.path", ErrNotOurs)
	}
	_, err = pool.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
	return err
}

// nature returns a file's application id and how many tables and the like it has.
func nature(ctx context.Context, pool *sql.DB) (id, objects int64, err error) {
	err = pool.QueryRowContext(ctx,
		"SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)").Scan(&id, &objects)
	return id, objects, err
}

// explain says what to do about an error of SQLite's, where its words do not.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the rest is detail
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w, nor any SQLite file; it was left as it is; change database.path: %w", ErrNotOurs, err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("the file is damaged; it was left as it is; restore it from a backup: %w", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("the file and its folder must be writable for the user tlsbrief runs as: %w", err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk is full; nothing was recorded: %w", err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk fails, or takes no larger file (a quota, a limit such as ulimit -f): %w", err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("another process has been writing for too long; try again: %w", err)
	}
	return err
}

// busy reports whether another has the file locked.
func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// permanent reports whether an error of SQLite's is about the file or the disk, so that
// another try a moment later would end the same way.
func permanent(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}

// migrateTimeout is for how long others may be in the way of bringing the schema
// up to date, beside what SQLite itself waits for a lock.
const migrateTimeout = 10 * time.Second

// migrate brings the schema up to date, or refuses it if it is newer.
func (d *DB) migrate(ctx context.Context) error {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return d.fail("reading the migrations", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, d.writer, folder,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return d.fail("reading the migrations", err)
	}
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version
	begun := time.Now()
	for {
		have, err := d.SchemaVersion(ctx)
		switch {
		case err != nil && !busy(err):
			return err
		case err != nil: // another is making the file: SQLite does not wait for that
		case have > newest:
			return d.fail("opening", fmt.Errorf("%w: schema %d, this one knows %d; use the newer program, or another file", ErrNewerSchema, have, newest))
		case have == newest:
			return nil
		default:
			_, err = p.Up(ctx)
		}
		if err == nil {
			d.opt.Log.DebugContext(ctx, "brought the database up to date", "path", d.path)
			return nil
		}
		// Another process may have migrated at the same moment: each migration
		// is one transaction, so the loser fails whole and finds it done. It may
		// lose again at the next one, so it leaves the other some time.
		if permanent(err) || time.Since(begun) > migrateTimeout {
			return d.fail("bringing the schema up to date", err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return d.fail("bringing the schema up to date", errors.Join(err, ctx.Err()))
		}
	}
}

// SchemaVersion is the number of the last migration applied to the file; 0
// before the first.
func (d *DB) SchemaVersion(ctx context.Context) (int64, error) {
	var tables, version int64
	err := d.writer.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'").Scan(&tables)
	if err == nil && tables > 0 {
		err = d.writer.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	}
	if err != nil {
		return 0, d.fail("reading the schema's version", err)
	}
	return version, nil
}

// besides are the endings of the files that SQLite keeps beside a database.
func besides() []string { return []string{"-wal", "-shm", "-journal"} }

// refuseLinks refuses a database whose files are symbolic links by which somebody
// else decides what is written to: in a folder that others may write to, anybody can
// put one there. The database itself may be a link of root's or the running user's to
// a file of theirs that is there, in folders that nobody else may change.
func refuseLinks(path string) error {
	if isLink(path) {
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return fmt.Errorf("opening database %s: it is a symbolic link that leads nowhere; remove it, or make the file that it names: %w", path, err)
		}
		if f := fileperm.Changeable(path); f != nil && !f.Unsure {
			return fmt.Errorf("opening database %s: it is a symbolic link to %s, and %w; or change database.path", path, target, f)
		}
		if err := refuseLinksBeside(target); err != nil {
			return err
		}
	}
	return refuseLinksBeside(path)
}

func refuseLinksBeside(path string) error {
	for _, end := range besides() {
		if isLink(path + end) {
			return fmt.Errorf("opening database %s: %s is a symbolic link, which SQLite never makes; remove it", path, path+end)
		}
	}
	return nil
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// warnOfOthers logs that others may read or write what is recorded.
func (d *DB) warnOfOthers(ctx context.Context) {
	for _, f := range []*fileperm.Fault{fileperm.Writable(d.path), fileperm.Readable(d.path)} {
		if f != nil {
			d.opt.Log.WarnContext(ctx, f.Error())
		}
	}
}
