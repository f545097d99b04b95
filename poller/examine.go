package poller

import (
	"context"
	"slices"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// An examination looks at messages of one folder and records the reports among
// them.
type examination struct {
	*folder
	via      report.Via
	validity uint32
	mark     bool // a mark is owed for each recorded message
	advance  bool // the cursor moves with each batch, and not only at the end

	since, before time.Time   // where set: by INTERNALDATE, since inclusive, before exclusive
	done          func(int64) // where set: told how many messages were looked at

	begun  bool   // a batch has been looked at
	upTo   uint32 // the last UID that was considered
	breaks int    // this and the next two: see salvage
	barren int
	single single

	innerBreaks int // messages at whose inner parts the connection broke

	claims []uint32 // messages of this batch whose headers say that they are reports: canaries

	held     bool // messages were taken in hand
	suspects report.Suspects
	pendings map[uint32]bool // the pending messages, and whether each is quarantined

	parcel parcel // that is being filled

	line *pipeline // what messages are sent into, while it runs
}

// ranges runs over the UIDs in [from, below) in order.
func (e *examination) ranges(ctx context.Context, from, below uint32, end *report.Cursor) error {
	for from < below {
		uids, err := e.session.Range(ctx, from, below, e.p.o.Bounds.Range)
		if err != nil {
			return err
		}
		if len(uids) < e.p.o.Bounds.Range {
			return e.run(ctx, uids, end)
		}
		last := uids[len(uids)-1]
		var reached *report.Cursor
		if e.advance {
			reached = &report.Cursor{UIDValidity: e.validity, LastUID: last}
		}
		if err := e.run(ctx, uids, reached); err != nil {
			return err
		}
		from = last + 1
	}
	return e.run(ctx, nil, end)
}

// rangesOf is ranges, side by side with the reading and recording.
func (e *examination) rangesOf(ctx context.Context, from, below uint32, end *report.Cursor) error {
	return e.pipelined(ctx, func(ctx context.Context) error { return e.ranges(ctx, from, below, end) })
}

// run looks at the messages of these UIDs, ascending, and then moves the cursor
// to end, if that is set.
func (e *examination) run(ctx context.Context, uids []uint32, end *report.Cursor) error {
	uids = slices.DeleteFunc(uids, e.skips)
	for len(uids) > 0 {
		n := min(len(uids), e.p.o.Bounds.Headers)
		if !e.begun {
			e.begun, n = true, min(n, e.p.o.Bounds.FirstHeaders)
		}
		last := n == len(uids)
		reached := end
		if !last {
			reached = nil
		}
		if err := e.batch(ctx, uids[:n], last, reached); err != nil {
			return err
		}
		if uids = uids[n:]; last {
			return nil
		}
	}
	if end == nil {
		return nil
	}
	return e.line.send(ctx, &parcel{cursor: end})
}

// batch looks at up to Bounds.Headers messages. With the last of them the cursor moves
// to end, if that is set. Where the server stops giving messages, those that it gave are
// dealt with, and the cursor does not pass the others.
func (e *examination) batch(ctx context.Context, uids []uint32, last bool, end *report.Cursor) error {
	full := len(uids) == e.p.o.Bounds.Headers && !last
	found := e.headers(ctx, uids)
	stop, rest := found.err, found.rest
	e.claims = claims(found.headers)
	parts, partsRest, err := e.outerParts(ctx, found.headers)
	if err != nil {
		stop, rest = err, slices.Sorted(slices.Values(slices.Concat(rest, partsRest)))
	}
	for _, uid := range uids {
		if _, unknown := slices.BinarySearch(rest, uid); unknown {
			continue
		}
		h, known := found.headers[uid]
		h.UID = uid
		c, ok, err := e.consider(ctx, candidate{header: h, lost: found.lost[uid]}, known, parts[uid])
		if err != nil {
			stop = err
			break
		}
		if ok {
			if err := e.add(ctx, c); err != nil {
				return err
			}
		}
		if len(rest) == 0 || uid < rest[0] {
			e.upTo = uid
		}
		e.parcel.looked++
	}
	switch {
	case stop != nil:
		if err := e.send(ctx, nil); err != nil {
			return err
		}
		return stop
	case full:
		return nil // what is next goes into the same parcel: each costs a round trip
	}
	return e.send(ctx, end)
}

// add puts a candidate into the parcel that is being filled, or the next one. One that
// a process had in hand when it died gets a parcel of its own.
func (e *examination) add(ctx context.Context, c candidate) error {
	size := e.toldSize(c)
	suspect := e.asksFor(c) && e.suspects.Contains(c.header.UID)
	if suspect || !e.parcel.holds(size, e.p.o.Bounds) {
		// The message itself is in the next parcel, and its UID not behind
		// the cursor yet. The one before it may be of an earlier batch.
		if err := e.send(ctx, nil); err != nil {
			return err
		}
	}
	e.parcel.add(c, size)
	if !suspect {
		return nil
	}
	if err := e.send(ctx, nil); err != nil {
		return err
	}
	return e.line.settle(ctx)
}

// send sends the parcel that is being filled on, with the cursor end, or else one
// that says how far the folder was looked at.
func (e *examination) send(ctx context.Context, end *report.Cursor) error {
	p := e.parcel
	e.parcel = parcel{}
	if p.cursor = end; end == nil && e.advance && e.upTo > 0 {
		p.cursor = &report.Cursor{UIDValidity: e.validity, LastUID: e.upTo}
	}
	return e.line.send(ctx, &p)
}

// consider decides whether a message is to be fetched, and counts it. known says
// that its header is.
func (e *examination) consider(ctx context.Context, c candidate, known bool, parts partAnswer) (_ candidate, ok bool, err error) {
	switch {
	case c.lost != nil:
		e.counts.Examined++
		return c, true, nil
	case !known, !e.wanted(c.header):
		return c, false, nil // deleted since it was listed, or of another time
	}
	if c, err = e.candidate(ctx, c.header, parts); err != nil {
		return c, false, err
	}
	e.counts.Examined++
	if c.fetch && slices.Contains(e.suspects.Deadly, c.header.UID) {
		c.lost = errDeadly
	}
	ok = c.fetch || c.lost != nil
	if tooLarge := c.header.Size > e.p.maxMessage(); tooLarge && !c.claimed && c.lost == nil {
		ok = false // nothing says that it is a report: it is not to be named as one
	}
	if !ok {
		e.counts.Ignored++
	}
	return c, ok, nil
}

// wanted reports whether a message is of the time that is asked for. One without a
// date may be.
func (e *examination) wanted(h imapbox.Header) bool {
	return h.InternalDate.IsZero() || (e.since.IsZero() || !h.InternalDate.Before(e.since)) && (e.before.IsZero() || h.InternalDate.Before(e.before))
}
