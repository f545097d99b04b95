package poller

import (
	"context"
	"errors"
	"time"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
)

const (
	headerBatch = 500      // messages whose headers are asked for at a time
	bodyBatch   = 200      // bodies held at a time
	byteBatch   = 16 << 20 // bytes of bodies held at a time, if none is larger
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

// run looks at the messages of these UIDs, ascending, and then moves the cursor
// to end, if that is set.
func (e *examination) run(ctx context.Context, uids []uint32, end *db.Cursor) error {
	for len(uids) > 0 {
		n := min(len(uids), headerBatch)
		last := n == len(uids)
		if err := e.batch(ctx, uids[:n], last, end); err != nil {
			return err
		}
		if e.done != nil {
			e.done(int64(n))
		}
		if uids = uids[n:]; last {
			return nil
		}
	}
	if end == nil {
		return nil
	}
	return e.p.record(ctx, e.counts, db.Batch{Mailbox: e.box.Name, Folder: e.name, Via: e.via, Cursor: end})
}

// batch looks at up to headerBatch messages. last says that end is reached with
// them.
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
	var group []candidate
	var size int64
	flush := func(upTo uint32, atEnd bool) error {
		b := db.Batch{Mailbox: e.box.Name, Folder: e.name, Via: e.via}
		switch {
		case atEnd:
			b.Cursor = end
		case e.advance:
			b.Cursor = &db.Cursor{UIDValidity: e.validity, LastUID: upTo}
		}
		if b.Cursor == nil && len(group) == 0 {
			return nil
		}
		if b.Messages, err = e.fetch(ctx, group); err != nil {
			return err
		}
		group, size = group[:0], 0
		return e.p.record(ctx, e.counts, b)
	}
	for i, uid := range uids {
		h, known := headers[uid]
		h.UID = uid
		c, ok, err := e.consider(ctx, candidate{header: h, lost: lost[uid]}, known)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if n := max(h.Size, 0); len(group) > 0 && (size+n > byteBatch || len(group) == bodyBatch) {
			if err := flush(uids[i-1], false); err != nil {
				return err
			}
		}
		group, size = append(group, c), size+max(h.Size, 0)
	}
	return flush(uids[len(uids)-1], last)
}

// consider decides whether a message is to be fetched, and counts it. known says
// that its header is.
func (e *examination) consider(ctx context.Context, c candidate, known bool) (_ candidate, ok bool, err error) {
	switch {
	case c.lost != nil:
		e.counts.Examined++
		return c, true, nil
	case !known, !e.wanted(c.header):
		return c, false, nil // deleted since it was listed, or of another time
	}
	e.counts.Examined++
	if c, err = e.candidate(ctx, c.header); err != nil {
		return c, false, err
	}
	ok = c.fetch || c.lost != nil
	if !ok {
		e.counts.Ignored++
	}
	return c, ok, nil
}

func (e *examination) wanted(h imapbox.Header) bool {
	return (e.since.IsZero() || !h.InternalDate.Before(e.since)) && (e.before.IsZero() || h.InternalDate.Before(e.before))
}
