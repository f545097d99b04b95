package poller

import (
	"context"
	"errors"
	"maps"

	"tlsbrief/poller/imapbox"
)

// maxLost is how many messages of a batch the server may refuse before it is
// taken to be about the folder and not about them, unless it is seen to give
// others.
const maxLost = 10

// errNoHeader and errNoBody say why a message is pending.
var (
	errNoHeader = errors.New("the server gives no header for it")
	errNoBody   = errors.New("the server gives no body for it")
)

// refusal tells whether the server said NO to what it was asked for, and not to
// being asked at all: the connection holds, and asking later will not help.
func refusal(err error) bool {
	var reply *imapbox.Reply
	if !errors.As(err, &reply) || reply.Status != "NO" {
		return false
	}
	// SERVERBUG is what Dovecot says of a message that it cannot read.
	return reply.Code == "SERVERBUG" || !imapbox.Temporary(err) && !errors.Is(err, imapbox.ErrNoFolder)
}

// suspect tells whether an error may be about one of the messages that were
// asked for: the server refused, or the connection jammed, as some do at a damaged
// message. The folder is then open again, and they can be asked for one by one.
func (e *examination) suspect(ctx context.Context, err error) bool {
	switch {
	case refusal(err):
		return true
	case ctx.Err() != nil || !jams(err):
		return false
	}
	e.log.Warn("the connection broke off while messages were asked for; the poll goes on over another", "uid", stuckAt(err), "err", err)
	if err := e.connect(ctx); err != nil {
		return false
	}
	st, err := e.session.Examine(ctx, e.name)
	return err == nil && st.UIDValidity == e.validity
}

// headers asks for the headers of messages that were listed. One that is in
// neither result has been deleted since; lost says why the server does not tell
// of one that is there. A single bad message must not stop the others.
func (e *examination) headers(ctx context.Context, uids []uint32) (map[uint32]imapbox.Header, map[uint32]error, error) {
	q := inquiry{e, make(map[uint32]imapbox.Header, len(uids)), map[uint32]error{}, false}
	if err := q.ask(ctx, uids); err != nil {
		return nil, nil, err
	}
	e.quarantine(ctx, q.lost, q.given, false)
	return q.headers, q.lost, e.silent(ctx, uids, q.headers, q.lost)
}

// An inquiry is the attempt to get the headers of messages, whatever some of them
// do to the connection.
type inquiry struct {
	*examination
	headers map[uint32]imapbox.Header
	lost    map[uint32]error
	given   bool // since the last that was lost
}

func (q *inquiry) got(headers map[uint32]imapbox.Header) {
	maps.Copy(q.headers, headers)
	q.given = q.given || len(headers) > 0
}

func (q *inquiry) lose(uid uint32, why error) { q.lost[uid], q.given = why, false }

// ask asks for headers. Where one of the messages may be the reason why that fails,
// it is asked for alone, and where it is not known which, those of each half are.
func (q *inquiry) ask(ctx context.Context, uids []uint32) error {
	got, err := q.session.Headers(ctx, uids)
	switch {
	case err == nil:
		q.got(got)
		return nil
	case refusal(err) && len(uids) > 1: // package imapbox has tried each: all were refused
		if !q.givesOthers(ctx, uids, false) {
			return err
		}
		return q.blame(ctx, uids, err, q.lost)
	case !q.suspect(ctx, err), q.tooMany(ctx, len(q.lost), q.given, err, uids, false):
		return err
	case refusal(err):
		q.lose(uids[0], err)
		return nil
	}
	if one := stuckAt(err); one != 0 {
		got, err := q.session.Headers(ctx, []uint32{one})
		uids = without(uids, one)
		switch {
		case err == nil: // it was not the one
			q.got(got)
		case !q.suspect(ctx, err):
			return err
		default:
			q.lose(one, err)
			if len(uids) == 0 {
				return nil
			}
			return q.ask(ctx, uids)
		}
	} else if len(uids) == 1 {
		q.lose(uids[0], err)
		return nil
	}
	half := len(uids) / 2
	for _, part := range [][]uint32{uids[:half], uids[half:]} {
		if len(part) == 0 {
			continue
		}
		if err := q.ask(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// blame adds to lost those of the messages that are there.
func (e *examination) blame(ctx context.Context, uids []uint32, why error, lost map[uint32]error) error {
	exists, err := e.session.Existing(ctx, uids)
	if err != nil {
		return err
	}
	for uid := range exists {
		lost[uid] = why
	}
	return nil
}

// silent finds those messages of which the server told nothing although they
// are there, and adds them to lost.
func (e *examination) silent(ctx context.Context, uids []uint32, headers map[uint32]imapbox.Header, lost map[uint32]error) error {
	var missing []uint32
	for _, uid := range uids {
		if _, ok := headers[uid]; !ok && lost[uid] == nil {
			missing = append(missing, uid)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	exists, err := e.session.Existing(ctx, missing)
	if err != nil {
		return err
	}
	for _, uid := range missing {
		if exists[uid] {
			lost[uid] = errNoHeader
		}
	}
	return nil
}

// bodies gets the bodies of messages, as [imapbox.Session.BodiesOf] does. One that
// the server does not give is handed out without data and with the reason.
func (e *examination) bodies(ctx context.Context, headers []imapbox.Header, each func(imapbox.Body, error) error) error {
	uids := make([]uint32, len(headers))
	byUID := make(map[uint32]imapbox.Header, len(headers))
	for i, h := range headers {
		uids[i], byUID[h.UID] = h.UID, h
	}
	p := pursuit{examination: e, uids: uids, done: make(map[uint32]bool, len(uids)), lost: map[uint32]error{}}
	p.get = func(uids []uint32) error {
		asked := make([]imapbox.Header, len(uids))
		for i, uid := range uids {
			asked[i] = byUID[uid]
		}
		return e.session.BodiesOf(ctx, asked, e.p.o.Reading.Limits.MaxMessage, func(b imapbox.Body) error {
			p.done[b.UID], p.given = true, true
			return each(b, nil)
		})
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	e.quarantine(ctx, p.lost, p.given, true)
	for uid, why := range p.lost {
		if err := each(imapbox.Body{UID: uid}, why); err != nil {
			return err
		}
	}
	return nil
}
