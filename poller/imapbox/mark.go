package imapbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

var errNoneOpen = errors.New("no folder is open")

// AddFlag sets a flag on messages of the folder opened by Select. A message is
// done when the server, asked afterwards, shows the flag on it; gone are those
// that are no longer in the folder. The error wraps ErrReadOnly where the server
// does not keep the flag; done and gone hold even with an error.
func (s *Session) AddFlag(ctx context.Context, uids []uint32, flag string) (done, gone []uint32, err error) {
	if err := s.mayMark("store", flag); err != nil {
		return nil, nil, err
	}
	for todo := s.sets(uids); len(todo) > 0; {
		set := todo[0]
		todo = todo[1:]
		with, without, err := s.store(ctx, set, flag)
		done = append(done, with...)
		if err != nil && s.Broken() {
			return done, gone, err
		}
		exist, searchErr := s.existing(ctx, without)
		if searchErr != nil {
			return done, gone, searchErr
		}
		gone = append(gone, absent(without, exist)...)
		left := absent(without, asSet(gone))
		switch {
		case len(left) == 0:
			continue
		case errors.Is(err, errPart):
			smaller := s.sets(left)
			if len(left) < int(size(set)) || len(smaller) > 1 {
				todo = append(smaller, todo...)
				continue
			}
			err = s.stepError("store", s.open.folder, fmt.Errorf("%w: %d messages do not show %s", ErrPartial, len(left), flag))
		case err == nil:
			err = s.stepError("store", s.open.folder, fmt.Errorf("%w: it said OK, but %d messages do not show %s", ErrReadOnly, len(left), flag))
		}
		return done, gone, err
	}
	return done, gone, nil
}

// mayMark checks that the open folder keeps all of the flags. Some servers
// answer a STORE under EXAMINE with OK and do nothing, others do it.
func (s *Session) mayMark(step string, flags ...string) error {
	if err := s.needFolder(step); err != nil {
		return err
	}
	if !s.open.writable {
		return s.stepError(step, s.open.folder, fmt.Errorf("%w: it is open for reading only", ErrReadOnly))
	}
	for _, flag := range flags {
		if !validFlag(flag) {
			return s.stepError(step, s.open.folder, fmt.Errorf("%q is not a flag or keyword", flag))
		}
		if !keeps(s.open.permanent, flag) {
			return s.stepError(step, s.open.folder, fmt.Errorf("%w: it keeps %s, not %s", ErrReadOnly, strings.Join(s.open.permanent, " "), flag))
		}
	}
	return nil
}

// validFlag keeps out what go-imap refuses to send: it would end the connection.
// RFC 9051, section 9, "flag".
func validFlag(flag string) bool {
	name := strings.TrimPrefix(flag, `\`)
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`(){%*"\]`, r)
	})
}

// store adds a flag, and others along with it, and asks which messages have the
// first. Messages without an answer are in without, too. A refusal of the STORE
// itself is returned beside both, and errPart where the server says that it did not do
// it for all of them.
func (s *Session) store(ctx context.Context, set imap.UIDSet, flag string, also ...imap.Flag) (with, without []uint32, err error) {
	budget := maxReply + int64(maxSetUIDs)*fetchOverhead
	storeErr := s.run(ctx, "store", s.open.folder, budget, func() error {
		return s.client.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: append([]imap.Flag{imap.Flag(flag)}, also...)}, nil).Close()
	})
	if storeErr != nil && s.Broken() {
		return nil, members(set), storeErr
	}
	if _, partial := s.conn.Cut(); partial && storeErr == nil || overLimit(storeErr) {
		storeErr = errPart
	}
	flags, err := s.flags(ctx, set)
	if err != nil {
		return nil, members(set), err
	}
	for _, uid := range members(set) {
		if hasFlag(flags[uid], flag) {
			with = append(with, uid)
		} else {
			without = append(without, uid)
		}
	}
	return with, without, storeErr
}

// flags asks for the flags of messages.
func (s *Session) flags(ctx context.Context, set imap.UIDSet) (map[uint32][]string, error) {
	messages, err := s.fetchPieces(ctx, set, &imap.FetchOptions{UID: true, Flags: true}, 0, 0, maxReply+int64(maxSetUIDs)*fetchOverhead)
	if err != nil {
		return nil, err
	}
	flags := make(map[uint32][]string, len(messages))
	for _, m := range messages {
		if m.HasFlags {
			flags[m.UID] = m.Flags
		}
	}
	return flags, nil
}

// hasFlag compares as IMAP does, without regard to case.
func hasFlag(flags []string, flag string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, flag) })
}
