package poller

import (
	"context"
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
	// is back by then, or its administrator has been told for days.
	longRefused = 24 * time.Hour
)

// folderReadable reports whether the server gives other messages of the folder than
// these, none of which it gives. Then it is about them: several damaged messages
// must not stop the others (DESIGN 5). If not, the server may refuse everything
// for a while, which says nothing of the messages.
//
// The canaries are reports that are recorded already, or else others of the batch, and,
// where it is about headers only, whatever lies before. Where it is about the bodies of candidates and
// there is no canary, as where recorded reports are moved away, time tells.
func (e *examination) folderReadable(ctx context.Context, these []uint32, bodies bool) bool {
	if e.line != nil && e.line.settle(ctx) != nil { // what was read by now is a canary, too
		return false
	}
	recorded, err := e.p.o.DB.RecordedUIDs(ctx, e.box.Name, e.name, e.validity, canaries)
	if err != nil {
		e.complain(ctx, "looking for messages that are recorded already", err)
		return false
	}
	recorded = slices.DeleteFunc(recorded, func(uid uint32) bool { return slices.Contains(these, uid) })
	if !bodies {
		return e.givesHeaders(ctx, these, recorded)
	}
	if len(recorded) > 0 {
		exist, err := e.session.Existing(ctx, recorded)
		if err != nil {
			return false
		}
		if len(exist) > 0 {
			return e.gives(ctx, recorded)
		}
	}
	if others := without(e.claims, these); len(others) > 0 {
		return e.gives(ctx, others)
	}
	return e.longFailing(ctx)
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
func (e *examination) givesHeaders(ctx context.Context, these, recorded []uint32) bool {
	before, err := e.session.Range(ctx, 1, slices.Min(these), canaries)
	canaries := slices.DeleteFunc(slices.Concat(before, recorded), func(uid uint32) bool {
		_, pending := e.pendings[uid]
		return pending || slices.Contains(these, uid)
	})
	if err != nil || len(canaries) == 0 {
		return false
	}
	headers, err := e.session.Headers(ctx, canaries)
	return err == nil && len(headers) > 0
}

// gives reports whether the server gives a body of one of these messages.
func (e *examination) gives(ctx context.Context, uids []uint32) bool {
	given := false
	err := e.session.Bodies(ctx, uids, canaryBytes, func(b imapbox.Body) error {
		given = given || len(b.Data) > 0
		return nil
	})
	return err == nil && given
}

// longFailing reports whether all polls of the folder have failed for long.
func (e *examination) longFailing(ctx context.Context) bool {
	known, err := e.p.o.DB.Folder(ctx, e.box.Name, e.name)
	if err != nil {
		e.complain(ctx, "reading since when the polls fail", err)
		return false
	}
	return !known.FailingSince.IsZero() && time.Since(known.FailingSince) > longRefused
}

// complain logs an error of the database; a stop is none.
func (e *examination) complain(ctx context.Context, step string, err error) {
	if ctx.Err() == nil {
		e.log.Error(step, "err", err)
	}
}
