package imapbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tlsbrief/poller/imapbox/wire"

	"github.com/emersion/go-imap/v2"
)

// CanMove returns why Move cannot work on this server, as far as its offers and what
// it did in this session tell; nil if it can. The error wraps ErrNoMove and names the
// ways out.
func (s *Session) CanMove() error {
	switch {
	case s.Has("UIDPLUS"):
		return nil
	case s.traits.refusesMove != nil:
		return fmt.Errorf("%w: it offers MOVE and refuses it (%w), and does not offer UIDPLUS; %s", ErrNoMove, s.traits.refusesMove, otherWays)
	case !s.hasMove():
		return fmt.Errorf("%w: it offers neither MOVE nor UIDPLUS; %s", ErrNoMove, otherWays)
	}
	return nil
}

// otherWays is what to do where messages cannot be moved.
const otherWays = `use after = "seen" or "keyword", or a server that can`

// hasMove reports whether MOVE may be sent. go-imap decides between MOVE and its
// fallback by its own list.
func (s *Session) hasMove() bool { return s.Has("MOVE") && s.client.Caps().Has(imap.CapMove) }

// TryMove is CanMove, and where all depends on MOVE, it has the server move a message
// that is not there from the folder opened by Select: a server that has no MOVE behind
// its offer refuses that, too. dest must exist; nothing is changed.
func (s *Session) TryMove(ctx context.Context, dest string) error {
	const none = ^uint32(0)
	if err := s.CanMove(); err != nil || s.Has("UIDPLUS") || s.open.folder == "" || canonical(dest) == s.open.folder {
		return err
	}
	exist, err := s.existing(ctx, []uint32{none})
	if err != nil || len(exist) > 0 {
		return err
	}
	err = s.run(ctx, "move", s.open.folder, maxReply, func() error {
		_, err := s.client.Move(imap.UIDSet{{Start: imap.UID(none), Stop: imap.UID(none)}}, canonical(dest)).Wait()
		return err
	})
	if refusesMove(err) && !aboutNoMessage(err) {
		s.traits.refusesMove = replyOf(err)
		return s.CanMove()
	}
	if err != nil && !Refusal(err) {
		return err
	}
	return nil
}

// aboutNoMessage reports whether a refusal only says that there is no such message.
func aboutNoMessage(err error) bool {
	text := strings.ToLower(replyOf(err).Error())
	for _, words := range []string{"no matching", "no message", "not found", "no such message", "nonexistent", "does not exist", "invalid uid"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// refusesMove reports whether a refusal may be about the command and not about the
// messages, the destination or the account: then copying may do the same.
func refusesMove(err error) bool {
	reply := replyOf(err)
	if reply == nil || !Refusal(err) {
		return false
	}
	switch reply.Code {
	case "", "CANNOT", "CLIENTBUG":
		return true
	}
	return reply.Status == "BAD"
}

// overLimit reports whether the server refused a command because it names too many
// messages. How many it takes is known then.
func overLimit(err error) bool {
	reply := replyOf(err)
	return reply != nil && reply.Code == wire.MessageLimit
}

// replyOf returns what the server answered; nil if err is not about that.
func replyOf(err error) *Reply {
	var reply *Reply
	errors.As(err, &reply)
	return reply
}
