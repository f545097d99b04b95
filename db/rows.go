package db

import (
	"slices"
	"strings"
)

// rowsAtOnce is how many rows one statement inserts at most: a statement costs
// more than a row.
const rowsAtOnce = 32

// The rows of a transaction that are inserted some at a time.
const (
	insertMessage = `INSERT INTO message (id, folder, uid_validity, uid, message_id, sender, subject, submitter, received_at, recorded_at,
	via, forwarded, state, refused, conflict, attempts, news, reader_version, mark_owed, unknown, next_try, again_at, reason)`
	insertReport = `INSERT INTO report (id, news, message, recorded_at, via, day, starts_at, ends_at, organization, contact, report_id,
	reporter, auth, auth_domain, auth_reason, counts, deviations, json, starts_nanos, ends_nanos)`
	insertPolicy  = `INSERT INTO policy (report, position, domain, about, day, type, counts, overlap, successful, failed, failures, mode, strings, mx_hosts)`
	insertFailure = `INSERT INTO failure (report, policy, position, result_type, sending_mta_ip, receiving_mx_hostname, receiving_mx_helo,
	receiving_ip, sessions, additional_information, reason_code)`
)

// A rowBuffer inserts rows into one table, some at a time.
type rowBuffer struct {
	tx      *tx
	insert  string
	columns int
	first   *rowBuffer // of rows that these refer to; nil: none
	args    []any
}

// prepareRows makes the buffers of a transaction.
func (t *tx) prepareRows() {
	t.messages = &rowBuffer{tx: t, insert: insertMessage, columns: 23}
	t.reports = &rowBuffer{tx: t, insert: insertReport, columns: 20}
	t.policies = &rowBuffer{tx: t, insert: insertPolicy, columns: 14, first: t.reports}
	t.failures = &rowBuffer{tx: t, insert: insertFailure, columns: 11, first: t.policies}
}

// flush inserts all rows that wait, so that a statement that follows sees them.
func (t *tx) flush() error {
	if err := t.messages.flush(); err != nil {
		return err
	}
	return t.failures.flush() // and what they refer to
}

// add takes one row, a value a column.
func (b *rowBuffer) add(row ...any) error {
	b.args = append(b.args, row...)
	if len(b.args) < rowsAtOnce*b.columns {
		return nil
	}
	return b.flush()
}

// flush inserts what was added, after what it refers to. The numbers of rows in a
// statement are powers of two, so that there are few different statements.
func (b *rowBuffer) flush() error {
	if b.first != nil {
		if err := b.first.flush(); err != nil {
			return err
		}
	}
	rest := b.args
	for n := rowsAtOnce; len(rest) > 0; n /= 2 {
		for ; len(rest) >= n*b.columns; rest = rest[n*b.columns:] {
			if _, err := b.tx.execUnflushed(b.statement(n), rest[:n*b.columns]...); err != nil {
				return err
			}
		}
	}
	clear(b.args) // what they point to is not to be kept
	b.args = b.args[:0]
	return nil
}

// statement returns what inserts n rows.
func (b *rowBuffer) statement(n int) string {
	row := "(" + strings.Join(slices.Repeat([]string{"?"}, b.columns), ", ") + ")"
	return b.insert + " VALUES " + strings.Join(slices.Repeat([]string{row}, n), ", ")
}
