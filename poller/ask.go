package poller

import (
	"context"
	"errors"
	"maps"

	"tlsbrief/poller/imapbox"
)

// maxLost is how many messages of a batch the server may refuse before it is
// taken to be about the folder and not about them.
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

// headers asks for the headers of messages that were listed. One that is in
// neither result has been deleted since; lost says why the server does not tell
// of one that is there. A single bad message must not stop the others.
func (e *examination) headers(ctx context.Context, uids []uint32) (map[uint32]imapbox.Header, map[uint32]error, error) {
	headers, lost := make(map[uint32]imapbox.Header, len(uids)), map[uint32]error{}
	if err := e.ask(ctx, uids, headers, lost); err != nil {
		return nil, nil, err
	}
	return headers, lost, e.silent(ctx, uids, headers, lost)
}

// ask asks for headers, and where the server refuses for those of each half.
func (e *examination) ask(ctx context.Context, uids []uint32, headers map[uint32]imapbox.Header, lost map[uint32]error) error {
	got, err := e.session.Headers(ctx, uids)
	switch {
	case err == nil:
		maps.Copy(headers, got)
		return nil
	case !refusal(err), len(lost) >= maxLost:
		return err
	case len(uids) == 1:
		lost[uids[0]] = err
		return nil
	}
	half := len(uids) / 2
	if err := e.ask(ctx, uids[:half], headers, lost); err != nil {
		return err
	}
	return e.ask(ctx, uids[half:], headers, lost)
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
	first, last := missing[0], missing[len(missing)-1]
	there, err := e.session.Range(ctx, first, last+1, int(min(last-first, 1<<28))+1)
	if err != nil {
		return err
	}
	exists := make(map[uint32]bool, len(there))
	for _, uid := range there {
		exists[uid] = true
	}
	for _, uid := range missing {
		if exists[uid] {
			lost[uid] = errNoHeader
		}
	}
	return nil
}

// bodies gets the bodies of messages, as [imapbox.Session.Bodies] does. Those
// that the server refuses are asked for one by one, and handed out without data.
func (e *examination) bodies(ctx context.Context, uids []uint32, each func(imapbox.Body, error) error) error {
	done := make(map[uint32]bool, len(uids))
	get := func(uids []uint32) error {
		return e.session.Bodies(ctx, uids, e.p.o.Reading.Limits.MaxMessage, func(b imapbox.Body) error {
			done[b.UID] = true
			return each(b, nil)
		})
	}
	err := get(uids)
	if !refusal(err) {
		return err
	}
	refused := 0
	for _, uid := range uids {
		if done[uid] {
			continue
		}
		err := get([]uint32{uid})
		if refusal(err) && refused < maxLost {
			refused++
			err = each(imapbox.Body{UID: uid}, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
