package poller

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"tlsbrief/poller/imapbox"
)

// errGone says that a message was deleted before its body could be read.
var errGone = errors.New("the message is gone")

// A bodyFetch gets the bodies of messages.
type bodyFetch struct {
	fetcher *fetcher
	salvage *salvage
	most    int64 // bytes of a body
	byUID   map[uint32]imapbox.Header
	refused map[uint32]error

	// each is called for all messages of which something is known: without data, and
	// with the reason, where the server does not give it.
	each func(imapbox.Body, error) error
}

func (f *fetcher) bodies(most int64, each func(imapbox.Body, error) error) *bodyFetch {
	b := &bodyFetch{fetcher: f, salvage: f.salvage(true), most: most, byUID: map[uint32]imapbox.Header{}, refused: map[uint32]error{}, each: each}
	b.salvage.ask = b.ask
	return b
}

// run gets the bodies of messages, ascending. With an error it returns the messages of
// which nothing is known.
func (b *bodyFetch) run(ctx context.Context, headers []imapbox.Header) (rest []uint32, err error) {
	uids := make([]uint32, len(headers))
	for i, h := range headers {
		uids[i], b.byUID[h.UID] = h.UID, h
	}
	s := b.salvage
	runErr := s.run(ctx, uids)
	rest = s.unknown()
	if runErr == nil && len(rest) > 0 {
		there, err := b.fetcher.existing(ctx, rest)
		if err != nil {
			return rest, err
		}
		for _, uid := range rest {
			s.lost[uid] = errGone
			if slices.Contains(there, uid) {
				s.lost[uid] = cmp.Or(b.refused[uid], b.fetcher.conn.session.Unread(uid), errNoBody)
			}
		}
		rest = nil
	}
	for uid, why := range s.lost {
		if err := b.each(imapbox.Body{UID: uid}, why); err != nil {
			return nil, err
		}
	}
	return rest, runErr
}

// ask asks for the bodies of some of the messages.
func (b *bodyFetch) ask(ctx context.Context, uids []uint32) error {
	headers := make([]imapbox.Header, len(uids))
	for i, uid := range uids {
		headers[i] = b.byUID[uid]
	}
	return b.fetcher.conn.session.BodiesOf(ctx, headers, b.most, func(body imapbox.Body) error {
		if len(body.Data) == 0 {
			b.refused[body.UID] = body.Refused
			return nil
		}
		b.salvage.got(body.UID)
		b.fetcher.gave.body = true
		return b.each(body, nil)
	})
}
