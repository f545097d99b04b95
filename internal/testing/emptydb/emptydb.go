// Package emptydb gives each test a new database without running every migration
// for each of them, which took two fifths of the time of the tests of db.
package emptydb

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// An Empty makes copies of an empty database. The zero value is ready, and may be
// used by many tests at once.
type Empty struct {
	once sync.Once
	data []byte
	err  error
}

// Put writes an empty database to a path. create makes the first one, and closes it.
func (e *Empty) Put(t testing.TB, path string, create func(path string) error) {
	t.Helper()
	e.once.Do(func() {
		first := filepath.Join(t.TempDir(), "empty.db")
		if e.err = create(first); e.err == nil {
			e.data, e.err = os.ReadFile(first)
		}
	})
	if e.err != nil {
		t.Fatalf("making an empty database: %v", e.err)
	}
	if err := os.WriteFile(path, e.data, 0o600); err != nil {
		t.Fatal(err)
	}
}
