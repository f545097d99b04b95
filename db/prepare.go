package db

import (
	"context"
	"database/sql"
)

// prepared is what recording a report needs that takes no database.
type prepared struct {
	identity, content [32]byte
	packed            []byte // the report's own text, gzip
}

// Prepare does what recording a message takes and needs no database for, so that
// it can be done beside a transaction. Record does it where it was not done.
func (d *DB) Prepare(m *Message) error {
	for i := range m.Reports {
		if r := &m.Reports[i]; r.Report != nil {
			if err := d.prepare(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *DB) prepare(r *Report) error {
	if r.prepared != nil {
		return nil
	}
	packed, err := d.pack.pack(r.JSON)
	if err != nil {
		return err
	}
	r.prepared = &prepared{identity: r.Identity(), content: r.Content(), packed: packed}
	return nil
}

// stayPrepared returns the statements that are prepared for all transactions.
func (d *DB) stayPrepared() map[string]*sql.Stmt {
	d.preparing.Lock()
	defer d.preparing.Unlock()
	return d.lasting
}

// keepPrepared prepares the statements that every batch needs, once for the
// database: to do so costs more than to run them.
func (d *DB) keepPrepared(ctx context.Context) error {
	d.preparing.Lock()
	defer d.preparing.Unlock()
	if d.lasting != nil {
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
	lasting := make(map[string]*sql.Stmt, len(queries))
	for _, query := range queries {
		s, err := d.writer.PrepareContext(ctx, query) // closed with the pool
		if err != nil {
			return d.fail("preparing to record", err)
		}
		lasting[query] = s
	}
	d.lasting = lasting
	return nil
}
