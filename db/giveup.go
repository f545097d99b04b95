package db

import (
	"context"

	"tlsbrief/internal/report"
)

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
		return t.dropUndecided(message)
	}
	reports, err := t.undecided(message)
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
