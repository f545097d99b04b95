package imapbox

import (
	"slices"

	"github.com/emersion/go-imap/v2"
)

// maxSetUIDs bounds one UID set in a command. At eleven bytes each it stays well
// below the 8,192 bytes that RFC 7162, section 4, allows a command line; Dovecot
// refuses a longer one than 64 KB.
const maxSetUIDs = 500

// sets splits UIDs into sets that one command can carry, in ascending order,
// each UID once. 0 is no UID and is left out: to go-imap it means "*".
func sets(uids []uint32) []imap.UIDSet {
	sorted := slices.Clone(uids)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	if len(sorted) > 0 && sorted[0] == 0 {
		sorted = sorted[1:]
	}
	var all []imap.UIDSet
	for chunk := range slices.Chunk(sorted, maxSetUIDs) {
		var set imap.UIDSet
		for _, uid := range chunk {
			set.AddNum(imap.UID(uid))
		}
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
