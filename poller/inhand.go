package poller

import (
	"context"

	"tlsbrief/internal/report"
)

// prepare reads what is known of messages that are not to be read as the others are:
// those that are pending, and those that a process had in hand when it died.
func (e *examination) prepare(ctx context.Context) error {
	var err error
	if e.pendings, err = e.p.o.DB.PendingUIDs(ctx, e.box.Name, e.name, e.validity); err != nil {
		return err
	}
	e.suspects, err = e.p.o.DB.Suspects(ctx, e.box.Name, e.name, e.validity, e.via)
	return err
}

// skips reports whether a message is left out since it is asked for by itself. A backfill
// leaves out only what may not be asked for among others.
func (e *examination) skips(uid uint32) bool {
	quarantined, pending := e.pendings[uid]
	return quarantined || pending && e.via == report.ViaPoll
}

// takeInHand notes that messages are about to be asked for and read, so that one at which
// the process dies is found.
func (e *examination) takeInHand(ctx context.Context, uids report.UIDRange) (int64, error) {
	e.held = true
	return e.p.o.DB.TakeInHand(detached(ctx), e.box.Name, e.name, e.validity, e.via, uids)
}

// letGo notes that this process, which is alive, has nothing of the folder in hand, and
// with done that all was read which others had when they died.
func (e *examination) letGo(ctx context.Context, done bool) {
	if !e.held && len(e.suspects.Deadly) == 0 && (!done || len(e.suspects.Ranges) == 0) {
		return
	}
	if err := e.p.o.DB.LetGo(detached(ctx), e.box.Name, e.name, e.via, done); err != nil {
		e.log.Error("noting that nothing is in hand", "err", err)
	}
}
