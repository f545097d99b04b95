package db

import (
	"context"
	"database/sql"

	"tlsbrief/internal/report"
)

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
	_, err := t.quick("DELETE FROM in_hand WHERE id = ?", id)
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
