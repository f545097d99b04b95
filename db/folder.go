package db

import (
	"context"
	"database/sql"
	"errors"

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
