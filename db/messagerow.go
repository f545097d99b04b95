package db

import (
	"database/sql"
	"fmt"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A messageRow is a row of the message table: what the database adds to a
// Message.
type messageRow struct {
	message     *report.Message // what is to be written; nil in a row as it was
	id          int64
	folder      int64
	uidValidity uint32
	uid         uint32
	via         report.Via
	state       report.Outcome // empty: no row yet
	refused     string
	conflict    string
	attempts    int
	seq         sql.NullInt64 // the column news
	markOwed    bool
	unknown     bool
	nextTry     sql.NullInt64 // for unknown
}

const selectMessage = `SELECT id, folder, uid_validity, uid, via, state, refused, conflict, attempts, news, mark_owed, unknown, next_try FROM message `

func (r *messageRow) columns() []any {
	return []any{&r.id, &r.folder, &r.uidValidity, &r.uid, &r.via, &r.state, &r.refused, &r.conflict, &r.attempts, &r.seq, &r.markOwed, &r.unknown, &r.nextTry}
}

// A uidSpace is what a UID is unique in.
type uidSpace struct {
	folder   int64
	validity uint32
}

// messageAt returns the row at a place, or row itself if there is none.
func (t *tx) messageAt(row messageRow) (messageRow, error) {
	space := uidSpace{row.folder, row.uidValidity}
	last, known := t.lastUIDs[space]
	if !known {
		if _, err := t.get("SELECT COALESCE(MAX(uid), 0) FROM message WHERE folder = ? AND uid_validity = ? AND uid > 0", []any{row.folder, row.uidValidity}, &last); err != nil {
			return row, err
		}
		t.lastUIDs[space] = last
	}
	if row.uid > last {
		return row, nil // most messages are new, and come in order
	}
	_, err := t.get(selectMessage+`WHERE folder = ? AND uid_validity = ? AND uid = ? AND uid > 0`,
		[]any{row.folder, row.uidValidity, row.uid}, row.columns()...)
	return row, err
}

// messageByID returns a row that must be there.
func (t *tx) messageByID(id int64) (messageRow, error) {
	var row messageRow
	found, err := t.get(selectMessage+`WHERE id = ?`, []any{id}, row.columns()...)
	if err == nil && !found {
		err = fmt.Errorf("message row %d: %w", id, ErrNotFound)
	}
	return row, err
}

// saveMessage writes the row, over the one it had or as a new one.
func (t *tx) saveMessage(row messageRow, exists bool) error {
	m := row.message
	if row.folder == 0 {
		var err error
		if row.folder, err = t.folderID(m.Mailbox, m.Folder); err != nil {
			return err
		}
	}
	if exists {
		_, err := t.exec(`UPDATE message SET message_id = ?, sender = ?, subject = ?, submitter = ?, received_at = ?, forwarded = ?,
				state = ?, refused = ?, conflict = ?, attempts = ?, news = ?, reader_version = ?, mark_owed = ?, unknown = ?, next_try = ?, again_at = ?, reason = ?
			WHERE id = ?`,
			clip(m.MessageID), clip(m.From), clip(m.Subject), clip(m.Submitter), instant(m.ReceivedAt), m.Forwarded,
			row.state, row.refused, row.conflict, row.attempts, row.seq, tlsrpt.ReaderVersion, row.markOwed, row.unknown, row.nextTry, instant(m.Again), m.Reason,
			row.id)
		return err
	}
	space := uidSpace{row.folder, row.uidValidity}
	t.lastUIDs[space] = max(t.lastUIDs[space], row.uid)
	return t.messages.add(
		row.id, row.folder, row.uidValidity, row.uid, clip(m.MessageID), clip(m.From), clip(m.Subject), clip(m.Submitter), instant(m.ReceivedAt), t.now,
		row.via, m.Forwarded, row.state, row.refused, row.conflict, row.attempts, row.seq, tlsrpt.ReaderVersion, row.markOwed, row.unknown, row.nextTry, instant(m.Again), m.Reason)
}

// oweMark notes that a mark is due, if one is.
func (t *tx) oweMark(row messageRow) error {
	if !row.markOwed {
		return nil
	}
	_, err := t.exec("UPDATE message SET mark_owed = 1 WHERE id = ?", row.id)
	return err
}
