package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// filesMailbox is the Mailbox of what was not read from a mailbox.
const filesMailbox = "files"

// Record records the messages of a batch and moves the folder's cursor, all or
// nothing. The outcomes are in the order of b.Messages.
//
// A message at a place that was recorded before keeps its row, which takes up
// what is new; where all its reports were known, its outcome is Duplicate. Files
// have no lasting place: one that adds nothing to what is known leaves no row.
func (d *DB) Record(ctx context.Context, b report.Batch) ([]report.Outcome, error) {
	outcomes := make([]report.Outcome, len(b.Messages))
	if err := d.keepPrepared(ctx); err != nil {
		return nil, err
	}
	step := fmt.Sprintf("recording %d messages of %s", len(b.Messages), source(b.Mailbox, b.Folder))
	err := d.write(ctx, step, func(t *tx) error {
		for i := range b.Messages {
			if err := ctx.Err(); err != nil {
				return err
			}
			m := b.Messages[i]
			if m.Mailbox == "" && m.Folder == "" {
				m.Mailbox, m.Folder = b.Mailbox, b.Folder
			}
			var err error
			if outcomes[i], err = t.record(&m, b.Via); err != nil {
				return fmt.Errorf("message %d (uid %d): %w", i, m.UID, err)
			}
		}
		if err := t.dropInHand(b.InHand); err != nil {
			return err
		}
		return t.moveCursor(b)
	})
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(b.Messages, func(m report.Message) bool { return len(m.Kept) > 0 }) {
		// In transactions of its own: what is recorded is so whatever becomes of it.
		err = d.giveUpOldest(ctx)
	}
	return outcomes, err
}

// Resolve records what became of a message that was pending or rejected, known
// by its row: it got its body, or is refused for good. Its place stays what it
// was. It is news as it would have been then.
func (d *DB) Resolve(ctx context.Context, id int64, m report.Message) (outcome report.Outcome, err error) {
	err = d.write(ctx, "resolving a message", func(t *tx) error {
		was, err := t.messageByID(id)
		if err != nil {
			return err
		}
		outcome, err = t.examine(&m, was.via, was)
		return err
	})
	if err == nil && len(m.Kept) > 0 {
		err = d.giveUpOldest(ctx)
	}
	return outcome, err
}

// record finds the row of a message, if it has one, and examines it.
func (t *tx) record(m *report.Message, via report.Via) (report.Outcome, error) {
	folder, err := t.findFolder(m.Mailbox, m.Folder)
	if err != nil {
		return "", err
	}
	was := messageRow{folder: folder, uidValidity: m.UIDValidity, uid: m.UID, via: via}
	if m.UID > 0 {
		if was, err = t.messageAt(was); err != nil {
			return "", err
		}
	}
	return t.examine(m, via, was)
}

// examine records a message whose row was as given; with id 0 where there is none.
func (t *tx) examine(m *report.Message, via report.Via, was messageRow) (report.Outcome, error) {
	row := was
	row.message = m
	row.via = via
	row.markOwed = was.uid > 0 && (m.MarkOwed || was.markOwed)
	if row.id == 0 {
		var err error
		if row.id, err = t.nextMessage(); err != nil {
			return "", err
		}
	}
	switch {
	case m.Pending != "" && len(m.Reports) == 0 && m.Refused == "":
		return t.examinePending(row, was)
	case len(m.Reports) == 0 && m.Refused == "":
		return "", errors.New("the message has neither reports, nor a reason why it was refused, nor one why it is pending")
	}
	if len(m.Reports) == 0 && was.state.Known() {
		// It was read before, and the message at a UID does not change.
		if _, err := t.exec("UPDATE message SET again_at = NULL WHERE id = ?", row.id); err != nil {
			return "", err
		}
		return report.Duplicate, t.oweMark(row)
	}
	verdicts, err := t.recordReports(m, via, row.id)
	if err != nil {
		return "", err
	}
	outcome := row.judge(verdicts, was, t.now)
	if skip, err := t.addsNothing(row, outcome); skip || err != nil {
		return outcome, err
	}
	if err := t.assignSeq(&row); err != nil {
		return "", err
	}
	if err := t.saveMessage(row, was.id != 0); err != nil {
		return "", err
	}
	if was.state == report.Pending {
		if err := t.dropUnfetched(row.id); err != nil {
			return "", err
		}
	}
	return outcome, t.savePendingAuth(row, was, verdicts)
}

