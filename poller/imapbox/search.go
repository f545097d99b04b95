package imapbox

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
)

// maxFound bounds what one search returns, whatever it was asked for: 16 MiB of
// UIDs.
const maxFound = 4 << 20

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
	criteria.UID = []imap.UIDSet{{{Start: imap.UID(from), Stop: imap.UID(to)}}}
	found, err := s.searchSet(ctx, criteria)
	if err != nil {
		return nil, err
	}
	return walk(found, from, to, limit), nil
}

// searchSet asks once more where the server ends the search without saying what it
// found, not even nothing: its answer may be late, and taken for nothing it would
// hide messages. A server that says nothing twice has nothing to say.
func (s *Session) searchSet(ctx context.Context, criteria *imap.SearchCriteria) (imap.UIDSet, error) {
	found, told, err := s.searchOnce(ctx, criteria)
	if err == nil && !told {
		found, _, err = s.searchOnce(ctx, criteria)
	}
	return found, err
}

func (s *Session) searchOnce(ctx context.Context, criteria *imap.SearchCriteria) (found imap.UIDSet, told bool, err error) {
	var options *imap.SearchOptions
	if s.Has("ESEARCH") {
		options = &imap.SearchOptions{ReturnAll: true} // ranges, not one number a message
	}
	err = s.run(ctx, "search", s.open.folder, maxListing, func() error {
		data, err := s.client.UIDSearch(criteria, options).Wait()
		if err != nil {
			return err
		}
		switch all := data.All.(type) {
		case nil:
		case imap.UIDSet:
			found = all
		default:
			return fmt.Errorf("it answers UID SEARCH with sequence numbers")
		}
		told = len(found) > 0 || s.wire.heard("SEARCH", "ESEARCH")
		return nil
	})
	return found, told, err
}

// existing returns which of the UIDs are in the open folder.
func (s *Session) existing(ctx context.Context, uids []uint32) (map[uint32]bool, error) {
	exist := make(map[uint32]bool)
	for _, set := range sets(uids) {
		found, err := s.searchSet(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{set}})
		if err != nil {
			return nil, err
		}
		for _, uid := range members(set) {
			if found.Contains(imap.UID(uid)) {
				exist[uid] = true
			}
		}
	}
	return exist, nil
}
