package db

import (
	"context"
	"database/sql"
	"time"

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

// saveUnfetched remembers what is known of a pending message besides its row.
func (t *tx) saveUnfetched(row messageRow) error {
	var next sql.NullInt64
	if row.message.Quarantine {
		next = sql.NullInt64{Int64: t.now, Valid: true}
	}
	_, err := t.exec(`INSERT INTO unfetched (message, claimed, first_failed, alone, tries, next_try) VALUES (?, ?, ?, 0, 0, ?)
		ON CONFLICT (message) DO UPDATE SET claimed = claimed OR excluded.claimed, next_try = COALESCE(next_try, excluded.next_try)`,
		row.id, row.message.Claimed, t.now, next)
	return err
}

// dropUnfetched forgets what was remembered of a message that is pending no more.
func (t *tx) dropUnfetched(message int64) error {
	_, err := t.exec("DELETE FROM unfetched WHERE message = ?", message)
	return err
}

// Quarantined returns the quarantined messages of a folder that may be asked for again
// by now, under whatever UIDVALIDITY: at most 500, those that waited longest first.
func (d *DB) Quarantined(ctx context.Context, mailbox, folder string) ([]report.Retry, error) {
	retries, err := d.retries(ctx, atFolder+"state = 'pending' AND unfetched.next_try <= ? ORDER BY unfetched.next_try", mailbox, folder, d.now())
	return retries, d.fail("listing the quarantined messages of "+source(mailbox, folder), err)
}

// PendingUIDs returns the pending messages of a folder, and whether each is
// quarantined.
func (d *DB) PendingUIDs(ctx context.Context, mailbox, folder string, uidValidity uint32) (map[uint32]bool, error) {
	quarantined := map[uint32]bool{}
	_, err := collect(ctx, d.reader, func(rows *sql.Rows) (struct{}, error) {
		var uid uint32
		var q bool
		err := rows.Scan(&uid, &q)
		quarantined[uid] = q
		return struct{}{}, err
	}, `SELECT uid, unfetched.next_try IS NOT NULL FROM message JOIN folder ON folder.id = message.folder JOIN unfetched ON unfetched.message = message.id
		WHERE mailbox = ? AND folder.folder = ? AND uid_validity = ? AND state = 'pending'`, mailbox, folder, uidValidity)
	return quarantined, d.fail("listing the pending messages of "+source(mailbox, folder), err)
}

// OldestPending returns when the first of the pending messages of a folder arrived that
// stand under another UIDVALIDITY than the given one, quarantined ones among them; zero
// where that is not known of one. any is false where there are none.
func (d *DB) OldestPending(ctx context.Context, mailbox, folder string, uidValidity uint32) (oldest time.Time, any bool, err error) {
	found, err := collect(ctx, d.reader, func(rows *sql.Rows) (at sql.NullInt64, err error) {
		return at, rows.Scan(&at)
	}, `SELECT min(COALESCE(received_at, 0)) FROM message JOIN folder ON folder.id = message.folder
		WHERE mailbox = ? AND folder.folder = ? AND uid_validity <> ? AND state = 'pending'`, mailbox, folder, uidValidity)
	if err != nil || len(found) == 0 || !found[0].Valid {
		return time.Time{}, false, d.fail("reading what is pending in "+source(mailbox, folder), err)
	}
	if found[0].Int64 == 0 {
		return time.Time{}, true, nil
	}
	return unix(found[0].Int64), true, nil
}

// EachPending calls f for every pending message of all mailboxes, those of a folder
// together, until it returns an error.
func (d *DB) EachPending(ctx context.Context, f func(report.PendingMessage) error) error {
	_, err := collect(ctx, d.reader, func(rows *sql.Rows) (struct{}, error) {
		var m report.PendingMessage
		var since int64
		var next sql.NullInt64
		if err := rows.Scan(&m.Mailbox, &m.Folder, &m.UIDValidity, &m.UID, &m.MessageID, &m.From, &m.Subject, &m.Text, &m.Claimed, &since, &next); err != nil {
			return struct{}{}, err
		}
		m.Since, m.NextTry = unix(since), timeOf(next)
		return struct{}{}, f(m)
	}, `SELECT mailbox, folder.folder, uid_validity, uid, message_id, sender, subject, refused, unfetched.claimed, unfetched.first_failed, unfetched.next_try
		FROM message JOIN folder ON folder.id = message.folder JOIN unfetched ON unfetched.message = message.id
		WHERE state = 'pending' ORDER BY mailbox, folder.folder, uid_validity, uid`)
	return d.fail("listing the pending messages", err)
}

// PendingFailed notes one more poll in which the server did not give a pending message,
// although it gave others, and why; the third such poll quarantines it. A message that
// RejectedBefore returned stays rejected after the third.
func (d *DB) PendingFailed(ctx context.Context, id int64, reason string) error {
	return d.write(ctx, "noting a failed fetch", func(t *tx) error {
		row, err := t.messageByID(id)
		if err != nil {
			return err
		}
		row.attempts++
		if row.state != report.Pending {
			_, err := t.exec(`UPDATE message SET attempts = ?, reader_version = IIF(?, ?, reader_version), again_at = IIF(?, NULL, again_at)
				WHERE id = ?`, row.attempts, row.attempts >= report.PendingPolls, tlsrpt.ReaderVersion, row.attempts >= report.PendingPolls, id)
			return err
		}
		if _, err := t.exec("UPDATE message SET refused = ?, attempts = ? WHERE id = ?", clip(reason), row.attempts, id); err != nil || row.attempts < report.PendingPolls {
			return err
		}
		_, err = t.exec("UPDATE unfetched SET next_try = COALESCE(next_try, ?) WHERE message = ?", after(t.now, report.AloneWait(0)), id)
		return err
	})
}

// Quarantine notes that a pending message is to be asked for last and alone.
func (d *DB) Quarantine(ctx context.Context, id int64, reason string) error {
	return d.write(ctx, "quarantining a message", func(t *tx) error {
		if _, err := t.exec("UPDATE message SET refused = ? WHERE id = ? AND state = 'pending'", clip(reason), id); err != nil {
			return err
		}
		_, err := t.exec("UPDATE unfetched SET next_try = COALESCE(next_try, ?) WHERE message = ?", t.now, id)
		return err
	})
}

// TryAlone notes that a quarantined message is about to be asked for alone. It is noted
// before, so that a process that dies of it does not begin with it again.
func (d *DB) TryAlone(ctx context.Context, id int64) error {
	return d.write(ctx, "noting a fetch", func(t *tx) error {
		var tries int
		if _, err := t.get("SELECT tries FROM unfetched WHERE message = ?", []any{id}, &tries); err != nil {
			return err
		}
		_, err := t.exec("UPDATE unfetched SET tries = ?, next_try = ? WHERE message = ?", tries+1, after(t.now, report.AloneWait(tries+1)), id)
		return err
	})
}

// AloneFailed notes that a quarantined message did not come although it was asked for
// alone and the server gave others. A message that says of itself that it is a TLS report
// is rejected for the reason final, after 7 days and 5 tries (DESIGN 5); another stays
// quarantined, for it may be somebody's private mail.
func (d *DB) AloneFailed(ctx context.Context, id int64, reason, final string) (rejected bool, err error) {
	err = d.write(ctx, "noting a failed fetch", func(t *tx) error {
		row, err := t.messageByID(id)
		if err != nil || row.state != report.Pending {
			return err
		}
		var alone int
		var first int64
		var claimed bool
		if _, err := t.get("SELECT alone, first_failed, claimed FROM unfetched WHERE message = ?", []any{id}, &alone, &first, &claimed); err != nil {
			return err
		}
		alone++
		row.refused = clip(reason)
		rejected = report.RejectsAlone(claimed, alone, time.Duration(t.now-first)*time.Second)
		if !rejected {
			if _, err := t.exec("UPDATE unfetched SET alone = ? WHERE message = ?", alone, id); err != nil {
				return err
			}
			_, err := t.exec("UPDATE message SET refused = ? WHERE id = ?", row.refused, id)
			return err
		}
		row.state, row.refused = report.Rejected, clip(final)
		if err := t.assignSeq(&row); err != nil {
			return err
		}
		if err := t.dropUnfetched(id); err != nil {
			return err
		}
		_, err = t.exec("UPDATE message SET state = ?, refused = ?, news = ?, reader_version = ? WHERE id = ?",
			row.state, row.refused, row.seq, tlsrpt.ReaderVersion, id)
		return err
	})
	return rejected, err
}

// StaysRejected notes that a message that RejectedBefore returned cannot be looked at
// again: it does not return it any more.
func (d *DB) StaysRejected(ctx context.Context, id int64) error {
	return d.write(ctx, "noting a failed fetch", func(t *tx) error {
		_, err := t.exec("UPDATE message SET attempts = attempts + 1, reader_version = ?, again_at = NULL WHERE id = ?", tlsrpt.ReaderVersion, id)
		return err
	})
}

// TakeInHand notes that the messages of a range are about to be asked for and read. What
// it returns is Batch.InHand of the batch with which they are recorded.
func (d *DB) TakeInHand(ctx context.Context, mailbox, folder string, uidValidity uint32, via report.Via, uids report.UIDRange) (id int64, err error) {
	err = d.write(ctx, "noting what is read in "+source(mailbox, folder), func(t *tx) error {
		f, err := t.folderID(mailbox, folder)
		if err != nil {
			return err
		}
		_, err = t.get("INSERT INTO in_hand (folder, via, uid_validity, first, last, suspect) VALUES (?, ?, ?, ?, ?, 0) RETURNING id",
			[]any{f, via, uidValidity, uids.First, uids.Last}, &id)
		return err
	})
	return id, err
}

// dropInHand forgets what was in hand, once it is recorded.
func (t *tx) dropInHand(id int64) error {
	if id == 0 {
		return nil
	}
	_, err := t.execUnflushed("DELETE FROM in_hand WHERE id = ?", id)
	return err
}

// Suspects returns what a process had in hand that died at a folder, in a poll or in a
// backfill. It is called when no process is at work on it.
func (d *DB) Suspects(ctx context.Context, mailbox, folder string, uidValidity uint32, via report.Via) (s report.Suspects, err error) {
	type row struct {
		report.UIDRange
		id       int64
		validity uint32
		suspect  bool
	}
	rows, err := collect(ctx, d.reader, func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(&r.id, &r.validity, &r.First, &r.Last, &r.suspect)
	}, `SELECT in_hand.id, uid_validity, first, last, suspect FROM in_hand JOIN folder ON folder.id = in_hand.folder
		WHERE mailbox = ? AND folder.folder = ? AND via = ? ORDER BY in_hand.id`, mailbox, folder, via)
	if err != nil || len(rows) == 0 {
		return s, d.fail("reading what was in hand in "+source(mailbox, folder), err)
	}
	for _, r := range rows {
		if r.suspect && r.validity == uidValidity {
			s.Ranges = append(s.Ranges, r.UIDRange)
		}
	}
	before := s
	return s, d.write(ctx, "noting what was in hand in "+source(mailbox, folder), func(t *tx) error {
		for _, r := range rows {
			var err error
			switch {
			case r.validity != uidValidity:
				_, err = t.exec("DELETE FROM in_hand WHERE id = ?", r.id)
			case r.suspect:
			case r.First == r.Last && before.Contains(r.First):
				s.Deadly = append(s.Deadly, r.First) // it stays until that is recorded, and LetGo is called
			default:
				s.Ranges = append(s.Ranges, r.UIDRange)
				_, err = t.exec("UPDATE in_hand SET suspect = 1 WHERE id = ?", r.id)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PutDown notes that what TakeInHand was called for is dealt with.
func (d *DB) PutDown(ctx context.Context, id int64) error {
	return d.write(ctx, "noting what was read", func(t *tx) error { return t.dropInHand(id) })
}

// LetGo notes that a process that is alive has nothing of a folder in hand any more, and
// with all that the messages were dealt with which others had in hand when they died, but
// for those of them that are pending and not quarantined.
func (d *DB) LetGo(ctx context.Context, mailbox, folder string, via report.Via, all bool) error {
	return d.write(ctx, "noting what was read in "+source(mailbox, folder), func(t *tx) error {
		_, err := t.exec(`DELETE FROM in_hand WHERE folder = (SELECT id FROM folder WHERE mailbox = ? AND folder = ?)
			AND via = ? AND (suspect = 0 OR ? AND NOT EXISTS (
				SELECT 1 FROM message JOIN unfetched ON unfetched.message = message.id AND unfetched.next_try IS NULL
				WHERE state = 'pending' AND message.folder = in_hand.folder AND message.uid_validity = in_hand.uid_validity AND uid BETWEEN first AND last))`,
			mailbox, folder, via, all)
		return err
	})
}
