package poller

import (
	"context"
	"slices"

	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// A parcel is a group of candidates with the bodies of those that could be got.
type parcel struct {
	candidates []candidate
	bodies     []gotten
	told       int64          // bytes of the bodies, as far as the server told
	size       int64          // of the bodies, as room was made for them
	cursor     *report.Cursor // to be recorded with it
	inHand     int64          // what the database knows it by, while its bodies are read
	looked     int64          // how many messages were looked at with its end
	reached    chan struct{}
}

// holds reports whether there is place for one more candidate, of so many bytes.
func (p *parcel) holds(size int64, b Bounds) bool {
	return len(p.candidates) == 0 || p.told+size <= b.BatchBytes && len(p.candidates) < b.BatchMessages
}

func (p *parcel) add(c candidate, size int64) {
	p.candidates, p.told = append(p.candidates, c), p.told+size
}

// A gotten body is one that was asked for.
type gotten struct {
	candidate candidate
	body      imapbox.Body
	refused   error // why there is none
}

// send gets the bodies of a parcel, and sends it on. Where the server stops giving them,
// it is sent on with what came, and says so of no message that did not.
func (l *pipeline) send(ctx context.Context, p *parcel) error {
	rest, err := l.fetch(ctx, p)
	if err != nil && len(rest) == 0 {
		return err
	}
	if err != nil {
		asked := len(p.candidates)
		p.candidates = slices.DeleteFunc(p.candidates, func(c candidate) bool { return slices.Contains(rest, c.header.UID) })
		l.counts.Examined -= int64(asked - len(p.candidates))
		if p.cursor != nil && l.advance {
			p.cursor = &report.Cursor{UIDValidity: l.validity, LastUID: min(p.cursor.LastUID, rest[0]-1)}
		} else {
			p.cursor = nil
		}
	}
	if putErr := put(ctx, l.parcels, p); putErr != nil {
		return putErr
	}
	return err
}

// fetch gets the bodies of a parcel's candidates, when there is room for them.
// What is too large, or is lost already, is not asked for. With an error it returns the
// messages of which nothing is known.
func (l *pipeline) fetch(ctx context.Context, p *parcel) (rest []uint32, err error) {
	limit := l.p.maxMessage()
	var headers []imapbox.Header
	byUID := map[uint32]candidate{}
	for _, c := range p.candidates {
		if !l.asksFor(c) {
			continue
		}
		byUID[c.header.UID] = c
		headers = append(headers, c.header)
		size := c.header.Size
		if size < 0 {
			size = limit // the server did not tell
		}
		p.size = min(p.size+size, l.p.o.Bounds.BodyBytes)
	}
	if len(headers) == 0 {
		return nil, nil
	}
	if err := l.room.Acquire(ctx, p.size); err != nil {
		return nil, context.Cause(ctx)
	}
	uids := report.UIDRange{First: headers[0].UID, Last: headers[len(headers)-1].UID}
	if p.inHand, err = l.takeInHand(ctx, uids); err != nil {
		return nil, err
	}
	held := int64(0)
	return l.bodies(ctx, headers, func(b imapbox.Body, refused error) error {
		p.bodies = append(p.bodies, gotten{byUID[b.UID], b, refused})
		if held += int64(len(b.Data)); held <= l.p.o.Bounds.BodyBytes {
			return nil
		}
		// The server told no sizes, or wrong ones: there never is room for so much.
		part := &parcel{bodies: p.bodies, reached: make(chan struct{})}
		p.bodies, held = nil, 0
		if err := put(ctx, l.parcels, part); err != nil {
			return err
		}
		return await(ctx, part.reached)
	})
}

// asksFor reports whether the body of a candidate is asked for.
func (e *examination) asksFor(c candidate) bool {
	return c.lost == nil && c.header.Size <= e.p.maxMessage()
}

// toldSize is how many bytes of a candidate's body come, as far as the server tells.
func (e *examination) toldSize(c candidate) int64 {
	if !e.asksFor(c) {
		return 0
	}
	return max(c.header.Size, 0)
}
