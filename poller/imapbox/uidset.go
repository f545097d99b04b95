package imapbox

import (
	"slices"
	"strconv"

	"github.com/emersion/go-imap/v2"
)

// Bounds of one UID set in a command. Dovecot refuses a command line of 64 KB;
// RFC 7162, section 4, asks clients to stay below 8,192 bytes.
const (
	maxSetBytes = 6000
	maxSetUIDs  = 500
)

// sets splits UIDs into sets that one command can carry, in ascending order,
// each UID once. 0 is no UID and is left out: to go-imap it means "*".
func sets(uids []uint32) []imap.UIDSet {
	sorted := slices.Clone(uids)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	var (
		all   []imap.UIDSet
		set   imap.UIDSet
		size  int
		count int
	)
	for _, uid := range sorted {
		if uid == 0 {
			continue
		}
		grows := len(strconv.FormatUint(uint64(uid), 10)) + 1
		if count == maxSetUIDs || size+grows > maxSetBytes {
			all, set, size, count = append(all, set), nil, 0, 0
		}
		set.AddNum(imap.UID(uid))
		size += grows
		count++
	}
	if count > 0 {
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
