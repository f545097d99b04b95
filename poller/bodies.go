package poller

import (
	"context"
	"errors"
	"maps"
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
	var missing []uint32
	s.ask = func(ctx context.Context, uids []uint32) error {
		asked := make([]imapbox.Header, len(uids))
		for i, uid := range uids {
			asked[i] = byUID[uid]
		}
		return e.session.BodiesOf(ctx, asked, e.p.o.Reading.Limits.MaxMessage, func(b imapbox.Body) error {
			if len(b.Data) == 0 {
				missing = append(missing, b.UID)
				return nil
			}
			s.got(b.UID)
			e.came = true
			return each(b, nil)
		})
	}
	runErr := s.run(ctx, uids)
	if len(missing) > 0 {
		slices.Sort(missing)
		there, err := e.existing(ctx, missing)
		if err != nil {
			return e.unknownBodies(s, missing), err
		}
		for _, uid := range missing {
			if s.have[uid] || s.lost[uid] != nil {
				continue // asked for again, it came
			}
			s.lost[uid] = errGone
			if slices.Contains(there, uid) {
				s.lost[uid] = errNoBody
			}
		}
	}
	for uid, why := range s.lost {
		if err := each(imapbox.Body{UID: uid}, why); err != nil {
			return nil, err
		}
	}
	return s.todo, runErr
}

// unknownBodies are the messages of which nothing is known where it could not be found
// out which of the missing ones are there.
func (e *examination) unknownBodies(s *salvage, missing []uint32) []uint32 {
	rest := slices.Concat(s.todo, missing, slices.Collect(maps.Keys(s.lost)))
	slices.Sort(rest)
	return slices.Compact(rest)
}
