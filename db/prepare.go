package db

import (
	"context"
	"database/sql"
	"errors"

	"tlsbrief/internal/report"
)

// Prepare does what recording a message takes and needs no database for, so that
// it can be done beside a transaction. Record does it where it was not done. The
// report's JSON is nil afterwards, since it is held packed, unless its authenticity is
// unknown: then it may have to be kept.
func (d *DB) Prepare(m *report.Message) error {
	for i := range m.Reports {
		r := &m.Reports[i]
		if r.Report == nil {
			continue
		}
		if err := d.prepare(r); err != nil {
			return err
		}
		if r.Auth.Result != report.AuthUnknown {
			r.JSON = nil
		}
	}
	return nil
}

func (d *DB) prepare(r *report.Report) error {
	if r.Prepared != nil {
		return nil
	}
	packed := r.Packed // as the sender packed it, who spends more on it than we do
	if packed == nil {
		var err error
		if packed, err = d.pack.pack(r.JSON); err != nil {
			return err
		}
	}
	r.Prepared = &report.Prepared{Identity: r.Identity(), Content: r.Content(), Packed: packed}
	return nil
}

// stayPrepared returns the statements that are prepared for all transactions; none
// before the first batch. It waits for nobody: who calls it has the one connection,
// which keepPrepared needs.
func (d *DB) stayPrepared() map[string]*sql.Stmt {
	if prepared := d.prepared.Load(); prepared != nil {
		return *prepared
	}
	return nil
}

// keepPrepared prepares the statements that every batch needs, once for the
// database: to do so costs more than to run them.
func (d *DB) keepPrepared(ctx context.Context) error {
	d.preparing.Lock()
	defer d.preparing.Unlock()
	if d.prepared.Load() != nil {
		return nil
	}
	var t tx
	t.prepareRows()
	queries := []string{insertIdentity, insertFirstIdentity}
	for _, b := range []*rowBuffer{t.messages, t.reports, t.policies, t.failures} {
		for n := rowsAtOnce; n > 0; n /= 2 {
			queries = append(queries, b.statement(n))
		}
	}
	prepared := make(map[string]*sql.Stmt, len(queries))
	for _, query := range queries {
		s, err := d.writer.PrepareContext(ctx, query) // closed with the pool
		if err != nil {
			for _, s := range prepared {
				err = errors.Join(err, s.Close())
			}
			return d.fail("preparing to record", err)
		}
		prepared[query] = s
	}
	d.prepared.Store(&prepared)
	return nil
}
