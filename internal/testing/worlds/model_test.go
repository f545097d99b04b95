package worlds

import (
	"fmt"
	"slices"

	"tlsbrief/poller"
)

// A chance says how sure the model is of something: what others do in the middle of
// a poll may come before or after it.
type chance int

const (
	never chance = iota
	perhaps
	surely
)

// A fate is what is to become of a message that is looked at.
type fate int

const (
	ignored fate = iota
	recorded
	rejected
)

// A message is one that was put into the mailbox.
type message struct {
	mail   mail
	serial int
	folder int
	uid    uint32
	flags  map[string]bool // as people set them; lower case
	gone   bool            // somebody expunged it
	fate   fate

	looked chance // that it was looked at: recorded, rejected, or known as pending
	marked chance // that it is marked

	// Of the round under way.
	there   bool // when it began
	unseen  bool // when it began, or when it was delivered since
	touched bool // its \Seen changed since
}

func (m *message) String() string {
	return fmt.Sprintf("serial %d (%s, report %d, folder %d, UID %d)", m.serial, m.mail.kind, m.mail.number, m.folder, m.uid)
}

// none is the UID of a cursor that is not there.
const none int64 = -1

// A place is a folder and a UID.
type place struct {
	folder int
	uid    uint32
}

// A model is what DESIGN 5 says of a world, as far as it was played. It is written
// to be obvious, not to be fast.
type model struct {
	w        world
	messages []*message // in the order of delivery
	places   map[place]*message
	cursors  []int64 // the poll's, by folder; none before the first poll
}

func newModel(w world) *model {
	return &model{w: w, places: map[place]*message{}, cursors: slices.Repeat([]int64{none}, len(w.folders))}
}

// arrived adds a message. size is that of the whole mail.
func (d *model) arrived(m mail, folder int, uid uint32, size int64) *message {
	msg := &message{mail: m, serial: len(d.messages), folder: folder, uid: uid, flags: map[string]bool{}, unseen: !m.seen}
	if m.seen {
		msg.flags[`\seen`] = true
	}
	if m.flag != "" {
		msg.flags[lower(m.flag)] = true
	}
	switch {
	case slices.Contains(foreigns(), m.kind):
	case slices.Contains(brokens(), m.kind), size > d.w.maxMessage:
		msg.fate = rejected
	default:
		msg.fate = recorded
	}
	d.messages = append(d.messages, msg)
	d.places[place{folder, uid}] = msg
	return msg
}

// in lists the messages of a folder that nobody has expunged.
func (d *model) in(folder int) []*message {
	return slices.DeleteFunc(slices.Clone(d.messages), func(m *message) bool { return m.folder != folder || m.gone })
}

// last is the highest UID that was given out in a folder, of messages that we know.
func (d *model) last(folder int) (uid uint32) {
	for _, m := range d.messages {
		if m.folder == folder {
			uid = max(uid, m.uid)
		}
	}
	return uid
}

// lastThere is the highest UID in a folder of what was there when the round began.
func (d *model) lastThere(folder int) (uid int64) {
	for _, m := range d.messages {
		if m.folder == folder && m.there {
			uid = max(uid, int64(m.uid))
		}
	}
	return uid
}

// begin notes what there is when a round begins.
func (d *model) begin() {
	for _, m := range d.messages {
		m.there, m.touched, m.unseen = !m.gone, false, !m.flags[`\seen`]
	}
}

// expunged notes that somebody expunged a message: whether it had been looked at by
// then is not known, unless the database says so.
func (m *message) expunged() {
	m.gone = true
	m.looked = min(m.looked, perhaps)
	m.marked = min(m.marked, perhaps)
}

// look raises the chance that a message was looked at, and marked in consequence.
func (m *message) look(c chance, marks bool) {
	if m.gone {
		c = min(c, perhaps)
	}
	m.looked = max(m.looked, c)
	if marks && m.fate == recorded {
		m.marked = max(m.marked, c)
	}
}

// polled notes that a poll of a folder has ended, with the cursor at a UID.
//
// "On the first poll of a folder, the unseen ones. After that every message above the
// folder's cursor, seen or not." A poll that saved no cursor was not the first.
func (d *model) polled(folder int, cursor int64) {
	before := d.cursors[folder]
	d.cursors[folder] = cursor
	marks := d.w.after != poller.AfterNone
	for _, m := range d.messages {
		if m.folder != folder || int64(m.uid) <= before {
			continue
		}
		covered := surely
		if int64(m.uid) > cursor {
			covered = perhaps
		}
		switch {
		case before != none:
			m.look(covered, marks)
		case m.touched:
			m.look(perhaps, marks)
		case m.unseen:
			m.look(covered, marks)
		case !m.there:
			m.look(perhaps, marks) // delivered as seen, before or after the folder was opened
		}
	}
}

// backfilled notes that a backfill of a folder has ended: to its end, or with its
// cursor at a UID.
//
// "Reads the whole history once." Flags are changed only where asked.
func (d *model) backfilled(folder int, finished bool, cursor int64) {
	for _, m := range d.messages {
		if m.folder != folder {
			continue
		}
		covered := perhaps
		if m.there && (finished || int64(m.uid) <= cursor) {
			covered = surely
		}
		m.look(covered, d.w.mark && d.w.after != poller.AfterNone)
	}
}

// reports returns how sure it is that each report, by its number, is recorded.
func (d *model) reports() map[int]chance {
	all := map[int]chance{}
	for _, m := range d.messages {
		if m.fate == recorded {
			all[m.mail.number] = max(all[m.mail.number], m.looked)
		}
	}
	return all
}
