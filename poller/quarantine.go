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

// quarantined asks for the quarantined messages of the folder whose time has come. It skips
// those that retry asked for in the same poll: their first try alone, after which they wait
// for an hour, would fail for the reason that retry failed for.
func (f *folder) quarantined(ctx context.Context) error {
	due, err := f.p.o.DB.Quarantined(ctx, f.box.Name, f.name)
	due = slices.DeleteFunc(due, func(r report.Retry) bool { return f.retried[r.ID] })
	if err != nil || len(due) == 0 {
		return err
	}
	e, err := f.retrying(ctx)
	if err != nil {
		return err
	}
	defer e.letGo(ctx, false)
	left := make([]leftOver, len(due))
	for i, r := range due {
		left[i] = leftOver{Retry: r}
	}
	if err := askEach(ctx, left, e.tryAlone); err != nil {
		return err
	}
	return f.markOwed(ctx, e.validity)
}

// tryAlone asks for one quarantined message, which is noted before: a process that dies of
// it is not to begin with it again.
func (e *examination) tryAlone(ctx context.Context, r leftOver) (came bool, err error) {
	if err := e.p.o.DB.TryAlone(detached(ctx), r.ID); err != nil {
		return true, err
	}
	return e.askAgain(ctx, r, e.failedAlone)
}

// failedAlone notes that a quarantined message did not come, where the server gives
// others.
func (e *examination) failedAlone(ctx context.Context, r leftOver, reason string) error {
	if !e.givesOthers(ctx, r.UID) {
		return nil
	}
	rejected, err := e.p.o.DB.AloneFailed(detached(ctx), r.ID, reason, "asked for alone, for a week and at least five times, it did not come while others did: "+reason)
	if rejected {
		e.counts.Rejected++
		e.p.o.Ingest.LogRejected(e.box.Name, e.name, report.Message{Place: r.Place, Refused: reason})
	}
	return err
}
