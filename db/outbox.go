package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"tlsbrief/internal/report"
)

// Enqueue puts a mail into the outbox and saves its digest's state, in one
// transaction, and returns the mail's number. A recipient without a state waits;
// a zero CreatedAt is now. A Message-ID that was used before is an error.
func (d *DB) Enqueue(ctx context.Context, m report.Mail, s report.DigestState) (id int64, err error) {
	err = d.write(ctx, "putting digest "+m.Digest+" into the outbox", func(t *tx) error {
		if len(m.Recipients) == 0 {
			return errors.New("the mail has no recipient")
		}
		if m.CreatedAt.IsZero() {
			m.CreatedAt = unix(t.now)
		}
		packed, err := t.db.pack.pack(m.Data)
		if err != nil {
			return err
		}
		_, err = t.get(`INSERT INTO outbox (digest, message_id, sender, data, created_at, attempts, next_attempt, last_error)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			[]any{m.Digest, m.MessageID, m.From, packed, m.CreatedAt.Unix(), m.Attempts, m.NextAttempt.Unix(), clip(m.LastError)}, &id)
		if err != nil {
			return fmt.Errorf("message-id %s: %w", m.MessageID, err)
		}
		for i, r := range m.Recipients {
			if r.State == "" {
				r.State = report.DeliveryWaiting
			}
			if _, err := t.exec("INSERT INTO recipient (mail, position, address, state, error) VALUES (?, ?, ?, ?, ?)",
				id, i, r.Address, r.State, clip(r.Error)); err != nil {
				return fmt.Errorf("recipient %s: %w", r.Address, err)
			}
		}
		return t.saveDigestState(m.Digest, s)
	})
	return id, err
}

// SaveAttempt saves what came of trying to send a mail. recipients are told
// apart by their address; those not named stay as they are. Where one became
// sent, the digest's LastSent is now.
func (d *DB) SaveAttempt(ctx context.Context, id int64, attempts int, next time.Time, lastErr string, recipients []report.Recipient) error {
	return d.write(ctx, "saving an attempt to send", func(t *tx) error {
		changed, err := t.exec("UPDATE outbox SET attempts = ?, next_attempt = ?, last_error = ? WHERE id = ?", attempts, next.Unix(), clip(lastErr), id)
		if err != nil {
			return err
		}
		if changed == 0 {
			return fmt.Errorf("mail %d: %w", id, ErrNotFound)
		}
		sent := false
		for _, r := range recipients {
			became, err := t.saveRecipient(id, r)
			if err != nil {
				return err
			}
			sent = sent || became
		}
		if !sent {
			return nil
		}
		_, err = t.exec(`INSERT INTO digest (name, watermark, last_sent) SELECT digest, 0, ? FROM outbox WHERE id = ?
			ON CONFLICT (name) DO UPDATE SET last_sent = excluded.last_sent`, t.now, id)
		return err
	})
}

// saveRecipient saves a recipient's state and reports whether it became sent.
func (t *tx) saveRecipient(mail int64, r report.Recipient) (became bool, err error) {
	var was report.Delivery
	found, err := t.get("SELECT state FROM recipient WHERE mail = ? AND address = ?", []any{mail, r.Address}, &was)
	if err != nil {
		return false, err
	}
	if !found {
		return false, fmt.Errorf("recipient %s of mail %d: %w", r.Address, mail, ErrNotFound)
	}
	_, err = t.exec("UPDATE recipient SET state = ?, error = ? WHERE mail = ? AND address = ?", r.State, clip(r.Error), mail, r.Address)
	return r.State == report.DeliverySent && was != report.DeliverySent, err
}

// Outbox returns the mails with a recipient that waits, oldest first: those
// whose next attempt is due by dueBy, or all where that is zero.
func (d *DB) Outbox(ctx context.Context, dueBy time.Time) ([]report.Mail, error) {
	mails, err := d.mails(ctx, `WHERE id IN (SELECT mail FROM recipient WHERE state = 'waiting') AND (? OR next_attempt <= ?) ORDER BY id`,
		dueBy.IsZero(), dueBy.Unix())
	return mails, d.fail("reading the outbox", err)
}

// FailedMails returns the mails that a server refused for good for at least one
// recipient, oldest first.
func (d *DB) FailedMails(ctx context.Context) ([]report.Mail, error) {
	mails, err := d.mails(ctx, "WHERE id IN (SELECT mail FROM recipient WHERE state = 'refused') ORDER BY id")
	return mails, d.fail("listing the refused mails", err)
}

// MailByMessageID returns a mail, sent or not, by its Message-ID without angle
// brackets. Its error wraps ErrNotFound where there is none.
func (d *DB) MailByMessageID(ctx context.Context, id string) (report.Mail, error) {
	mails, err := d.mails(ctx, "WHERE message_id = ?", id)
	if err == nil && len(mails) == 0 {
		err = fmt.Errorf("a mail with Message-ID %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return report.Mail{}, d.fail("looking up a mail", err)
	}
	return mails[0], nil
}

// LastMail returns the Message-ID, without angle brackets, of the newest mail of a
// digest; empty where none is kept.
func (d *DB) LastMail(ctx context.Context, digest string) (messageID string, err error) {
	err = d.reader.QueryRowContext(ctx, "SELECT message_id FROM outbox WHERE digest = ? ORDER BY id DESC LIMIT 1", digest).Scan(&messageID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return messageID, d.fail("looking up the last mail of digest "+digest, err)
}

// mails reads mails with their recipients. A transaction keeps the two in step.
func (d *DB) mails(ctx context.Context, where string, args ...any) ([]report.Mail, error) {
	view, err := d.reader.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer view.Rollback() // nothing was written
	rows, err := view.QueryContext(ctx, `SELECT id, digest, message_id, sender, data, created_at, attempts, next_attempt, last_error FROM outbox `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var mails []report.Mail
	for rows.Next() {
		var m report.Mail
		var packed []byte
		var created, next int64
		if err := rows.Scan(&m.ID, &m.Digest, &m.MessageID, &m.From, &packed, &created, &m.Attempts, &next, &m.LastError); err != nil {
			return nil, err
		}
		if m.Data, err = unpack(packed); err != nil {
			return nil, fmt.Errorf("mail %s: %w", m.MessageID, err)
		}
		m.CreatedAt, m.NextAttempt = unix(created), unix(next)
		mails = append(mails, m)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range mails {
		if mails[i].Recipients, err = recipients(ctx, view, mails[i].ID); err != nil {
			return nil, err
		}
	}
	return mails, nil
}

func recipients(ctx context.Context, view *sql.Tx, mail int64) ([]report.Recipient, error) {
	rows, err := view.QueryContext(ctx, "SELECT address, state, error FROM recipient WHERE mail = ? ORDER BY position", mail)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []report.Recipient
	for rows.Next() {
		var r report.Recipient
		if err := rows.Scan(&r.Address, &r.State, &r.Error); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
