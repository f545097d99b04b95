package poller

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
	"tlsbrief/tlsrpt"
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
	advance  bool // the cursor may move with each batch, not only at the end

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
		if err := e.run(ctx, uids, &db.Cursor{UIDValidity: e.validity, LastUID: last}); err != nil {
			return err
		}
		from = last + 1
	}
	return e.run(ctx, nil, end)
}

// run looks at the messages of these UIDs, ascending, and then moves the cursor
// to end.
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
	return e.record(ctx, e.counts, db.Batch{Mailbox: e.box.Name, Folder: e.name, Via: e.via, Cursor: end})
}

// batch looks at up to headerBatch messages. last says that end is reached with
// them.
func (e *examination) batch(ctx context.Context, uids []uint32, last bool, end *db.Cursor) error {
	headers, err := e.session.Headers(ctx, uids)
	if err != nil {
		return err
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
		case len(group) == 0:
			return nil
		}
		if b.Messages, err = e.fetch(ctx, group); err != nil {
			return err
		}
		group, size = group[:0], 0
		return e.record(ctx, e.counts, b)
	}
	for i, uid := range uids {
		h, ok := headers[uid]
		if !ok || !e.wanted(h) {
			continue // expunged since it was listed, or of another time
		}
		e.counts.Examined++
		c, err := e.candidate(ctx, h)
		if err != nil {
			return err
		}
		if !c.fetch {
			e.counts.Ignored++
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

func (e *examination) wanted(h imapbox.Header) bool {
	return (e.since.IsZero() || !h.InternalDate.Before(e.since)) && (e.before.IsZero() || h.InternalDate.Before(e.before))
}

// fetch gets the bodies of candidates and reads them. What cannot be got is
// pending; what is too large is refused unread.
func (e *examination) fetch(ctx context.Context, group []candidate) ([]db.Message, error) {
	var messages []db.Message
	var uids []uint32
	byUID := map[uint32]candidate{}
	for _, c := range group {
		if limit := e.p.o.Reading.Limits.MaxMessage; c.header.Size > limit {
			messages = append(messages, e.tooLarge(c, limit))
			continue
		}
		byUID[c.header.UID] = c
		uids = append(uids, c.header.UID)
	}
	if len(uids) == 0 {
		return messages, nil
	}
	err := e.session.Bodies(ctx, uids, e.p.o.Reading.Limits.MaxMessage, func(b imapbox.Body) error {
		m, ok, err := e.read(ctx, byUID[b.UID], b)
		if err == nil && ok {
			messages = append(messages, m)
		} else if err == nil {
			e.counts.Ignored++
		}
		return err
	})
	return messages, err
}

// read reads one candidate's body. ok is false where it turns out to be none of
// our business.
func (e *examination) read(ctx context.Context, c candidate, b imapbox.Body) (m db.Message, ok bool, err error) {
	place := e.place(b.UID)
	switch {
	case b.Data == nil:
		m = e.fromHeader(c)
		m.Pending = "the server gave no body for it"
		return m, true, nil
	case b.TooLarge:
		return e.tooLarge(c, e.p.o.Reading.Limits.MaxMessage), true, nil
	}
	m, ok, err = e.p.o.Reading.read(ctx, e.reader, incoming{
		place: place, data: b.Data, received: c.header.InternalDate, certain: c.likelihood == tlsrpt.Certain,
	})
	m.MarkOwed = ok && e.mark && len(m.Reports) > 0
	return m, ok, err
}

func (e *examination) place(uid uint32) db.Place {
	return db.Place{Mailbox: e.box.Name, Folder: e.name, UIDValidity: e.validity, UID: uid}
}

// fromHeader describes a message of which only the header is known.
func (e *examination) fromHeader(c candidate) db.Message {
	m := db.Message{Place: e.place(c.header.UID), ReceivedAt: c.header.InternalDate}
	describe(&m, tlsrpt.ReadEnvelope(c.header.Fields.Get))
	return m
}

func (e *examination) tooLarge(c candidate, limit int64) db.Message {
	m := e.fromHeader(c)
	m.Refused = fmt.Sprintf("the message is larger than reports.max_message (%d bytes): raise it and run backfill to read it", limit)
	return m
}
