package imapbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// ErrNoMove: the server has neither MOVE nor what it takes to do without.
var ErrNoMove = errors.New("the server can't move single messages")

// movedKeyword stands beside \Deleted on a message that has been copied and only
// waits to be expunged: after a crash in between it distinguishes our own from those
// that another user has marked as deleted.
const movedKeyword = "tlsbrief-moved"

// Move puts messages of the folder opened by Select into another folder, which
// is created if it does not exist. Done are those that were moved, gone those
// that were no longer in the folder, or that another user has marked as deleted
// and that are left to them. Both hold even with an error.
//
// Without MOVE, and where the server refuses it, a message is copied, flagged
// \Deleted and expunged by UID, each step only after the one before it has been seen
// to succeed. go-imap's own fallback sends all three at once, and loses mail where the
// copy fails. Plain EXPUNGE and CLOSE, which remove whatever is flagged, are never
// used.
func (s *Session) Move(ctx context.Context, uids []uint32, dest string) (done, gone []uint32, err error) {
	dest = canonical(dest)
	if err := s.mayMark("move", string(imap.FlagDeleted)); err != nil {
		return nil, nil, err
	}
	if err := s.mayName("move", dest); err != nil {
		return nil, nil, err
	}
	if dest == s.open.folder {
		return nil, nil, s.stepError("move", s.open.folder, fmt.Errorf("it is the destination as well"))
	}
	if err := s.CanMove(); err != nil {
		return nil, nil, s.stepError("move", s.open.folder, err)
	}
	for _, set := range s.sets(uids) {
		moved, err := s.moveAll(ctx, set, dest)
		for _, uid := range members(set) {
			switch {
			case slices.Contains(moved.done, uid):
				done = append(done, uid)
			case slices.Contains(moved.gone, uid):
				gone = append(gone, uid)
			}
		}
		if err != nil {
			return done, gone, withDestination(dest, err)
		}
	}
	return done, gone, nil
}

// moveAll moves a set, in several steps where the server moves a part of it at a time
// (RFC 9738).
func (s *Session) moveAll(ctx context.Context, set imap.UIDSet, dest string) (moved, error) {
	var all moved
	for rest := members(set); len(rest) > 0; {
		one := s.moveSet
		if !s.hasMove() || s.traits.refusesMove != nil {
			one = s.copyAndExpunge
		}
		now := s.sets(rest)[0]
		result, err := one(ctx, now, dest)
		all.done, all.gone = append(all.done, result.done...), append(all.gone, result.gone...)
		left := absent(rest, asSet(result.done, result.gone))
		switch {
		case err == nil:
			left = absent(left, asSet(members(now)))
		case errors.Is(err, errPart):
			if len(left) == len(rest) && size(s.sets(left)[0]) >= size(now) {
				return all, s.stepError("move", s.open.folder, fmt.Errorf("%w: %d messages are still there", ErrPartial, len(left)))
			}
		case refusesMove(err) && stepOf(err) == "move":
			if s.missingRights(ctx, s.open.folder, "te") != "" || s.LacksToMove(ctx, s.open.folder, dest) != "" {
				return all, err // copying would end half way: the original could not be removed
			}
			s.traits.refusesMove = replyOf(err)
			if why := s.CanMove(); why != nil {
				return all, s.stepError("move", s.open.folder, why)
			}
			s.log.Debug("the server refuses MOVE: messages are copied and expunged", "mailbox", s.name, "folder", s.open.folder, "err", err)
		default:
			return all, err
		}
		rest = left
	}
	return all, nil
}

func asSet(lists ...[]uint32) map[uint32]bool {
	set := make(map[uint32]bool)
	for _, list := range lists {
		for _, uid := range list {
			set[uid] = true
		}
	}
	return set
}

// errPart: a step was done for a part of the messages, as the server says.
var errPart = errors.New("it was done for a part of the messages")

// stepOf returns the step that failed.
func stepOf(err error) string {
	if step := (*StepError)(nil); errors.As(err, &step) {
		return step.Step
	}
	return ""
}

// withDestination adds where to, if the server refused to move or copy a message: the
// reason often lies there.
func withDestination(dest string, err error) error {
	var step *StepError
	var reply *Reply
	if errors.As(err, &step) && errors.As(err, &reply) && !errors.Is(err, ErrNoMove) && (step.Step == "move" || step.Step == "copy") {
		step.Err = fmt.Errorf("to %q: %w", dest, step.Err)
	}
	return err
}

type moved struct{ done, gone []uint32 }

// moveSet uses MOVE. RFC 6851.
func (s *Session) moveSet(ctx context.Context, set imap.UIDSet, dest string) (moved, error) {
	uids := members(set)
	before, err := s.existing(ctx, uids)
	if err != nil {
		return moved{}, err
	}
	result := moved{gone: absent(uids, before)}
	if len(before) == 0 {
		return result, nil
	}
	err = s.creating(ctx, dest, func() error {
		return s.run(ctx, "move", s.open.folder, maxListing, func() error {
			_, err := s.client.Move(set, dest).Wait()
			return err
		})
	})
	if err != nil && s.Broken() {
		return result, err
	}
	_, partial := s.conn.Cut()
	// A MOVE may be done in part even if it ends with NO. Then what is no longer there
	// is not known to have been moved.
	after, searchErr := s.existing(ctx, uids)
	if searchErr != nil {
		return result, searchErr
	}
	for uid := range before {
		switch {
		case after[uid]:
		case err == nil:
			result.done = append(result.done, uid)
		default:
			result.gone = append(result.gone, uid)
		}
	}
	switch {
	case err == nil && len(after) > 0 && partial:
		err = errPart
	case err == nil && len(after) > 0:
		err = s.stepError("move", s.open.folder, fmt.Errorf("%w: it said OK, but %d messages are still there", ErrReadOnly, len(after)))
	case overLimit(err):
		err = errPart
	}
	return result, err
}

