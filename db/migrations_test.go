package db

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
)

// TestAReleasedMigrationIsNeverEdited: a database that has run it would be left
// without the change. Add another migration, and its hash here.
func TestAReleasedMigrationIsNeverEdited(t *testing.T) {
	t.Parallel()
	released := map[string]string{
		"0001_reports.sql":       "88019f607685e807",
		"0002_digests.sql":       "721d903eb64ac2a0",
		"0003_about.sql":         "a20c81e04fb53f47",
		"0004_only_when.sql":     "78539481b89bf4e7",
		"0005_heard.sql":         "767963803e6122e7",
		"0006_untold.sql":        "221285ed137376ec",
		"0007_domain_checks.sql": "972baae3114f302e",
		"0008_unfetched.sql":     "283ef2f91f89aab0",
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

// TestPoliciesRecordedBeforeAreAboutTheirOwnDomain: a database of before 0003_about
// keeps its policies and their failures, each under the domain that it was told of.
func TestPoliciesRecordedBeforeAreAboutTheirOwnDomain(t *testing.T) {
	t.Parallel()
	pool, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "tlsrpt.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, pool, folder, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{ // SQLite minds no references unless it is told to
		"INSERT INTO domain (id, name) VALUES (4, 'example.com'), (7, 'mx1.provider.example')",
		`INSERT INTO policy (report, position, domain, day, type, counts, overlap, successful, failed, failures, mode, strings, mx_hosts)
			VALUES (1, 0, 4, 100, 'sts', 1, 0, 10, 0, 0, '', '[]', '[]'), (1, 1, 7, 100, 'tlsa', 1, 0, 7, 3, 1, '', '[]', '[]')`,
		`INSERT INTO failure (report, policy, position, result_type, sending_mta_ip, receiving_mx_hostname, receiving_mx_helo, receiving_ip,
			sessions, additional_information, reason_code) VALUES (1, 1, 0, 'tlsa-invalid', '', '', '', '', 3, '', '')`,
	} {
		if _, err := pool.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	var policies, own, failures int
	err = pool.QueryRow(`SELECT count(*), sum(about = domain), (SELECT count(*) FROM failure) FROM policy`).Scan(&policies, &own, &failures)
	if err != nil || policies != 2 || own != 2 || failures != 1 {
		t.Errorf("%d policies, of which %d are about their own domain, and %d failures, %v; want 2, 2 and 1", policies, own, failures, err)
	}
}
