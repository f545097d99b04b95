package imapbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tlsbrief/poller/imapbox/wire"

	"github.com/emersion/go-imap/v2"
)

// maxFound bounds what one search returns, whatever it was asked for: 16 MiB of
// UIDs.
const maxFound = 4 << 20

// maxPieces is how many questions one search may take of a server that answers for
// a part of the messages at a time.
const maxPieces = 20_000

// All returns the UIDs below a limit of the messages in the open folder,
// ascending.
func (s *Session) All(ctx context.Context, below uint32) ([]uint32, error) {
	return s.all(ctx, &imap.SearchCriteria{}, below)
}

// Existing returns which of the UIDs are in the open folder.
func (s *Session) Existing(ctx context.Context, uids []uint32) (map[uint32]bool, error) {
	if err := s.needFolder("search"); err != nil {
		return nil, err
	}
	return s.existing(ctx, uids)
}

// Unseen returns the UIDs below a limit of the messages in the open folder that
// lack \Seen, ascending.
func (s *Session) Unseen(ctx context.Context, below uint32) ([]uint32, error) {
	return s.all(ctx, &imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, below)
}

// Since returns the UIDs below a limit of the messages in the open folder that
// arrived at t or later, ascending. IMAP compares days, in a time zone of the
// server's choice; to lose none, up to two days more are returned.
func (s *Session) Since(ctx context.Context, t time.Time, below uint32) ([]uint32, error) {
	return s.all(ctx, &imap.SearchCriteria{Since: t.UTC().AddDate(0, 0, -1)}, below)
}

// Range returns the UIDs of the messages in the open folder that lie in
// [from, below), ascending, at most limit of them, and never more than four
// million. To read on, call it again from behind the last one.
func (s *Session) Range(ctx context.Context, from, below uint32, limit int) ([]uint32, error) {
	var uids []uint32
	limit = min(limit, maxFound)
	from = max(from, 1)
	// A folder may have a million messages, or a thousand scattered over four
	// billion UIDs: windows that grow keep both the answer and the number of
	// round trips small.
	for width := uint64(4 * limit); uint64(from) < uint64(below) && len(uids) < limit; width *= 2 {
		last := uint32(min(uint64(from)+width, uint64(below)) - 1)
		found, err := s.search(ctx, &imap.SearchCriteria{}, from, last, limit-len(uids))
		if err != nil {
			return nil, err
		}
		uids = append(uids, found...)
		if last == ^uint32(0) {
			break
		}
		from = last + 1
	}
	return uids, nil
}

// all searches [1, below), and fails rather than leave one out.
func (s *Session) all(ctx context.Context, criteria *imap.SearchCriteria, below uint32) ([]uint32, error) {
	if below <= 1 {
		return nil, nil
	}
	uids, err := s.search(ctx, criteria, 1, below-1, maxFound+1)
	if err == nil && len(uids) > maxFound {
		err = s.stepError("search", s.open.folder, fmt.Errorf("%w: it lists more than %d messages", ErrProtocol, maxFound))
		return nil, err
	}
	return uids, err
}

// search returns the UIDs in [from, to] that match, ascending, the first limit
// of them. The range is always sent with two ends: "n:*" matches the newest
// message even where it lies below n. RFC 9051, section 6.4.9.
func (s *Session) search(ctx context.Context, criteria *imap.SearchCriteria, from, to uint32, limit int) ([]uint32, error) {
	if err := s.needFolder("search"); err != nil {
		return nil, err
	}
	return s.searchSet(ctx, criteria, imap.UIDSet{{Start: imap.UID(from), Stop: imap.UID(to)}}, limit)
}

// existing returns which of the UIDs are in the open folder.
func (s *Session) existing(ctx context.Context, uids []uint32) (map[uint32]bool, error) {
	exist := make(map[uint32]bool)
	for _, set := range s.sets(uids) {
		found, err := s.searchSet(ctx, &imap.SearchCriteria{}, set, maxSetUIDs)
		if err != nil {
			return nil, err
		}
		for _, uid := range found {
			exist[uid] = true
		}
	}
	return exist, nil
}

// searchSet returns the UIDs of a set that match, ascending, the first limit of
// them. Where the server looks at a part of the set only (RFC 9738), it is asked
// about the rest until nothing is left.
func (s *Session) searchSet(ctx context.Context, criteria *imap.SearchCriteria, set imap.UIDSet, limit int) ([]uint32, error) {
	var found []uint32
	todo := []imap.UIDSet{set}
	for pieces := 0; len(todo) > 0; pieces++ {
		piece := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		got, rest, err := s.searchPiece(ctx, criteria, piece, limit)
		if err == nil && pieces == maxPieces {
			err = s.stepError("search", s.open.folder, fmt.Errorf("%w: not after %d questions", ErrPartial, pieces))
		}
		if err != nil {
			return nil, err
		}
		todo = append(todo, rest...)
		if found = append(found, got...); len(found) > 2*limit {
			found = lowest(found, limit)
		}
	}
	return lowest(found, limit), nil
}

// lowest sorts UIDs and returns the first limit of them, each once.
func lowest(uids []uint32, limit int) []uint32 {
	slices.Sort(uids)
	uids = slices.Compact(uids)
	return uids[:min(len(uids), limit)]
}

