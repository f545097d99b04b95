package db

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"testing"
)

// TestAReleasedMigrationIsNeverEdited: a database that has run it would be left
// without the change. Add another migration, and its hash here.
func TestAReleasedMigrationIsNeverEdited(t *testing.T) {
	t.Parallel()
	released := map[string]string{
		"0001_reports.sql":   "88019f607685e807",
		"0002_digests.sql":   "721d903eb64ac2a0",
		"0003_about.sql":     "a20c81e04fb53f47",
		"0004_only_when.sql": "78539481b89bf4e7",
		"0005_heard.sql":     "767963803e6122e7",
	}
	entries, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(released) {
		t.Errorf("%d migrations, but %d hashes", len(entries), len(released))
	}
	for i, e := range entries {
		data, err := fs.ReadFile(migrations, "migrations/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:8]); got != released[e.Name()] {
			t.Errorf("%s has hash %s, want %q", e.Name(), got, released[e.Name()])
		}
		if want := fmt.Sprintf("%04d_", i+1); e.Name()[:5] != want {
			t.Errorf("%s does not begin with %s: migrations are numbered without gaps", e.Name(), want)
		}
	}
}
