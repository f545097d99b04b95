package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/report"
)

// behind changes a database behind the package's back.
func behind(t *testing.T, path string, statements ...string) {
	t.Helper()
	pool, err := sql.Open("sqlite", "file:"+path)
	check(t, err)
	defer pool.Close()
	for _, s := range statements {
		if _, err := pool.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func tryOpen(t *testing.T, path string) error {
	t.Helper()
	d, err := db.Open(t.Context(), path, db.Options{})
	if err == nil {
		check(t, d.Close())
	}
	return err
}

func TestOpenCreatesAFileForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a")))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(f.path + suffix)
		check(t, err)
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(f.path+suffix), got)
		}
	}
}

func TestOpenTakesAnyPath(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "a?mode=memory.db", "a#b.db", "100%25.db", "a&b=c.db", "ü.db", "a:b.db", "-x"} {
		path := filepath.Join(t.TempDir(), name)
		if err := tryOpen(t, path); err != nil {
			t.Errorf("Open(%q) = %v", name, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("Open(%q) made another file: %v", name, err)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		check(t, err)
		if len(entries) != 1 {
			t.Errorf("Open(%q) left %v", name, entries)
		}
	}
}

func TestOpenTakesARelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	check(t, tryOpen(t, "tlsrpt.db"))
	if _, err := os.Stat("tlsrpt.db"); err != nil {
		t.Error(err)
	}
}

func TestOpenAgainKeepsWhatWasRecorded(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a")))
	check(t, f.Close())
	f.reopen(0)
	if got := len(f.rows(report.Filter{})); got != 1 {
		t.Errorf("%d policy rows, want 1", got)
	}
	if got := must(f.SchemaVersion(f.ctx))(t); got < 2 {
		t.Errorf("SchemaVersion = %d", got)
	}
}

func TestOpenTakesAnEmptyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tlsrpt.db")
	check(t, os.WriteFile(path, nil, 0o640))
	check(t, tryOpen(t, path))
	check(t, tryOpen(t, path))
}

