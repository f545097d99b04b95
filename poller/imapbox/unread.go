package imapbox

// maxUnread bounds how many messages it is remembered of why they were not read.
const maxUnread = 10_000

// unread says why messages of one folder could not be read.
type unread struct {
	folder string
	why    map[uint32]error
}

// note takes the result of a FETCH.
func (u *unread) note(folder string, read []*fetched, faults map[uint32]error) {
	if u.why == nil || u.folder != folder {
		*u = unread{folder: folder, why: map[uint32]error{}}
	}
	for _, m := range read {
		delete(u.why, m.uid)
	}
	for uid, fault := range faults {
		if len(u.why) < maxUnread {
			u.why[uid] = fault
		}
	}
}

// Unread returns why the last answer about a message of the open folder could not be
// read, as a *[LineError]; nil if it could, or if the server gave none. Such a message
// is missing in what the other methods return: those beside it were read.
func (s *Session) Unread(uid uint32) error {
	if s.unread.folder != s.open.folder {
		return nil
	}
	return s.unread.why[uid]
}
