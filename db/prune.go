package db

import "context"

// pruneAtOnce is how many rows one transaction of Prune removes: few enough that
// a poll which records meanwhile waits no more than a moment.
const pruneAtOnce = 500

// Prune removes what was recorded longer ago than Options.Keep: reports, messages
// that no report is left of, mails that nobody waits for, what had changed at
// domains, and what was found at those that are looked at no more. What is still
// owed to a message after all that time, a body, an answer or a mark, is given up.
// Identities stay for ever: a report that is delivered again is still a duplicate.
// It returns how many reports it removed, also where it was stopped half way, and
// can then be called again.
func (d *DB) Prune(ctx context.Context) (removed int64, err error) {
	if d.opt.Keep <= 0 {
		return 0, nil
	}
	before := d.opt.Now().Add(-d.opt.Keep).Unix()
	removed, err = d.pruneStep(ctx, `DELETE FROM report WHERE id IN (SELECT id FROM report WHERE recorded_at < ? LIMIT ?)`, before)
	if err != nil {
		return removed, err
	}
	for _, query := range []string{
		`DELETE FROM message WHERE id IN (SELECT id FROM message WHERE recorded_at < ?
			AND NOT EXISTS (SELECT 1 FROM report WHERE report.message = message.id) LIMIT ?)`,
		`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE created_at < ?
			AND NOT EXISTS (SELECT 1 FROM recipient WHERE recipient.mail = outbox.id AND state = 'waiting') LIMIT ?)`,
		`DELETE FROM domain_change WHERE news IN (SELECT news FROM domain_change WHERE noticed_at < ? LIMIT ?)`,
		`DELETE FROM domain_check WHERE domain IN (SELECT domain FROM domain_check WHERE checked_at < ? LIMIT ?)`,
	} {
		if _, err := d.pruneStep(ctx, query, before); err != nil {
			return removed, err
		}
	}
	return removed, d.write(ctx, "removing names that nothing refers to", func(t *tx) error {
		if _, err := t.exec(`DELETE FROM domain WHERE NOT EXISTS (SELECT 1 FROM policy WHERE policy.about = domain.id)
			AND NOT EXISTS (SELECT 1 FROM policy WHERE policy.domain = domain.id)`); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM folder WHERE mailbox = ? AND poll_last_uid IS NULL AND backfill_last_uid IS NULL
			AND NOT EXISTS (SELECT 1 FROM message WHERE message.folder = folder.id)`, filesMailbox)
		return err
	})
}

// pruneStep runs a removal until there is nothing left for it.
func (d *DB) pruneStep(ctx context.Context, query string, before int64) (removed int64, err error) {
	for {
		var n int64
		err := d.write(ctx, "removing what is older than database.keep", func(t *tx) error {
			var err error
			n, err = t.exec(query, before, pruneAtOnce)
			return err
		})
		removed += n
		if err != nil || n < pruneAtOnce {
			return removed, err
		}
	}
}