// searchPiece makes one search, and returns what it has to be followed by.
func (s *Session) searchPiece(ctx context.Context, criteria *imap.SearchCriteria, set imap.UIDSet, limit int) (found []uint32, rest []imap.UIDSet, err error) {
	criteria.UID = []imap.UIDSet{set}
	answer, err := s.searchTwice(ctx, criteria)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range set {
		found = append(found, walk(answer.found, uint32(r.Start), uint32(r.Stop), limit-len(found))...)
	}
	switch {
	case uint64(len(found)) < size(set) && !inside(answer.found, set):
		// It passes over the UIDs that it was given, or it means sequence numbers:
		// then it leaves out what a FETCH shows.
		listed, err := s.listed(ctx, criteria, set)
		return append(found, listed...), nil, err
	case !answer.partial:
		return found, nil, nil
	}
	if rest = beyond(set, answer.cut.UID, found); rest == nil {
		err = s.stepError("search", s.open.folder, fmt.Errorf("%w: of the message with UID %d", ErrPartial, set[0].Start))
	}
	return found, rest, err
}

// beyond returns the parts of a set that a search did not look at, when the last
// UID that it looked at is known (0: it is not). RFC 9738 has servers begin with the
// highest; what was found shows where one begins with the lowest, and where it shows
// nothing, both sides are asked for. It returns nil if there is nothing left to ask.
func beyond(set imap.UIDSet, last uint32, found []uint32) []imap.UIDSet {
	first, end := uint32(set[0].Start), uint32(set[len(set)-1].Stop)
	if last < first || last > end { // it names none of these
		if first == end {
			return nil
		}
		middle := first + (end-first)/2
		return nonEmpty(clip(set, first, middle), clip(set, middle+1, end))
	}
	below, above := clip(set, 1, last-1), clip(set, last+1, ^uint32(0))
	switch {
	case len(found) > 0 && found[len(found)-1] > last:
		above = nil
	case len(found) > 0 && found[0] < last:
		below = nil
	}
	rest := nonEmpty(below, above)
	if rest == nil {
		rest = []imap.UIDSet{}
	}
	return rest
}

func nonEmpty(sets ...imap.UIDSet) []imap.UIDSet {
	return slices.DeleteFunc(sets, func(set imap.UIDSet) bool { return len(set) == 0 })
}

// listed returns the UIDs of a set that a FETCH shows to be there, but for those
// that it shows not to match.
func (s *Session) listed(ctx context.Context, criteria *imap.SearchCriteria, set imap.UIDSet) ([]uint32, error) {
	flags, err := s.flags(ctx, set)
	if err != nil {
		return nil, err
	}
	var uids []uint32
	for uid, f := range flags {
		if !slices.ContainsFunc(criteria.NotFlag, func(flag imap.Flag) bool { return hasFlag(f, string(flag)) }) {
			uids = append(uids, uid)
		}
	}
	return uids, nil
}

// A searchAnswer is the server's answer to one search.
type searchAnswer struct {
	found   imap.UIDSet
	known   bool // it has what was found, which may be nothing
	partial bool
	cut     wire.Cut // where partial
}

// searchTwice asks once more where the server ends the search without saying what it
// found, not even nothing: its answer may be late, and taken for nothing it would
// hide messages. Two answers without a result mean that nothing was found.
func (s *Session) searchTwice(ctx context.Context, criteria *imap.SearchCriteria) (searchAnswer, error) {
	answer, err := s.searchOnce(ctx, criteria)
	if err == nil && !answer.known {
		answer, err = s.searchOnce(ctx, criteria)
	}
	return answer, err
}

// errNoESearch: the server offers ESEARCH (RFC 4731) and answers without what was
// asked for.
var errNoESearch = errors.New("it answers UID SEARCH with sequence numbers or with counts alone")

// searchOnce searches in the way of RFC 4731 where that is offered, since its answer
// has ranges and not one number for each message.
func (s *Session) searchOnce(ctx context.Context, criteria *imap.SearchCriteria) (searchAnswer, error) {
	if s.Has("ESEARCH") && !s.traits.plainSearch {
		answer, err := s.searchBy(ctx, criteria, &imap.SearchOptions{ReturnAll: true})
		if !errors.Is(err, errNoESearch) && !Refusal(err) {
			return answer, err
		}
		s.traits.plainSearch = true
	}
	answer, err := s.searchBy(ctx, criteria, nil)
	if errors.Is(err, errNoESearch) {
		err = s.stepError("search", s.open.folder, &wire.ProtocolError{Detail: errNoESearch.Error()})
	}
	return answer, err
}

func (s *Session) searchBy(ctx context.Context, criteria *imap.SearchCriteria, options *imap.SearchOptions) (answer searchAnswer, err error) {
	usable := true
	err = s.run(ctx, "search", s.open.folder, maxListing, func() error {
		data, err := s.client.UIDSearch(criteria, options).Wait()
		if err != nil {
			return err
		}
		switch all := data.All.(type) {
		case nil:
			usable = data.Count == 0 && data.Min == 0 && data.Max == 0
		case imap.UIDSet:
			answer.found = all
		default:
			usable = false
		}
		answer.known = len(answer.found) > 0 || s.conn.HasResponse("SEARCH", "ESEARCH")
		return nil
	})
	if err == nil && !usable {
		err = errNoESearch
	}
	answer.cut, answer.partial = s.conn.Cut()
	if overLimit(err) {
		answer.partial, answer.known, err = true, true, nil // it looked at none, for there are too many
		answer.cut.UID = 0
	}
	return answer, err
}
