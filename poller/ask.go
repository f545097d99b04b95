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
// asked for: the server refused, or it hung up or answered in a way that cannot
// be read, as some do at a damaged message. The folder is then open again, and
// they can be asked for one by one.
func (e *examination) suspect(ctx context.Context, err error) bool {
	if refusal(err) {
		return true
	}
	var step *imapbox.StepError
	if !errors.As(err, &step) || len(step.UIDs) == 0 || !errors.Is(err, imapbox.ErrLost) && !errors.Is(err, imapbox.ErrProtocol) {
		return false
	}
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
	headers, lost := make(map[uint32]imapbox.Header, len(uids)), map[uint32]error{}
	if err := e.ask(ctx, uids, headers, lost); err != nil {
		return nil, nil, err
	}
	return headers, lost, e.silent(ctx, uids, headers, lost)
}

// ask asks for headers, and where one of the messages may be the reason why
// that fails, for those of each half.
func (e *examination) ask(ctx context.Context, uids []uint32, headers map[uint32]imapbox.Header, lost map[uint32]error) error {
	got, err := e.session.Headers(ctx, uids)
	switch {
	case err == nil:
		maps.Copy(headers, got)
		return nil
	case refusal(err) && len(uids) > 1: // package imapbox has tried each: all were refused
		if !e.givesOthers(ctx, uids, false) {
			return err
		}
		return e.blame(ctx, uids, err, lost)
	case !e.suspect(ctx, err), len(lost) >= maxLost && !e.givesOthers(ctx, uids, false):
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
	done := make(map[uint32]bool, len(headers))
	get := func(headers []imapbox.Header) error {
		return e.session.BodiesOf(ctx, headers, e.p.o.Reading.Limits.MaxMessage, func(b imapbox.Body) error {
			done[b.UID] = true
			return each(b, nil)
		})
	}
	err := get(headers)
	if err == nil || !e.suspect(ctx, err) {
		return err
	}
	uids := make([]uint32, len(headers))
	for i, h := range headers {
		uids[i] = h.UID
	}
	lost := map[uint32]error{}
	for _, h := range headers {
		if done[h.UID] {
			continue
		}
		if err := get([]imapbox.Header{h}); err != nil {
			lost[h.UID] = err
			if !e.suspect(ctx, err) || len(lost) > maxLost && !e.givesOthers(ctx, uids, true) {
				return err
			}
		}
	}
	if len(done) == 0 && len(uids) > 1 && !e.givesOthers(ctx, uids, true) {
		return err // it is not about one message
	}
	for uid, why := range lost {
		if err := each(imapbox.Body{UID: uid}, why); err != nil {
			return err
		}
	}
	return nil
}
