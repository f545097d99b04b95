package poller

import (
	"context"
	"errors"
	"fmt"
)

// A message can jam a poll: asked for it, the server hangs up, falls silent or answers
// what cannot be read, or tlsbrief itself ends. One that did not come in three polls is
// quarantined: it is asked for last, when all else is done, alone, and less and less
// often. It is rejected only when it has been tried so for a week, and only if it says
// of itself that it is a TLS report (DESIGN 5).

// quarantined asks for the quarantined messages of the folder whose time has come.
func (f *folder) quarantined(ctx context.Context) error {
	due, err := f.p.o.DB.Quarantined(ctx, f.box.Name, f.name)
	if err != nil || len(due) == 0 {
		return err
	}
	e, err := f.retrying(ctx)
	if err != nil {
		return err
	}
	defer e.letGo(ctx, false)
	for barren := 0; len(due) > 0 && barren < maxBarren; due = due[1:] {
		came, err := e.tryAlone(ctx, leftOver{Retry: due[0]})
		if err != nil {
			return fmt.Errorf("UID %d: %w", due[0].UID, err)
		}
		if barren++; came {
			barren = 0
		}
	}
	return f.markOwed(ctx, e.validity)
}

// tryAlone asks for one quarantined message. came is false where that broke the
// connection.
func (e *examination) tryAlone(ctx context.Context, r leftOver) (came bool, err error) {
	if r.UIDValidity != e.validity {
		return true, e.forget(ctx, r)
	}
	if err := e.p.o.DB.TryAlone(detached(ctx), r.ID); err != nil {
		return true, err
	}
	if err := e.open(ctx); err != nil {
		return true, err
	}
	m, ours, err := e.again(ctx, r.UID)
	switch {
	case errors.Is(err, errGone), err == nil && !ours:
		return true, e.forget(ctx, r)
	case isLost(err):
		return !broke(err), e.failedAlone(ctx, r, err.Error())
	case err != nil:
		return true, err
	case m.Pending != "":
		return true, e.failedAlone(ctx, r, m.Pending)
	}
	o, err := e.p.o.DB.Resolve(detached(ctx), r.ID, m)
	e.counts.count(o)
	return true, err
}

// failedAlone notes that a quarantined message did not come, where the server gives
// others.
func (e *examination) failedAlone(ctx context.Context, r leftOver, reason string) error {
	if !e.givesOthers(ctx, r.UID) {
		return nil
	}
	rejected, err := e.p.o.DB.AloneFailed(detached(ctx), r.ID, "asked for alone, for a week and at least five times, it did not come while others did: "+reason)
	if rejected {
		e.counts.Rejected++
		e.log.Warn("rejected", "uid", r.UID, "err", reason)
	}
	return err
}