// examinePending records that a message's body could not be got. What is known
// of it from before stands.
func (t *tx) examinePending(row, was messageRow) (report.Outcome, error) {
	switch was.state {
	case "", report.Pending:
		row.state, row.refused, row.conflict = report.Pending, clip(row.message.Pending), ""
		row.attempts++
	case report.Recorded, report.Duplicate:
		return report.Duplicate, t.oweMark(row)
	default:
		return was.state, nil
	}
	if err := t.saveMessage(row, was.id != 0); err != nil {
		return "", err
	}
	return report.Pending, t.saveUnfetched(row)
}

// judge sets the state of a message's row from the verdicts on its reports, and
// returns what became of the message this time.
func (row *messageRow) judge(verdicts []report.Verdict, was messageRow, now int64) report.Outcome {
	var conflicts []string
	row.unknown, row.nextTry = false, sql.NullInt64{}
	for _, v := range verdicts {
		row.unknown = row.unknown || v.Pending
		if v.Kind == report.VerdictConflict {
			conflicts = append(conflicts, v.Conflict)
		}
	}
	if row.unknown {
		row.attempts = 1
		if was.unknown {
			row.attempts = was.attempts + 1
		}
		row.nextTry = after(now, report.UnknownWait(row.attempts))
	}
	row.refused, row.conflict = clip(row.message.Refused), clip(strings.Join(conflicts, "; "))
	outcome := report.OutcomeOf(verdicts)
	if was.state.Known() && outcome != report.Recorded {
		return report.Duplicate
	}
	row.state = outcome
	return outcome
}

// addsNothing reports whether a file needs no row: it is a duplicate without
// faults, was refused for the same reason before, or already has a row by which
// its authenticity will be tried again.
func (t *tx) addsNothing(row messageRow, outcome report.Outcome) (bool, error) {
	if row.uid > 0 || outcome == report.Recorded {
		return false, nil
	}
	m := row.message
	if row.unknown {
		var n int
		return t.get(`SELECT 1 FROM message
			WHERE folder = ? AND uid < 1 AND refused = ? AND conflict = ? AND message_id = ? AND sender = ? AND subject = ? AND unknown = 1`,
			[]any{row.folder, row.refused, row.conflict, clip(m.MessageID), clip(m.From), clip(m.Subject)}, &n)
	}
	if row.refused == "" && row.conflict == "" {
		return true, nil
	}
	changed, err := t.exec(`UPDATE message SET reader_version = ?
		WHERE folder = ? AND uid < 1 AND refused = ? AND conflict = ? AND message_id = ? AND sender = ? AND subject = ?`,
		tlsrpt.ReaderVersion, row.folder, row.refused, row.conflict, clip(m.MessageID), clip(m.From), clip(m.Subject))
	return changed > 0, err
}

// assignSeq gives the row a number if it is one that a digest names and it has
// none yet, and takes it if there is nothing left to name.
func (t *tx) assignSeq(row *messageRow) error {
	switch named := row.refused != "" || row.conflict != ""; {
	case !named:
		row.seq.Valid = false
	case !row.seq.Valid:
		n, err := t.nextSeq()
		row.seq.Int64, row.seq.Valid = n, true
		return err
	}
	return nil
}

// source names where a message came from: a folder of a mailbox, or a file.
func source(mailbox, folder string) string {
	if mailbox == filesMailbox {
		return folder
	}
	return mailbox + "/" + folder
}
