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

// bodies gets the bodies of messages, ascending, and calls each for all of which
// something is known: without data, and with the reason, where the server does not give
// it. With an error it returns the messages of which nothing is known.
func (e *examination) bodies(ctx context.Context, headers []imapbox.Header, each func(imapbox.Body, error) error) (rest []uint32, err error) {
	uids := make([]uint32, len(headers))
	byUID := make(map[uint32]imapbox.Header, len(headers))
	for i, h := range headers {
		uids[i], byUID[h.UID] = h.UID, h
	}
	s := e.salvage(true)
	refused := map[uint32]error{}
	s.ask = func(ctx context.Context, uids []uint32) error {
		asked := make([]imapbox.Header, len(uids))
		for i, uid := range uids {
			asked[i] = byUID[uid]
		}
		return e.session.BodiesOf(ctx, asked, e.p.maxMessage(), func(b imapbox.Body) error {
			if len(b.Data) == 0 {
				refused[b.UID] = b.Refused
				return nil
			}
			s.got(b.UID)
			e.gaveBody = true
			return each(b, nil)
		})
	}
	runErr := s.run(ctx, uids)
	rest = s.unknown()
	if runErr == nil && len(rest) > 0 {
		there, err := e.existing(ctx, rest)
		if err != nil {
			return rest, err
		}
		for _, uid := range rest {
			s.lost[uid] = errGone
			if slices.Contains(there, uid) {
				s.lost[uid] = cmp.Or(refused[uid], e.session.Unread(uid), errNoBody)
			}
		}
		rest = nil
	}
	for uid, why := range s.lost {
		if err := each(imapbox.Body{UID: uid}, why); err != nil {
			return nil, err
		}
	}
	return rest, runErr
}
