package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"tlsbrief/internal/report"
)

// moveCursor saves how far a batch's folder has been examined.
func (t *tx) moveCursor(b report.Batch) error {
	if b.Cursor == nil {
		return nil
	}
	id, err := t.folderID(b.Mailbox, b.Folder)
	if err != nil {
		return err
	}
	query := "UPDATE folder SET poll_uid_validity = ?, poll_last_uid = ? WHERE id = ?"
	switch b.Via {
	case report.ViaPoll:
	case report.ViaBackfill:
		query = "UPDATE folder SET backfill_uid_validity = ?, backfill_last_uid = ? WHERE id = ?"
	default:
		return errors.New("a batch with a cursor must say by which way it came")
	}
	_, err = t.exec(query, b.Cursor.UIDValidity, b.Cursor.LastUID, id)
	return err
}

// ForgetBackfill forgets how far a backfill of a folder came: it is finished,
// and a second one reads everything again.
func (d *DB) ForgetBackfill(ctx context.Context, mailbox, folder string) error {
	return d.write(ctx, "ending the backfill of "+source(mailbox, folder), func(t *tx) error {
		_, err := t.exec("UPDATE folder SET backfill_uid_validity = NULL, backfill_last_uid = NULL WHERE mailbox = ? AND folder = ?", mailbox, folder)
		return err
	})
}

// PollDone notes that a poll of a folder ended just now, with an error and its code or,
// where the error is nil, well.
func (d *DB) PollDone(ctx context.Context, mailbox, folder string, fault report.Fault, pollErr error) error {
	return d.write(ctx, "noting the poll of "+source(mailbox, folder), func(t *tx) error {
		id, err := t.folderID(mailbox, folder)
		if err != nil {
			return err
		}
		if pollErr == nil {
			_, err = t.exec("UPDATE folder SET last_poll = ?, last_good_poll = ?, last_error = '', fault = '', failing_since = NULL WHERE id = ?", t.now, t.now, id)
		} else {
			_, err = t.exec("UPDATE folder SET last_poll = ?, last_error = ?, fault = ?, failing_since = COALESCE(failing_since, ?) WHERE id = ?",
				t.now, clip(pollErr.Error()), fault, t.now, id)
		}
		return err
	})
}

const selectFolder = `SELECT mailbox, folder, poll_uid_validity, poll_last_uid, backfill_uid_validity, backfill_last_uid,
	last_poll, last_good_poll, last_error, fault, failing_since, recorded, rejected
	FROM folder `

func scanFolder(rows *sql.Rows) (report.Folder, error) {
	var f report.Folder
	var pollValidity, pollUID, backfillValidity, backfillUID sql.Null[uint32]
	var last, good, since sql.NullInt64
	err := rows.Scan(&f.Mailbox, &f.Folder, &pollValidity, &pollUID, &backfillValidity, &backfillUID,
		&last, &good, &f.LastError, &f.LastFault, &since, &f.Recorded, &f.Rejected)
	if pollValidity.Valid {
		f.Poll = &report.Cursor{UIDValidity: pollValidity.V, LastUID: pollUID.V}
	}
	if backfillValidity.Valid {
		f.Backfill = &report.Cursor{UIDValidity: backfillValidity.V, LastUID: backfillUID.V}
	}
	f.LastPoll, f.LastGoodPoll, f.FailingSince = timeOf(last), timeOf(good), timeOf(since)
	return f, err
}

// Folder returns what is remembered of a folder: a zero Folder if that is
// nothing.
func (d *DB) Folder(ctx context.Context, mailbox, folder string) (report.Folder, error) {
	found, err := collect(ctx, d.reader, scanFolder, selectFolder+"WHERE mailbox = ? AND folder = ?", mailbox, folder)
	if err != nil || len(found) == 0 {
		return report.Folder{}, d.fail("reading what is known of "+source(mailbox, folder), err)
	}
	return found[0], nil
}

// Folders returns all folders of mailboxes that are remembered, by mailbox and
// folder. Those of files are not among them, nor is a folder dropped from it
// when it is dropped from the configuration.
func (d *DB) Folders(ctx context.Context) ([]report.Folder, error) {
	folders, err := collect(ctx, d.reader, scanFolder, selectFolder+"WHERE mailbox <> ? ORDER BY mailbox, folder", filesMailbox)
	return folders, d.fail("listing the folders", err)
}

// SaveClockFault remembers that this machine's clock is wrong by a server's, in the
// place of what was remembered before.
func (d *DB) SaveClockFault(ctx context.Context, host string, ahead time.Duration) error {
	return d.write(ctx, "noting that the clock is wrong", func(t *tx) error {
		_, err := t.exec("INSERT OR REPLACE INTO clock (id, host, ahead, compared_at) VALUES (1, ?, ?, ?)", clip(host), int64(ahead/time.Second), t.now)
		return err
	})
}

// ClearClockFault forgets the fault that a server showed, once its clock and this
// machine's agree. Where there is none it writes nothing.
func (d *DB) ClearClockFault(ctx context.Context, host string) error {
	f, err := d.ClockFault(ctx)
	if err != nil || f.Host != clip(host) || f.Host == "" {
		return err
	}
	return d.write(ctx, "noting that the clock is right", func(t *tx) error {
		_, err := t.exec("DELETE FROM clock WHERE host = ?", f.Host)
		return err
	})
}

// ClockFault returns the fault that is remembered; the zero one if none is.
func (d *DB) ClockFault(ctx context.Context) (f report.ClockFault, err error) {
	var ahead, at int64
	err = d.reader.QueryRowContext(ctx, "SELECT host, ahead, compared_at FROM clock").Scan(&f.Host, &ahead, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	f.Ahead, f.At = time.Duration(ahead)*time.Second, unix(at)
	return f, d.fail("reading whether the clock is wrong", err)
}

// arrivedAhead reads a constant number of the messages recorded last.
const arrivedAhead = `SELECT COALESCE(MAX(received_at - recorded_at), 0) FROM (
	SELECT uid, received_at, recorded_at FROM message ORDER BY id DESC LIMIT 50) WHERE uid > 0 AND recorded_at > ?`

// ArrivedAhead returns by how much, at most, a message of the last 50, recorded within
// a day, arrived by its server's clock after it was recorded by ours. It is negative
// or 0 where none did: mail arrives before it is read.
func (d *DB) ArrivedAhead(ctx context.Context) (time.Duration, error) {
	var seconds int64
	err := d.reader.QueryRowContext(ctx, arrivedAhead, d.now()-int64(24*time.Hour/time.Second)).Scan(&seconds)
	return time.Duration(seconds) * time.Second, d.fail("comparing when messages arrived", err)
}
