package poller

import (
	"context"
	"fmt"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
	"tlsbrief/tlsrpt"
)

// An intake collects what was read, until it is recorded.
type intake struct {
	*examination
	messages []db.Message
	held     int64 // bytes of unpacked reports
}

// add adds a message. Reports are far larger than the mails that bring them can
// be: before they fill the memory they are recorded, with the cursor to follow.
func (in *intake) add(ctx context.Context, m db.Message) error {
	in.messages = append(in.messages, m)
	for _, r := range m.Reports {
		in.held += int64(len(r.JSON))
	}
	if in.held < byteBatch {
		return nil
	}
	err := in.p.record(ctx, in.counts, db.Batch{Mailbox: in.box.Name, Folder: in.name, Via: in.via, Messages: in.messages})
	in.messages, in.held = nil, 0
	return err
}

// fetch gets the bodies of candidates and reads them. What cannot be got is
// pending; what is too large is refused unread. It returns what is still to be
// recorded.
func (e *examination) fetch(ctx context.Context, group []candidate) ([]db.Message, error) {
	in := intake{examination: e}
	limit := e.p.o.Reading.Limits.MaxMessage
	var headers []imapbox.Header
	byUID := map[uint32]candidate{}
	for _, c := range group {
		switch {
		case c.lost != nil:
			in.messages = append(in.messages, e.pending(c, c.lost))
		case c.header.Size > limit:
			in.messages = append(in.messages, e.tooLarge(c, limit))
		default:
			byUID[c.header.UID] = c
			headers = append(headers, c.header)
		}
	}
	if len(headers) == 0 {
		return in.messages, nil
	}
	err := e.bodies(ctx, headers, func(b imapbox.Body, refused error) error {
		m, ok, err := e.take(ctx, byUID[b.UID], b, refused)
		switch {
		case err != nil:
			return err
		case !ok:
			e.counts.Ignored++
			return nil
		}
		return in.add(ctx, m)
	})
	return in.messages, err
}

// take reads one candidate's body. ok is false where it turns out to be none of
// our business.
func (e *examination) take(ctx context.Context, c candidate, b imapbox.Body, refused error) (m db.Message, ok bool, err error) {
	switch {
	case refused != nil:
		return e.pending(c, refused), true, nil
	case len(b.Data) == 0:
		return e.pending(c, errNoBody), true, nil
	case b.TooLarge:
		return e.tooLarge(c, e.p.o.Reading.Limits.MaxMessage), true, nil
	}
	m, ok, err = e.p.readMail(ctx, e.reader, incoming{
		place: e.place(c.header.UID), data: b.Data, received: c.header.InternalDate, certain: c.likelihood == tlsrpt.Certain,
	})
	if err == nil && ctx.Err() != nil {
		// Told to stop while DNS was asked: "unknown" would not be its answer.
		err = context.Cause(ctx)
	}
	if m.From == "" && m.MessageID == "" {
		describe(&m, tlsrpt.ReadEnvelope(c.header.Fields.Get)) // it was not read so far as that
	}
	m.MarkOwed = e.mark
	return m, ok, err
}

func (e *examination) place(uid uint32) db.Place {
	return db.Place{Mailbox: e.box.Name, Folder: e.name, UIDValidity: e.validity, UID: uid}
}

// fromHeader describes a message of which only the header is known.
func (e *examination) fromHeader(c candidate) db.Message {
	m := db.Message{Place: e.place(c.header.UID), ReceivedAt: c.header.InternalDate, MarkOwed: e.mark}
	describe(&m, tlsrpt.ReadEnvelope(c.header.Fields.Get))
	return m
}

func (e *examination) pending(c candidate, why error) db.Message {
	m := e.fromHeader(c)
	m.Pending = why.Error()
	return m
}

func (e *examination) tooLarge(c candidate, limit int64) db.Message {
	m := e.fromHeader(c)
	m.Refused = fmt.Sprintf("the message is larger than reports.max_message (%d bytes): raise it and run backfill to read it", limit)
	return m
}
