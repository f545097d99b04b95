package poller

import (
	"context"
	"fmt"

	"tlsbrief/internal/report"
)

// record commits a batch and counts its outcomes.
func (p *Poller) record(ctx context.Context, c *Counts, b report.Batch) error {
	// A batch in hand is committed even where the process has been told to
	// stop: it is short, and fetching it again is not.
	outcomes, err := p.o.DB.Record(detached(ctx), b)
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	for i, o := range outcomes {
		c.count(o)
		if o == report.Rejected {
			p.logRejected(b.Mailbox, b.Folder, b.Messages[i])
		}
	}
	return nil
}
