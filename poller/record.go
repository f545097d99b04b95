package poller

import (
	"context"
	"fmt"

	"tlsbrief/db"
)

// record commits a batch and counts its outcomes.
func (p *Poller) record(ctx context.Context, c *Counts, b db.Batch) error {
	// A batch in hand is committed even where the process has been told to
	// stop: it is short, and fetching it again is not.
	outcomes, err := p.o.DB.Record(detached(ctx), b)
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	for i, o := range outcomes {
		c.count(o)
		if o == db.Rejected {
			p.logRejected(b.Messages[i])
		}
	}
	return nil
}

func (p *Poller) logRejected(m db.Message) {
	why := m.Refused
	if why == "" {
		why = "it contradicts a report that is recorded already"
	}
	p.o.Log.Warn("rejected", "mailbox", m.Mailbox, "folder", m.Folder, "uid", m.UID, "message_id", m.MessageID, "sender", m.From, "err", why)
}
