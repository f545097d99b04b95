package poller

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller/imapbox"
)

const (
	// canaries is how many other messages are asked for.
	canaries = 5
	// canaryBytes is how much of a body shows that the server gives it.
	canaryBytes = 1 << 10
	// longRefused is how long a folder's polls must have failed before candidates
	// are set aside although no canary is left in it: a server that is out of order
	// is back by then, or its administrator has known for days.
	longRefused = 24 * time.Hour
)

// A canary finds out whether the server gives any other messages of a folder.
type canary struct {
	store           Store
	conn            *connection
	mailbox, folder string
	validity        uint32
	inHand          *inHand
	log             *slog.Logger

	claims []uint32                    // messages of the batch at hand whose headers say that they are reports
	drain  func(context.Context) error // where set: has recorded what is under way
}

// folderReadable reports whether the server gives other messages of the folder than
// these, none of which it gives. Then it is about them: several damaged messages
// must not stop the others (DESIGN 5). If not, the server may refuse everything
// for a while, which says nothing of the messages.
//
// The canaries are reports that are recorded already, or else others of the batch, and,
// where it is about headers only, whatever lies before. Where it is about the bodies of candidates and
// there is no canary, as where recorded reports are moved away, time tells.
func (c *canary) folderReadable(ctx context.Context, these []uint32, bodies bool) bool {
	if c.drain != nil && c.drain(ctx) != nil { // what was read by now serves, too
		return false
	}
	recorded, err := c.store.RecordedUIDs(ctx, c.mailbox, c.folder, c.validity, canaries)
	if err != nil {
		c.logError(ctx, "looking for messages that are recorded already", err)
		return false
	}
	recorded = slices.DeleteFunc(recorded, func(uid uint32) bool { return slices.Contains(these, uid) })
	if !bodies {
		return c.givesHeaders(ctx, these, recorded)
	}
	if len(recorded) > 0 {
		exist, err := c.conn.session.Existing(ctx, recorded)
		if err != nil {
			return false
		}
		if len(exist) > 0 {
			return c.gives(ctx, recorded)
		}
	}
	if others := without(c.claims, these); len(others) > 0 {
		return c.gives(ctx, others)
	}
	return c.longFailing(ctx)
}

// claims returns some of the messages whose headers say that they are reports.
func claims(headers map[uint32]imapbox.Header) []uint32 {
	var uids []uint32
	for uid, h := range headers {
		if len(uids) < 2*canaries && read.ClassifyHeader(h.Fields.Get) == read.Certain {
			uids = append(uids, uid)
		}
	}
	slices.Sort(uids)
	return uids
}

// without returns up to a few of the UIDs that are not among these.
func without(uids, these []uint32) []uint32 {
	others := slices.DeleteFunc(slices.Clone(uids), func(uid uint32) bool { return slices.Contains(these, uid) })
	return others[:min(len(others), canaries)]
}

// givesHeaders reports whether the server gives a header of these messages that are
// recorded, or of those that lie before the ones whose headers it does not give.
func (c *canary) givesHeaders(ctx context.Context, these, recorded []uint32) bool {
	before, err := c.conn.session.Range(ctx, 1, slices.Min(these), canaries)
	canaries := slices.DeleteFunc(slices.Concat(before, recorded), func(uid uint32) bool {
		_, pending := c.inHand.pendings[uid]
		return pending || slices.Contains(these, uid)
	})
	if err != nil || len(canaries) == 0 {
		return false
	}
	headers, err := c.conn.session.Headers(ctx, canaries)
	return err == nil && len(headers) > 0
}

// gives reports whether the server gives a body of one of these messages.
func (c *canary) gives(ctx context.Context, uids []uint32) bool {
	given := false
	err := c.conn.session.Bodies(ctx, uids, canaryBytes, func(b imapbox.Body) error {
		given = given || len(b.Data) > 0
		return nil
	})
	return err == nil && given
}

// longFailing reports whether all polls of the folder have failed for long.
func (c *canary) longFailing(ctx context.Context) bool {
	known, err := c.store.Folder(ctx, c.mailbox, c.folder)
	if err != nil {
		c.logError(ctx, "reading since when the polls fail", err)
		return false
	}
	return !known.FailingSince.IsZero() && time.Since(known.FailingSince) > longRefused
}

// logError logs an error of the database; a stop is none.
func (c *canary) logError(ctx context.Context, step string, err error) {
	if ctx.Err() == nil {
		c.log.Error(step, "err", err)
	}
}
