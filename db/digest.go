package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"tlsbrief/internal/report"
)

// LastSeq returns the highest sequence number given this far: 0 for none.
func (d *DB) LastSeq(ctx context.Context) (int64, error) {
	var seq int64
	err := d.reader.QueryRowContext(ctx, "SELECT news FROM counter").Scan(&seq)
	return seq, d.fail("reading the last news", err)
}

// Domains returns the domains that all recorded reports are about, sorted, whether
// or not the reports count.
func (d *DB) Domains(ctx context.Context) ([]string, error) {
	names, err := texts(d.reader.QueryContext(ctx,
		"SELECT name FROM domain WHERE EXISTS (SELECT 1 FROM policy WHERE policy.about = domain.id) ORDER BY name"))
	return names, d.fail("listing the policy domains", err)
}

// DigestState returns what is remembered of a digest: the zero state if it never
// ran.
func (d *DB) DigestState(ctx context.Context, name string) (report.DigestState, error) {
	states, err := collect(ctx, d.reader, func(rows *sql.Rows) (report.DigestState, error) {
		var s report.DigestState
		var run, sent sql.NullInt64
		err := rows.Scan(&s.Watermark, &run, &sent, &s.Verdict, &s.Said, &s.Untold)
		s.LastRun, s.LastSent = timeOf(run), timeOf(sent)
		return s, err
	}, "SELECT watermark, last_run, last_sent, verdict, said, untold FROM digest WHERE name = ?", name)
	if err != nil || len(states) == 0 {
		return report.DigestState{}, d.fail("reading the state of digest "+name, err)
	}
	return states[0], nil
}

// SaveDigestState saves what is to be remembered of a digest after a run that
// had nothing to send. LastSent never moves back: SaveAttempt may have set it
// meanwhile.
func (d *DB) SaveDigestState(ctx context.Context, name string, s report.DigestState) error {
	return d.write(ctx, "saving the state of digest "+name, func(t *tx) error {
		return t.saveDigestState(name, s)
	})
}

func (t *tx) saveDigestState(name string, s report.DigestState) error {
	_, err := t.exec(`INSERT INTO digest (name, watermark, last_run, last_sent, verdict, said, untold) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET watermark = excluded.watermark, last_run = excluded.last_run,
			verdict = excluded.verdict, said = excluded.said, untold = excluded.untold,
			last_sent = MAX(COALESCE(last_sent, excluded.last_sent), COALESCE(excluded.last_sent, last_sent))`,
		name, s.Watermark, instant(s.LastRun), instant(s.LastSent), s.Verdict, s.Said, s.Untold)
	return err
}

// RejectedMessages returns the messages that could not be taken as reports, or
// not in all their parts, with numbers above seqAfter and up to seqUpTo;
// 0 does not bound it. The newest is last.
func (d *DB) RejectedMessages(ctx context.Context, seqAfter, seqUpTo int64) ([]report.RejectedMessage, error) {
	messages, err := collect(ctx, d.reader, scanRejected, selectRejected+`FROM message JOIN folder ON folder.id = message.folder
		WHERE news > ? AND (? = 0 OR news <= ?) ORDER BY news`, seqAfter, seqUpTo, seqUpTo)
	return messages, d.fail("listing the rejected messages", err)
}

const selectRejected = `SELECT mailbox, folder.folder, uid_validity, uid, news, via, message_id, sender, subject, refused, reason, conflict, received_at, recorded_at
	`

func scanRejected(rows *sql.Rows) (report.RejectedMessage, error) {
	var m report.RejectedMessage
	var received sql.NullInt64
	var recorded int64
	var refused, conflict string
	err := rows.Scan(&m.Mailbox, &m.Folder, &m.UIDValidity, &m.UID, &m.Seq, &m.Via, &m.MessageID, &m.From, &m.Subject,
		&refused, &m.Reason, &conflict, &received, &recorded)
	m.Text = refused
	if refused != "" && conflict != "" {
		m.Text += "; "
	}
	m.Text += conflict
	m.ReceivedAt, m.RecordedAt = timeOf(received), unix(recorded)
	return m, err
}

// newestRejected reads at most so many messages of each folder, whatever lies there.
const newestRejected = selectRejected + `FROM folder CROSS JOIN message ON message.id IN (
		SELECT id FROM message AS newest WHERE newest.folder = folder.id AND newest.news IS NOT NULL ORDER BY newest.news DESC LIMIT ?)
	WHERE mailbox IN (SELECT value FROM json_each(?)) AND named > 0 ORDER BY news DESC LIMIT ?`

// NewestRejected returns what [DB.RejectedMessages] would of these mailboxes and of
// files: the newest, at most limit of them, the newest first, and how many there are
// in all.
func (d *DB) NewestRejected(ctx context.Context, mailboxes []string, limit int) (newest []report.RejectedMessage, all int64, err error) {
	const step = "listing the rejected messages"
	names, err := json.Marshal(append(slices.Clone(mailboxes), filesMailbox))
	if err != nil {
		return nil, 0, d.fail(step, err)
	}
	err = d.reader.QueryRowContext(ctx, "SELECT COALESCE(SUM(named), 0) FROM folder WHERE mailbox IN (SELECT value FROM json_each(?))", string(names)).Scan(&all)
	if err != nil || all == 0 {
		return nil, 0, d.fail(step, err)
	}
	newest, err = collect(ctx, d.reader, scanRejected, newestRejected, limit, string(names), limit)
	return newest, all, d.fail(step, err)
}
