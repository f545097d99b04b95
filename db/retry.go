package db

import (
	"context"
	"database/sql"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// MarksOwed returns the messages of a folder that are recorded, or known from
// before, and still to be marked there, by UID.
func (d *DB) MarksOwed(ctx context.Context, mailbox, folder string, uidValidity uint32) ([]report.Mark, error) {
	marks, err := collect(ctx, d.reader, func(rows *sql.Rows) (m report.Mark, err error) {
		return m, rows.Scan(&m.ID, &m.UID)
	}, `SELECT message.id, uid FROM message JOIN folder ON folder.id = message.folder
		WHERE mailbox = ? AND folder.folder = ? AND uid_validity = ? AND mark_owed = 1 AND state IN ('recorded', 'duplicate')
		ORDER BY uid`, mailbox, folder, uidValidity)
	return marks, d.fail("listing the marks owed in "+source(mailbox, folder), err)
}

// Marked notes that these messages were marked, or need no mark any more.
func (d *DB) Marked(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return d.write(ctx, "noting marks", func(t *tx) error {
		for _, id := range ids {
			if _, err := t.exec("UPDATE message SET mark_owed = 0 WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
}

// RecordedUIDs returns messages of a folder that hold reports which are recorded:
// the newest, at most limit of them.
func (d *DB) RecordedUIDs(ctx context.Context, mailbox, folder string, uidValidity uint32, limit int) ([]uint32, error) {
	uids, err := collect(ctx, d.reader, func(rows *sql.Rows) (uid uint32, err error) {
		return uid, rows.Scan(&uid)
	}, `SELECT uid FROM message JOIN folder ON folder.id = message.folder
		WHERE mailbox = ? AND folder.folder = ? AND uid_validity = ? AND uid > 0 AND state IN ('recorded', 'duplicate')
		ORDER BY uid DESC LIMIT ?`, mailbox, folder, uidValidity, limit)
	return uids, d.fail("listing what is recorded of "+source(mailbox, folder), err)
}

// retriesAtOnce bounds what one call returns to be tried again.
const retriesAtOnce = 500

// PendingMessages returns messages of a folder that the server did not give yet and
// that are not quarantined, under whatever UIDVALIDITY: at most 500, those tried least
// first.
func (d *DB) PendingMessages(ctx context.Context, mailbox, folder string) ([]report.Retry, error) {
	retries, err := d.retries(ctx, atFolder+"state = 'pending' AND unfetched.next_try IS NULL ORDER BY attempts", mailbox, folder)
	return retries, d.fail("listing the pending messages of "+source(mailbox, folder), err)
}

// RejectedBefore returns messages of a folder, under whatever UIDVALIDITY, that
// an older reader than this one refused (DESIGN 6: they are looked at again
// once), or of which Message.Again has come: at most 500. Resolve, StaysRejected or
// PendingFailed takes each off the list.
func (d *DB) RejectedBefore(ctx context.Context, mailbox, folder string) ([]report.Retry, error) {
	retries, err := d.retries(ctx, atFolder+"state = 'rejected' AND conflict = '' AND reader_version < ? ORDER BY attempts", mailbox, folder, tlsrpt.ReaderVersion)
	if err == nil {
		var due []report.Retry
		due, err = d.retries(ctx, atFolder+"again_at <= ? AND reader_version >= ? AND uid > 0 ORDER BY again_at", mailbox, folder, d.now(), tlsrpt.ReaderVersion)
		retries = append(retries, due...)
	}
	return retries, d.fail("listing the rejected messages of "+source(mailbox, folder), err)
}

// atFolder is the condition that a message lies in a folder.
const atFolder = "mailbox = ? AND folder.folder = ? AND "

// retries lists the messages for which a condition holds, in an order: both are
// constants.
func (d *DB) retries(ctx context.Context, condition string, args ...any) ([]report.Retry, error) {
	return collect(ctx, d.reader, func(rows *sql.Rows) (report.Retry, error) {
		var r report.Retry
		var received sql.NullInt64
		err := rows.Scan(&r.ID, &r.Mailbox, &r.Folder, &r.UIDValidity, &r.UID, &received, &r.Attempts, &r.Claimed)
		r.ReceivedAt = timeOf(received)
		return r, err
	}, `SELECT message.id, mailbox, folder.folder, uid_validity, uid, received_at, attempts, COALESCE(unfetched.claimed, 1)
		FROM message JOIN folder ON folder.id = message.folder LEFT JOIN unfetched ON unfetched.message = message.id
		WHERE `+condition+`, message.id LIMIT ?`, append(args, retriesAtOnce)...)
}

// Forget removes the row of a message that was pending or refused and turned out
// to be none of our business: what is known of it is somebody's private mail. A
// message with reports is left alone.
func (d *DB) Forget(ctx context.Context, id int64) error {
	return d.write(ctx, "forgetting a message", func(t *tx) error {
		_, err := t.exec("DELETE FROM message WHERE id = ? AND state IN ('pending', 'rejected') AND conflict = ''", id)
		return err
	})
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, pool *sql.DB, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
