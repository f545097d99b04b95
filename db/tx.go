package db

import (
	"context"
	"database/sql"
	"errors"
)

// A tx is one writing transaction. It prepares each statement once, hands out
// the numbers of the counter table, and knows the rows of folders and domains
// it has met: what it learns, it forgets with the transaction.
type tx struct {
	ctx      context.Context // for each statement; see transact
	db       *DB
	sql      *sql.Tx
	now      int64
	stmts    map[string]*sql.Stmt
	prepared map[string]*sql.Stmt // those that were prepared before the transaction
	lastUIDs map[uidSpace]uint32  // the highest recorded in each

	messages, reports, policies, failures *rowBuffer // rows that wait to be inserted; see flush

	folders map[[2]string]int64
	domains map[string]int64

	counted              bool  // the numbers below are read, and must be written back
	seq, message, report int64 // seq is the column news
}

// write runs fn in a transaction that is committed if fn returns nil, and leaves
// no trace otherwise. step says what it is for, in an error.
func (d *DB) write(ctx context.Context, step string, fn func(*tx) error) error {
	return d.fail(step, d.transact(ctx, fn))
}

func (d *DB) transact(ctx context.Context, fn func(*tx) error) (err error) {
	begun, err := d.writer.BeginTx(ctx, nil) // IMMEDIATE: a transaction that turns to writing later would not wait for another's
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			if undo := begun.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
				err = errors.Join(err, undo)
			}
		}
	}()
	t := &tx{
		// The transaction heeds ctx. For each statement to do so as well would
		// cost a goroutine a statement.
		ctx: context.WithoutCancel(ctx), db: d, sql: begun, now: d.now(),
		stmts: map[string]*sql.Stmt{}, prepared: d.stayPrepared(), folders: map[[2]string]int64{}, domains: map[string]int64{},
		lastUIDs: map[uidSpace]uint32{},
	}
	t.prepareRows()
	err = fn(t)
	if err == nil {
		err = t.flush()
	}
	if err == nil && t.counted {
		_, err = t.exec("UPDATE counter SET news = ?, message = ?, report = ?", t.seq, t.message, t.report)
	}
	if err == nil {
		err = begun.Commit()
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // which is why, whatever a statement said that found the transaction gone
	}
	return err
}

// stmt prepares a statement, once for the transaction, which closes it, unless it
// is one of those that stay prepared.
func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	var s *sql.Stmt
	if prepared, ok := t.prepared[query]; ok {
		s = t.sql.StmtContext(t.ctx, prepared)
	} else {
		var err error
		if s, err = t.sql.PrepareContext(t.ctx, query); err != nil {
			return nil, err
		}
	}
	t.stmts[query] = s
	return s, nil
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	return t.execUnflushed(query, args...)
}

// execUnflushed is exec for a statement that has nothing to do with the rows that wait.
func (t *tx) execUnflushed(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// get reads one row; found reports whether there is one.
func (t *tx) get(query string, args []any, into ...any) (found bool, err error) {
	if err := t.flush(); err != nil {
		return false, err
	}
	return t.getUnflushed(query, args, into...)
}

// getUnflushed is get for a query that has nothing to do with the rows that wait.
func (t *tx) getUnflushed(query string, args []any, into ...any) (found bool, err error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(t.ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// rows reads many rows.
func (t *tx) rows(query string, args ...any) (*sql.Rows, error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	s, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(t.ctx, args...)
}

// count reads the counters, once.
func (t *tx) count() error {
	if t.counted {
		return nil
	}
	found, err := t.getUnflushed("SELECT news, message, report FROM counter", nil, &t.seq, &t.message, &t.report)
	if err != nil {
		return err
	}
	if !found {
		return errors.New("the counters are gone; restore the file from a backup")
	}
	t.counted = true
	return nil
}

func (t *tx) nextSeq() (int64, error) {
	err := t.count()
	t.seq++
	return t.seq, err
}

func (t *tx) nextMessage() (int64, error) {
	err := t.count()
	t.message++
	return t.message, err
}

// peekReport returns the number that the next report will have.
func (t *tx) peekReport() (int64, error) {
	err := t.count()
	return t.report + 1, err
}

// findFolder returns the row of a folder, or 0 where there is none.
func (t *tx) findFolder(mailbox, folder string) (int64, error) {
	key := [2]string{mailbox, folder}
	if id, ok := t.folders[key]; ok {
		return id, nil
	}
	var id int64
	found, err := t.getUnflushed("SELECT id FROM folder WHERE mailbox = ? AND folder = ?", []any{mailbox, folder}, &id)
	if found {
		t.folders[key] = id
	}
	return id, err
}

// folderID returns the row of a folder, and makes one where there is none.
func (t *tx) folderID(mailbox, folder string) (int64, error) {
	id, err := t.findFolder(mailbox, folder)
	if err != nil || id != 0 {
		return id, err
	}
	if _, err = t.getUnflushed("INSERT INTO folder (mailbox, folder) VALUES (?, ?) RETURNING id", []any{mailbox, folder}, &id); err != nil {
		return 0, err
	}
	t.folders[[2]string{mailbox, folder}] = id
	return id, nil
}

// domainID returns the row of a policy domain, and makes one where there is none.
func (t *tx) domainID(name string) (int64, error) {
	if id, ok := t.domains[name]; ok {
		return id, nil
	}
	var id int64
	found, err := t.getUnflushed("SELECT id FROM domain WHERE name = ?", []any{name}, &id)
	if err == nil && !found {
		_, err = t.getUnflushed("INSERT INTO domain (name) VALUES (?) RETURNING id", []any{name}, &id)
	}
	if err != nil {
		return 0, err
	}
	t.domains[name] = id
	return id, nil
}
