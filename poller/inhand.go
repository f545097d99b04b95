package poller

import (
	"context"

	"tlsbrief/db"
)

// prepare reads what is known of messages that are not to be read as the others are:
// those that are pending, and those that a process had in hand when it died.
func (e *examination) prepare(ctx context.Context) error {
	pending, err := e.p.o.DB.PendingUIDs(ctx, e.box.Name, e.name, e.validity)
	if err != nil {
		return err
	}
	e.skip = map[uint32]bool{}
	for uid, quarantined := range pending {
		// A backfill asks for all that may be asked for among others.
		e.skip[uid] = quarantined || e.via == db.ViaPoll
	}
	e.suspects, err = e.p.o.DB.Suspects(ctx, e.box.Name, e.name, e.validity, e.via)
	return err
}

// takeInHand notes that messages are about to be asked for and read, so that one at which
// the process dies is found.
func (e *examination) takeInHand(ctx context.Context, uids db.UIDRange) (int64, error) {
	e.held = true
	return e.p.o.DB.TakeInHand(detached(ctx), e.box.Name, e.name, e.validity, e.via, uids)
}

// letGo notes that this process, which is alive, has nothing of the folder in hand, and
// with done that all was read which others had when they died.
func (e *examination) letGo(ctx context.Context, done bool) {
	if !e.held && (!done || len(e.suspects.Ranges) == 0) {
		return
	}
	if err := e.p.o.DB.LetGo(detached(ctx), e.box.Name, e.name, e.via, done); err != nil {
		e.log.Error("noting that nothing is in hand", "err", err)
	}
}
