package poller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tlsbrief/poller/imapbox"
)

// A message can jam a poll: asked for it, the server hangs up, falls silent or
// answers what cannot be read, at every poll again, so that nothing behind it is
// ever reached. Such a message is asked for alone, once, on a connection of its own.
// Where it does so again, and the server gives others, it is to blame: it is
// quarantined, which is to say rejected with that reason, and never asked for again
// by a poll. A backfill, or a newer reader, tries it once more.

// A quarantined error is why a message is not asked for any more.
type quarantined struct{ err error }

func (q *quarantined) Error() string {
	return fmt.Sprintf("quarantined: asked for it, alone as well, the server broke off, and it gave others (%v); a backfill asks for it again", q.err)
}

func (q *quarantined) Unwrap() error { return q.err }

func isQuarantined(err error) bool {
	var q *quarantined
	return errors.As(err, &q)
}

// jams tells whether an error ended the connection while messages were asked for,
// and for no reason that the server gave.
func jams(err error) bool {
	var step *imapbox.StepError
	return errors.As(err, &step) && len(step.UIDs) > 0 && !imapbox.Throttled(err) &&
		(errors.Is(err, imapbox.ErrLost) || errors.Is(err, imapbox.ErrProtocol) || errors.Is(err, imapbox.ErrTimeout))
}

// stuckAt returns the message that the server got stuck at; 0 where there is no
// telling, as where it refused.
func stuckAt(err error) uint32 {
	var step *imapbox.StepError
	if !jams(err) || !errors.As(err, &step) {
		return 0
	}
	return step.Stuck
}

func without(uids []uint32, uid uint32) []uint32 {
	return slices.DeleteFunc(slices.Clone(uids), func(u uint32) bool { return u == uid })
}

// quarantine says of the messages that jammed that they are to blame, where that is
// plain: given says that the server gave others after it had jammed at them.
func (e *examination) quarantine(ctx context.Context, lost map[uint32]error, given, bodies bool) {
	var jammed []uint32
	for uid, err := range lost {
		if jams(err) {
			jammed = append(jammed, uid)
		}
	}
	slices.Sort(jammed)
	if len(jammed) == 0 || !given && !e.givesOthers(ctx, jammed, bodies) {
		return
	}
	for _, uid := range jammed {
		lost[uid] = &quarantined{lost[uid]}
	}
}

// tooMany tells whether so many messages were lost that it is hardly about them,
// unless the server gives others. Silence is waited for long, so that one of them
// is enough.
func (e *examination) tooMany(ctx context.Context, lost int, given bool, why error, uids []uint32, bodies bool) bool {
	if lost >= maxLost || lost > 0 && !given && errors.Is(why, imapbox.ErrTimeout) {
		return !e.givesOthers(ctx, uids, bodies)
	}
	return false
}

// A pursuit is the attempt to get the bodies of messages, whatever some of them do
// to the connection.
type pursuit struct {
	*examination
	uids  []uint32
	get   func(uids []uint32) error
	done  map[uint32]bool
	lost  map[uint32]error
	given bool // since the last that was lost
}

// left are the messages that are neither had nor lost.
func (p *pursuit) left() []uint32 {
	return slices.DeleteFunc(slices.Clone(p.uids), func(uid uint32) bool { return p.done[uid] || p.lost[uid] != nil })
}

// run gets the messages. Where none of several could be had, and the server gives no
// others either, that is not about them.
func (p *pursuit) run(ctx context.Context) error {
	if err := p.all(ctx); err != nil {
		return err
	}
	if len(p.done) > 0 || len(p.lost) < 2 || p.givesOthers(ctx, p.uids, true) {
		return nil
	}
	return p.lost[p.uids[0]]
}

// all asks for all messages; where that jams at one, for that one alone and then
// for the rest; and where there is no telling at which, one by one.
func (p *pursuit) all(ctx context.Context) error {
	for left := p.left(); len(left) > 0; left = p.left() {
		err := p.get(left)
		if err == nil {
			return nil
		}
		if !p.suspect(ctx, err) || p.tooMany(ctx, len(p.lost), p.given, err, p.uids, true) {
			return err
		}
		one := stuckAt(err)
		if one == 0 {
			return p.singly(ctx)
		}
		alone := p.get([]uint32{one})
		switch {
		case alone == nil:
			return p.singly(ctx)
		case !p.suspect(ctx, alone):
			return alone
		}
		p.lost[one], p.given = alone, false
	}
	return nil
}

// singly asks for what is left one by one.
func (p *pursuit) singly(ctx context.Context) error {
	for _, uid := range p.left() {
		if err := p.get([]uint32{uid}); err != nil {
			p.lost[uid], p.given = err, false
			if !p.suspect(ctx, err) || len(p.lost) > maxLost && !p.givesOthers(ctx, p.uids, true) {
				return err
			}
		}
	}
	return nil
}
