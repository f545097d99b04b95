package poller

import (
	"context"
	"log/slog"
	"slices"

	"tlsbrief/internal/report"
)

// An inHand keeps which messages of a folder may not be read as the others are: those that
// are pending, and those that a process had in hand when it died.
type inHand struct {
	store           Store
	mailbox, folder string
	validity        uint32
	via             report.Via
	log             *slog.Logger

	taken    bool // messages were taken in hand
	suspects report.Suspects
	pendings map[uint32]bool // the pending messages, and whether each is quarantined
}

// load reads what is known of such messages.
func (h *inHand) load(ctx context.Context) error {
	var err error
	if h.pendings, err = h.store.PendingUIDs(ctx, h.mailbox, h.folder, h.validity); err != nil {
		return err
	}
	h.suspects, err = h.store.Suspects(ctx, h.mailbox, h.folder, h.validity, h.via)
	return err
}

// skips reports whether a scan leaves a message out since it is asked for by itself. A
// backfill leaves out only what may not be asked for among others.
func (h *inHand) skips(uid uint32) bool {
	quarantined, pending := h.pendings[uid]
	return quarantined || pending && h.via == report.ViaPoll
}

// deadly reports whether tlsbrief ended twice while it read a message.
func (h *inHand) deadly(uid uint32) bool { return slices.Contains(h.suspects.Deadly, uid) }

// take notes that messages are about to be asked for and read, so that one at which
// the process dies is found.
func (h *inHand) take(ctx context.Context, uids report.UIDRange) (int64, error) {
	h.taken = true
	return h.store.TakeInHand(detached(ctx), h.mailbox, h.folder, h.validity, h.via, uids)
}

// letGo notes that this process, which is alive, has nothing of the folder in hand, and
// with done that all was read which others had when they died.
func (h *inHand) letGo(ctx context.Context, done bool) {
	if !h.taken && len(h.suspects.Deadly) == 0 && (!done || len(h.suspects.Ranges) == 0) {
		return
	}
	if err := h.store.LetGo(detached(ctx), h.mailbox, h.folder, h.via, done); err != nil {
		h.log.Error("noting that nothing is in hand", "err", err)
	}
}
