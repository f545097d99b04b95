package db

import (
	"context"
	"database/sql"

	"tlsbrief/internal/report"
)

// maxRaw bounds, in bytes, what is kept of the messages that UnknownMessages
// returns in one call; the first is returned whatever its size.
const maxRaw = 64 << 20

// UnknownMessages returns messages with a report whose authenticity is unknown:
// at most 500, and about 64 MiB of them, those due first. They are of all
// mailboxes, and of files: what it takes to judge them is kept here, so that no
// folder need be open to try them again.
func (d *DB) UnknownMessages(ctx context.Context) ([]report.Retry, error) {
	return d.unknownMessages(ctx, "unknown = 1 ORDER BY message.next_try")
}

// UnknownDue returns those of the UnknownMessages that are to be tried again by
// now, of rows up to a number that LastMessage returned.
func (d *DB) UnknownDue(ctx context.Context, upTo int64) ([]report.Retry, error) {
	return d.unknownMessages(ctx, "unknown = 1 AND message.next_try <= ? AND message.id <= ? ORDER BY message.next_try", d.now(), upTo)
}

// LastMessage returns the highest number of a message row given this far: 0 for
// none.
func (d *DB) LastMessage(ctx context.Context) (int64, error) {
	var id int64
	err := d.reader.QueryRowContext(ctx, "SELECT message FROM counter").Scan(&id)
	return id, d.fail("reading the last message's number", err)
}

// CountUnknown counts the messages with a report whose authenticity is unknown.
func (d *DB) CountUnknown(ctx context.Context) (int64, error) {
	var n int64
	err := d.reader.QueryRowContext(ctx, "SELECT count(*) FROM message WHERE unknown = 1").Scan(&n)
	return n, d.fail("counting the messages of unknown authenticity", err)
}

func (d *DB) unknownMessages(ctx context.Context, condition string, args ...any) ([]report.Retry, error) {
	const step = "listing the messages of unknown authenticity"
	retries, err := d.retries(ctx, condition, args...)
	if err != nil {
		return nil, d.fail(step, err)
	}
	size := 0
	for i := range retries {
		if size >= maxRaw {
			return retries[:i], nil
		}
		if err := d.addKept(ctx, &retries[i]); err != nil {
			return nil, d.fail(step, err)
		}
		size += len(retries[i].Raw) + len(retries[i].Kept)
	}
	return retries, nil
}

// addKept adds what was kept of a message.
func (d *DB) addKept(ctx context.Context, r *report.Retry) (err error) {
	for _, from := range []struct {
		query string
		into  *[]byte
	}{
		{"SELECT data FROM message_kept WHERE message = ?", &r.Kept},
		{"SELECT data FROM message_raw WHERE message = ?", &r.Raw},
	} {
		packed, err := collect(ctx, d.reader, func(rows *sql.Rows) (b []byte, err error) {
			return b, rows.Scan(&b)
		}, from.query, r.ID)
		if err != nil {
			return err
		}
		if len(packed) > 0 && len(packed[0]) > 0 {
			if *from.into, err = unpack(packed[0]); err != nil {
				return err
			}
		}
	}
	r.Reports, err = collect(ctx, d.reader, func(rows *sql.Rows) (k report.ReportKey, err error) {
		var identity, content []byte
		if err := rows.Scan(&identity, &content); err != nil {
			return k, err
		}
		return report.ReportKey{Identity: [32]byte(identity), Content: [32]byte(content)}, nil
	}, "SELECT identity, content FROM undecided WHERE message = ? ORDER BY position", r.ID)
	return err
}

// giveUpAtOnce is how many messages one transaction gives up: few enough that a
// poll which records meanwhile waits no more than a moment.
const giveUpAtOnce = 200

// giveUpOldest brings what is kept to judge messages later within
// Options.MaxKept: the reports of the oldest have failed, for that reason.
func (d *DB) giveUpOldest(ctx context.Context) error {
	if d.opt.MaxKept <= 0 {
		return nil
	}
	for {
		n := 0
		err := d.write(ctx, "giving up what DNS does not answer for", func(t *tx) (err error) {
			n, err = t.giveUpOldest(d.opt.MaxKept)
			return err
		})
		if err != nil {
			return err
		}
		if n > 0 {
			d.opt.Log.WarnContext(ctx, "gave up authenticating the oldest messages that DNS did not answer for: more is kept to try again than reports.max_unknown allows",
				"count", n, "path", d.path)
		}
		if n < giveUpAtOnce {
			return nil
		}
	}
}

// giveUpOldest gives up as many messages as it takes, and at most giveUpAtOnce.
func (t *tx) giveUpOldest(most int64) (n int, err error) {
	var total int64
	if _, err := t.get("SELECT COALESCE(SUM(size), 0) FROM message_kept", nil, &total); err != nil {
		return 0, err
	}
	for total > most && n < giveUpAtOnce {
		var id, size int64
		found, err := t.get("SELECT message, size FROM message_kept ORDER BY message LIMIT 1", nil, &id, &size)
		if err != nil || !found {
			return n, err
		}
		if err := t.giveUp(id); err != nil {
			return n, err
		}
		total -= size
		n++
	}
	return n, nil
}

// giveUp decides that a message's reports were not authenticated.
func (t *tx) giveUp(message int64) error {
	row, err := t.messageByID(message)
	if err != nil {
		return err
	}
	if !row.unknown {
		return t.dropPendingAuth(message)
	}
	reports, err := t.pendingAuth(message)
	if err != nil {
		return err
	}
	d := report.Decision{Message: message}
	for _, u := range reports {
		a := report.ReportAnswer{Identity: [32]byte(u.identity), Content: [32]byte(u.content), Auth: report.Authenticity{Result: report.AuthFail, Reason: report.ReasonTooManyUnknown}}
		// Who claims to have signed it stands with the report.
		if _, err := t.get(`SELECT auth_domain FROM identity JOIN report ON report.id = identity.report
			WHERE identity = ? AND content = ?`, []any{u.identity, u.content}, &a.Auth.Domain); err != nil {
			return err
		}
		d.Answers = append(d.Answers, a)
	}
	return t.decide(row, d)
}