// copyAndExpunge does what MOVE does with COPY, STORE and UID EXPUNGE (RFC
// 4315).
func (s *Session) copyAndExpunge(ctx context.Context, set imap.UIDSet, dest string) (moved, error) {
	flags, err := s.flags(ctx, set)
	if err != nil {
		return moved{}, err
	}
	var result moved
	var ours imap.UIDSet
	var copied, unanswered []uint32
	for _, uid := range members(set) {
		f, answered := flags[uid]
		deleted, before := hasFlag(f, string(imap.FlagDeleted)), hasFlag(f, movedKeyword)
		switch {
		case !answered:
			unanswered = append(unanswered, uid)
		case deleted && before:
			copied = append(copied, uid) // by a move that was cut short: copying again would make two of it
		case deleted, before:
			result.gone = append(result.gone, uid) // another user's to delete, or to keep
		default:
			ours.AddNum(imap.UID(uid))
		}
	}
	exist, err := s.existing(ctx, unanswered)
	if err != nil {
		return result, err
	}
	result.gone = append(result.gone, absent(unanswered, exist)...)
	if result.done, err = s.expunge(ctx, copied); err != nil {
		return result, err
	}
	if len(ours) > 0 {
		done, err := s.copyThenExpunge(ctx, ours, dest)
		result.done = append(result.done, done...)
		if err != nil {
			return result, err
		}
	}
	if len(exist) > 0 {
		err = s.stepError("move", s.open.folder, fmt.Errorf("the server does not tell the flags of %d messages, which were left alone", len(exist)))
	}
	return result, err
}

// copyThenExpunge returns the messages that it moved. Its error is errPart where the
// server copied some of them only and those have been moved.
func (s *Session) copyThenExpunge(ctx context.Context, set imap.UIDSet, dest string) ([]uint32, error) {
	var copied imap.UIDSet
	err := s.creating(ctx, dest, func() error {
		return s.run(ctx, "copy", s.open.folder, maxListing, func() error {
			data, err := s.client.Copy(set, dest).Wait()
			copied = data.SourceUIDs
			return err
		})
	})
	if overLimit(err) {
		return nil, errPart
	}
	if err != nil {
		return nil, err
	}
	_, partial := s.conn.Cut()
	partial = partial || s.traits.limit > 0 && size(set) > uint64(s.traits.limit)
	var sure imap.UIDSet
	for _, uid := range members(set) {
		if copied.Contains(imap.UID(uid)) {
			sure.AddNum(imap.UID(uid))
		}
	}
	if len(sure) == 0 {
		return nil, s.stepError("copy", s.open.folder, fmt.Errorf("%w: the server does not say which messages it copied (COPYUID)", ErrNoMove))
	}
	var also []imap.Flag
	if keeps(s.open.permanent, movedKeyword) {
		also = append(also, movedKeyword)
	}
	flagged, _, err := s.store(ctx, sure, string(imap.FlagDeleted), also...)
	if Refusal(err) && len(also) > 0 { // rather without the keyword than copied again at each poll
		flagged, _, err = s.store(ctx, sure, string(imap.FlagDeleted))
	}
	if err != nil && !errors.Is(err, errPart) {
		return nil, err
	}
	if len(flagged) != len(members(sure)) {
		return nil, s.stepError("store", s.open.folder, fmt.Errorf("%w: the copies are in %q, but the originals do not show \\Deleted", ErrReadOnly, dest))
	}
	done, err := s.expunge(ctx, flagged)
	if err == nil && partial && len(flagged) < len(members(set)) {
		err = errPart
	}
	return done, err
}

// expunge removes messages that are marked as deleted, and returns those that
// are gone.
func (s *Session) expunge(ctx context.Context, uids []uint32) ([]uint32, error) {
	for _, set := range s.sets(uids) {
		err := s.run(ctx, "expunge", s.open.folder, maxListing, func() error { return s.client.UIDExpunge(set).Close() })
		if err != nil {
			return nil, err
		}
	}
	after, err := s.existing(ctx, uids)
	if err != nil {
		return nil, err
	}
	return absent(uids, after), nil
}

// creating runs f, and once more after creating dest if it was missing.
func (s *Session) creating(ctx context.Context, dest string, f func() error) error {
	err := f()
	if reply := (*Reply)(nil); errors.As(err, &reply) && errors.Is(reply, ErrNoFolder) {
		if err := s.create(ctx, dest); err != nil {
			return err
		}
		return f()
	}
	return err
}

// absent returns the UIDs that are not in exist.
func absent(uids []uint32, exist map[uint32]bool) []uint32 {
	return slices.DeleteFunc(slices.Clone(uids), func(uid uint32) bool { return exist[uid] })
}
