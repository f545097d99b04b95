package ingest

import (
	"context"
	"fmt"

	"tlsbrief/internal/report"
)

// Record commits a batch and counts what became of its messages.
func (in *Ingester) Record(ctx context.Context, c *Counts, b report.Batch) error {
	outcomes, err := in.record(ctx, b)
	for _, o := range outcomes {
		c.Count(o)
	}
	return err
}

// record commits a batch, even where the process has to stop: that is short,
// and fetching the messages again is not.
func (in *Ingester) record(ctx context.Context, b report.Batch) ([]report.Outcome, error) {
	outcomes, err := in.o.Recorder.Record(context.WithoutCancel(ctx), b)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	for i, o := range outcomes {
		if o == report.Rejected {
			in.LogRejected(b.Mailbox, b.Folder, b.Messages[i])
		}
	}
	return outcomes, nil
}
