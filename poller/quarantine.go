package poller

import (
	"context"
	"slices"

	"tlsbrief/internal/report"
)

// A message can jam a poll: asked for it, the server hangs up, falls silent or answers
// what cannot be read, or tlsbrief itself ends. One that did not come in three polls is
// quarantined: it is asked for last, when all else is done, alone, and less and less
// often. It is rejected only when it has been tried so for a week, and only if it says
// of itself that it is a TLS report (DESIGN 5).

// askQuarantined asks for the quarantined messages of the folder whose time has come. It skips
// those that retry asked for in the same poll: their first try alone, after which they wait
// for an hour, would fail for the reason that retry failed for.
func (f *folder) askQuarantined(ctx context.Context) error {
	due, err := f.store.Quarantined(ctx, f.config.Name, f.name)
	due = slices.DeleteFunc(due, func(r report.Retry) bool { return f.retried[r.ID] })
	if err != nil || len(due) == 0 {
		return err
	}
	r, err := f.newRetrier(ctx)
	if err != nil {
		return err
	}
	defer r.access.inHand.letGo(ctx, false)
	left := make([]leftOver, len(due))
	for i, d := range due {
		left[i] = leftOver{retry: d}
	}
	if err := askEach(ctx, left, r.tryAlone); err != nil {
		return err
	}
	return f.markOwed(ctx, r.access.fetcher.validity)
}

// tryAlone asks for one quarantined message, which is noted before: a process that dies of
// it is not to begin with it again.
func (r *retrier) tryAlone(ctx context.Context, left leftOver) (came bool, err error) {
	if err := r.store.TryAlone(detached(ctx), left.retry.ID); err != nil {
		return true, err
	}
	return r.askAgain(ctx, left, r.failedAlone)
}

// failedAlone notes that a quarantined message did not come, where the server gives
// others.
func (r *retrier) failedAlone(ctx context.Context, left leftOver, reason string) error {
	if !r.givesOthers(ctx, left.retry.UID) {
		return nil
	}
	rejected, err := r.store.AloneFailed(detached(ctx), left.retry.ID, reason, "asked for alone, for a week and at least five times, it did not come while others did: "+reason)
	if rejected {
		r.folder.counts.Rejected++
		r.access.read.ingest.LogRejected(r.folder.config.Name, r.folder.name, report.Message{Place: left.retry.Place, Refused: reason})
	}
	return err
}
