package db

import (
	"context"
	"database/sql"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// saveUnfetched remembers what is known of a pending message besides its row.
func (t *tx) saveUnfetched(row messageRow) error {
	var next sql.NullInt64
	if row.Quarantine {
		next = sql.NullInt64{Int64: t.now, Valid: true}
	}
	_, err := t.exec(`INSERT INTO unfetched (message, claimed, first_failed, alone, tries, next_try) VALUES (?, ?, ?, 0, 0, ?)
		ON CONFLICT (message) DO UPDATE SET claimed = claimed OR excluded.claimed, next_try = COALESCE(next_try, excluded.next_try)`,
		row.id, row.Claimed, t.now, next)
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
		if err := t.giveNews(&row); err != nil {
			return err
		}
		if err := t.dropUnfetched(id); err != nil {
			return err
		}
		_, err = t.exec("UPDATE message SET state = ?, refused = ?, news = ?, reader_version = ? WHERE id = ?",
			row.state, row.refused, row.news, tlsrpt.ReaderVersion, id)
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