// TestOpenRefuses tries files that must be left as they are, byte for byte.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	ours := func(t *testing.T, path string) {
		f := open(t)
		f.record(f.message(newReport("a")))
		check(t, f.Close())
		data, err := os.ReadFile(f.path)
		check(t, err)
		check(t, os.WriteFile(path, data, 0o600))
	}
	tests := []struct {
		name  string
		make  func(t *testing.T, path string)
		is    error
		words string
	}{
		{"another program's database", func(t *testing.T, path string) {
			behind(t, path, "CREATE TABLE bookmarks (url TEXT)", "INSERT INTO bookmarks VALUES ('x')")
		}, db.ErrNotOurs, "another program's"},
		{"another program's database with an id of its own", func(t *testing.T, path string) {
			behind(t, path, "PRAGMA application_id = 252006675", "CREATE TABLE x (y)")
		}, db.ErrNotOurs, "change database.path"},
		{"another program's empty database with an id of its own", func(t *testing.T, path string) {
			behind(t, path, "PRAGMA application_id = 252006675")
		}, db.ErrNotOurs, "change database.path"},
		{"another program that uses the same migrations", func(t *testing.T, path string) {
			behind(t, path, "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY, version_id INTEGER, is_applied INTEGER, tstamp TEXT)")
		}, db.ErrNotOurs, "change database.path"},
		{"no database", func(t *testing.T, path string) {
			check(t, os.WriteFile(path, bytes.Repeat([]byte("[database]\npath = \"x\"\n"), 500), 0o600))
		}, db.ErrNotOurs, "left as it is"},
		{"a few bytes", func(t *testing.T, path string) {
			check(t, os.WriteFile(path, []byte("x"), 0o600))
		}, db.ErrNotOurs, "left as it is"},
		{"a newer schema", func(t *testing.T, path string) {
			ours(t, path)
			behind(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
		}, db.ErrNewerSchema, "schema 9999"},
		{"a damaged schema", func(t *testing.T, path string) {
			ours(t, path)
			file, err := os.OpenFile(path, os.O_RDWR, 0)
			check(t, err)
			_, err = file.WriteAt(bytes.Repeat([]byte{0xff}, 2000), 100)
			check(t, errors.Join(err, file.Close()))
		}, nil, "damaged"},
		{"a file cut short", func(t *testing.T, path string) {
			ours(t, path)
			check(t, os.Truncate(path, 4096))
		}, nil, "damaged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "tlsrpt.db")
			tt.make(t, path)
			before, err := os.ReadFile(path)
			check(t, err)
			err = tryOpen(t, path)
			if err == nil {
				t.Fatal("Open did not fail")
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("Open = %v, want %v", err, tt.is)
			}
			for _, words := range []string{path, tt.words} {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("Open = %v, which does not say %q", err, words)
				}
			}
			after, err := os.ReadFile(path)
			check(t, err)
			if !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenSaysWhatIsWrongWithThePath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	for _, tt := range []struct{ name, path, words string }{
		{"no folder", filepath.Join(dir, "missing", "tlsrpt.db"), "create it"},
		{"a file for a folder", filepath.Join(dir, "file", "tlsrpt.db"), "not a"},
		{"a folder", dir, "not a file"},
	} {
		err := tryOpen(t, tt.path)
		if err == nil || !strings.Contains(err.Error(), tt.words) || !strings.Contains(err.Error(), tt.path) {
			t.Errorf("%s: Open = %v, want it to name the path and to say %q", tt.name, err, tt.words)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "missing")); err == nil {
		t.Error("Open made the folder")
	}
}

func TestOpenByTwoAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tlsrpt.db")
	const many = 8
	done := make(chan error, many)
	for range many {
		go func() {
			d, err := db.Open(context.Background(), path, db.Options{})
			if err == nil {
				err = d.Close()
			}
			done <- err
		}()
	}
	for range many {
		if err := <-done; err != nil {
			t.Errorf("Open = %v", err)
		}
	}
}

func TestOpenHeedsItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	d, err := db.Open(ctx, filepath.Join(t.TempDir(), "tlsrpt.db"), db.Options{})
	if err == nil {
		d.Close()
		t.Error("Open did not fail")
	}
}

func TestADamagedPageIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	f := open(t)
	for n := range 10 {
		var messages []report.Message
		for i := range 100 {
			messages = append(messages, f.message(usual(n*100+i)))
		}
		f.record(messages...)
	}
	check(t, f.IntegrityCheck(f.ctx))
	check(t, f.Close())
	f.damaged = true
	info, err := os.Stat(f.path)
	check(t, err)
	file, err := os.OpenFile(f.path, os.O_RDWR, 0)
	check(t, err)
	for at := info.Size() / 4; at < info.Size(); at += 4096 * 10 {
		_, err := file.WriteAt(bytes.Repeat([]byte{0xa5}, 4096), at/4096*4096)
		check(t, err)
	}
	check(t, file.Close())
	f.reopen(0)
	if err := f.IntegrityCheck(f.ctx); err == nil || !strings.Contains(err.Error(), f.path) {
		t.Errorf("IntegrityCheck = %v, want an error that names the file", err)
	}
}

func TestAWriterWaitsForAnother(t *testing.T) {
	t.Parallel()
	f := open(t)
	pool, err := sql.Open("sqlite", "file:"+f.path+"?_txlock=immediate")
	check(t, err)
	defer pool.Close()
	other, err := pool.Begin()
	check(t, err)
	done := make(chan error)
	go func() { done <- f.PollDone(f.ctx, "reports", "INBOX", "", nil) }()
	select {
	case err := <-done:
		t.Fatalf("PollDone = %v while another wrote", err)
	case <-time.After(100 * time.Millisecond): // it must not end in this time
	}
	// A reader does not wait.
	must(f.Folders(f.ctx))(t)
	check(t, other.Rollback())
	check(t, <-done)
}
