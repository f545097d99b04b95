package poller

import (
	"context"
	"errors"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller/imapbox"
)

// A messageReader makes messages for the database out of the candidates of a folder.
type messageReader struct {
	ingest  *ingest.Ingester
	reader  *ingest.Reader
	lookups *ingest.Lookups
	folder  report.Place // without a UID
	mark    bool         // a mark is owed for each recorded message
}

// most returns how large a message may be.
func (r *messageReader) most() int64 { return r.ingest.Limits().MaxMessage }

func (r *messageReader) place(uid uint32) report.Place {
	p := r.folder
	p.UID = uid
	return p
}

// fromHeader describes a message of which only the header is known.
func (r *messageReader) fromHeader(c candidate) *report.Message {
	m := &report.Message{Place: r.place(c.header.UID), ReceivedAt: received(c.header), MarkOwed: r.mark}
	ingest.Describe(m, read.ReadEnvelope(c.header.Fields.Get))
	return m
}

// received returns when a message arrived: now, where the server gives no date, or
// one that is none. No report is lost for a date.
func received(h imapbox.Header) time.Time {
	if h.InternalDate.IsZero() {
		return time.Now().UTC()
	}
	return h.InternalDate
}

// pending is a message that the server did not give. What is not known to be a report is
// not described: it may be somebody's private mail.
func (r *messageReader) pending(c candidate, why error) *report.Message {
	m := &report.Message{Place: r.place(c.header.UID), ReceivedAt: c.header.InternalDate, MarkOwed: r.mark}
	if c.claimed {
		m = r.fromHeader(c)
	}
	m.Pending, m.Claimed, m.Quarantine = why.Error(), c.claimed, errors.Is(why, errDeadly)
	return m
}

func (r *messageReader) tooLarge(c candidate) *report.Message {
	m := r.fromHeader(c)
	m.Refused = r.ingest.TooLarge()
	return m
}

// draft reads one candidate's body, as far as that goes without DNS.
func (r *messageReader) draft(c candidate, b imapbox.Body, refused error) (*ingest.Draft, error) {
	switch {
	case errors.Is(refused, errGone):
		return &ingest.Draft{}, nil // a colleague deleted it
	case refused != nil:
		return ingest.Decided(*r.pending(c, refused)), nil
	case b.TooLarge:
		return ingest.Decided(*r.tooLarge(c)), nil
	}
	d, err := r.reader.Read(b.Data, ingest.Origin{Place: r.place(c.header.UID), Received: received(c.header), Certain: c.likelihood == read.Certain})
	if err != nil {
		return nil, err
	}
	if m := &d.Message; isStandIn(m.From, m.Subject) {
		return ingest.Decided(*r.pending(c, errStandIn)), nil
	} else if m.From == "" && m.MessageID == "" {
		ingest.Describe(m, read.ReadEnvelope(c.header.Fields.Get)) // it was not read so far as that
	}
	d.Message.MarkOwed = r.mark
	return d, nil
}

// message reads and authenticates one candidate's body by itself. It returns nil where it
// turns out to be none of our business.
func (r *messageReader) message(ctx context.Context, c candidate, b imapbox.Body, refused error) (*report.Message, error) {
	d, err := r.draft(c, b, refused)
	if err != nil {
		return nil, err
	}
	messages, err := r.ingest.Authenticate(ctx, r.lookups, []*ingest.Draft{d})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // "unknown" would not be DNS's answer
	}
	if err != nil {
		return nil, err
	}
	return messages[0], nil
}
