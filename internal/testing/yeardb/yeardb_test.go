package yeardb_test

import (
	"context"
	"database/sql"
	"testing"

	"tlsbrief/db"
	"tlsbrief/internal/testing/yeardb"
)

// A new column must not break the benchmarks, which nothing else runs.
func TestFillsTheTablesOfToday(t *testing.T) {
	t.Setenv("TLSBRIEF_BENCH_DIR", "")
	path := yeardb.Year{Domains: 2, Senders: 3, Days: 4}.Open(t, func(path string) error {
		d, err := db.Open(context.Background(), path, db.Options{})
		if err != nil {
			return err
		}
		return d.Close()
	})
	pool, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var reports int
	if err := pool.QueryRowContext(t.Context(), "SELECT count(*) FROM report JOIN policy ON policy.report = report.id").Scan(&reports); err != nil || reports != 2*3*4 {
		t.Errorf("%d reports, want 24; %v", reports, err)
	}
}
