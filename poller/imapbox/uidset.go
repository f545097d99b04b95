package imapbox

import (
	"slices"

	"github.com/emersion/go-imap/v2"
)

// The bounds of one UID set in a command: so many UIDs, in so many bytes. That
// leaves room below the 8,192 bytes that RFC 7162, section 4, allows a command
// line; Dovecot refuses a longer one than 64 KB.
const (
	maxSetUIDs  = 5000
	maxSetBytes = 7000
)

// sets splits UIDs as the function of this name does, into sets that are no larger
// than the server answers for.
func (s *Session) sets(uids []uint32) []imap.UIDSet { return s.setsOf(uids, s.sizes.UIDs) }

// setsOf is sets with at most so many UIDs in each.
func (s *Session) setsOf(uids []uint32, most int) []imap.UIDSet {
	most = min(most, s.sizes.UIDs)
	if limit := s.traits.limit; limit > 0 && uint64(limit) < uint64(most) {
		most = int(limit)
	}
	return sets(uids, most)
}

// sets splits UIDs into sets that one command can carry, in ascending order, each
// UID once, and at most so many in a set. 0 is no UID and is left out: to go-imap
// it means "*".
func sets(uids []uint32, most int) []imap.UIDSet {
	sorted := slices.Clone(uids)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	if len(sorted) > 0 && sorted[0] == 0 {
		sorted = sorted[1:]
	}
	var all []imap.UIDSet
	var set imap.UIDSet
	const number = len("4294967295,") // or with a colon
	count, length, run := 0, 0, 0
	for i, uid := range sorted {
		if i > 0 && sorted[i-1]+1 == uid {
			run++
		} else {
			run = 1
		}
		if count == most || length+number > maxSetBytes {
			all, set, count, length, run = append(all, set), nil, 0, 0, 1
		}
		if run <= 2 { // a run is written as its two ends
			length += number
		}
		set.AddNum(imap.UID(uid))
		count++
	}
	if len(set) > 0 {
		all = append(all, set)
	}
	return all
}

// members lists the UIDs of a set made by sets.
func members(set imap.UIDSet) []uint32 { return walk(set, 1, ^uint32(0), maxSetUIDs) }

// walk lists the UIDs of a set that lie in [from, to], ascending, at most limit
// of them. A server may write a set of four billion in twelve bytes.
func walk(set imap.UIDSet, from, to uint32, limit int) []uint32 {
	var uids []uint32
	for _, r := range set {
		first, last := max(uint32(r.Start), from), min(uint32(r.Stop), to)
		if r.Start == 0 || r.Stop == 0 || first > last {
			continue
		}
		for uid := first; len(uids) < limit; uid++ {
			uids = append(uids, uid)
			if uid == last {
				break
			}
		}
		if len(uids) >= limit {
			break
		}
	}
	return uids
}

// clip returns the part of an ascending set that lies in [from, to].
func clip(set imap.UIDSet, from, to uint32) imap.UIDSet {
	var part imap.UIDSet
	for _, r := range set {
		if r.Start, r.Stop = max(r.Start, imap.UID(from)), min(r.Stop, imap.UID(to)); r.Start <= r.Stop {
			part = append(part, r)
		}
	}
	return part
}

// size counts the UIDs of a set.
func size(set imap.UIDSet) (n uint64) {
	for _, r := range set {
		n += uint64(r.Stop-r.Start) + 1
	}
	return n
}

// inside reports whether the ends of each range of a set lie in another set. UIDs of
// 0, which are none, are ignored.
func inside(set, whole imap.UIDSet) bool {
	for _, r := range set {
		for _, uid := range []imap.UID{r.Start, r.Stop} {
			if uid != 0 && !whole.Contains(uid) {
				return false
			}
		}
	}
	return true
}
