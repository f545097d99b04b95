package poller

import (
	"context"
	"errors"
	"time"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
)

// How many messages' headers are asked for at a time: few at first, so that
// something is recorded soon, and then many, for the sake of slow links.
const (
	firstBatch  = 500
	headerBatch = 5000
)

// An examination looks at messages of one folder and records the reports among
// them.
type examination struct {
	*folder
	via      db.Via
	validity uint32
	mark     bool // a mark is owed for each recorded message
	advance  bool // the cursor moves with each batch, and not only at the end

	since, before time.Time   // where set: by INTERNALDATE, since inclusive, before exclusive
	done          func(int64) // where set: told how many messages were looked at

	begun    bool // a batch has been looked at
	partJams int  // how often asking for many messages' parts ended the connection

	parcel parcel // that is being filled

	line *pipeline // what messages are sent into, while it runs
}

// ranges runs over the UIDs in [from, below) in order.
func (e *examination) ranges(ctx context.Context, from, below uint32, end *db.Cursor) error {
	for from < below {
		uids, err := e.session.Range(ctx, from, below, rangeSize)
		if err != nil {
			return err
		}
		if len(uids) < rangeSize {
			return e.run(ctx, uids, end)
		}
		last := uids[len(uids)-1]
		var reached *db.Cursor
		if e.advance {
			reached = &db.Cursor{UIDValidity: e.validity, LastUID: last}
		}
		if err := e.run(ctx, uids, reached); err != nil {
			return err
		}
		from = last + 1
	}
	return e.run(ctx, nil, end)
}

// rangesOf is ranges, side by side with the reading and recording.
func (e *examination) rangesOf(ctx context.Context, from, below uint32, end *db.Cursor) error {
	return e.pipelined(ctx, func(ctx context.Context) error { return e.ranges(ctx, from, below, end) })
}

// run looks at the messages of these UIDs, ascending, and then moves the cursor
// to end, if that is set.
func (e *examination) run(ctx context.Context, uids []uint32, end *db.Cursor) error {
	for len(uids) > 0 {
		n := min(len(uids), headerBatch)
		if !e.begun {
			e.begun, n = true, min(n, firstBatch)
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

// batch looks at up to headerBatch messages. With the last of them the cursor moves
// to end, if that is set.
func (e *examination) batch(ctx context.Context, uids []uint32, last bool, end *db.Cursor) error {
	headers, lost, err := e.headers(ctx, uids)
	if err != nil {
		return err
	}
	for _, why := range lost {
		if len(headers) == 0 && !errors.Is(why, errNoHeader) {
			if !e.givesOthers(ctx, uids, false) {
				return why // it is not about these messages
			}
			break
		}
	}
	inside, err := e.inside(ctx, headers)
	if err != nil {
		return err
	}
	for i, uid := range uids {
		h, known := headers[uid]
		h.UID = uid
		c, ok, err := e.consider(ctx, candidate{header: h, lost: lost[uid]}, known, inside)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		size := e.toldSize(c)
		if !e.parcel.holds(size) {
			if err := e.send(ctx, uids[i-1], nil); err != nil {
				return err
			}
		}
		e.parcel.add(c, size)
	}
	e.parcel.looked += int64(len(uids))
	if len(uids) == headerBatch && !last {
		return nil // what is next goes into the same parcel: each costs a round trip
	}
	return e.send(ctx, uids[len(uids)-1], end)
}

// send sends the parcel that is being filled on, with the cursor end, or else one
// that says how far the folder was looked at.
func (e *examination) send(ctx context.Context, upTo uint32, end *db.Cursor) error {
	p := e.parcel
	e.parcel = parcel{}
	if p.cursor = end; end == nil && e.advance {
		p.cursor = &db.Cursor{UIDValidity: e.validity, LastUID: upTo}
	}
	return e.line.send(ctx, &p)
}

// consider decides whether a message is to be fetched, and counts it. known says
// that its header is.
func (e *examination) consider(ctx context.Context, c candidate, known bool, inside insides) (_ candidate, ok bool, err error) {
	switch {
	case c.lost != nil:
		e.counts.Examined++
		return c, true, nil
	case !known, !e.wanted(c.header):
		return c, false, nil // deleted since it was listed, or of another time
	}
	e.counts.Examined++
	if c, err = e.candidate(ctx, c.header, inside); err != nil {
		return c, false, err
	}
	ok = c.fetch || c.lost != nil
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
