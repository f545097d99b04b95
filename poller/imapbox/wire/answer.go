package wire

import (
	"errors"
	"slices"
)

// An Answer collects what FETCH responses say of the messages that were asked for. The
// order of several responses for one message does not matter.
type Answer struct {
	wanted   func(uid uint32) bool
	sections int   // that were asked for, of each message
	limit    int64 // of bytes kept of each section
	total    int64 // of bytes that may still be kept of sections
	held     int64 // of the response that is being read

	messages     []*Message // in the order in which they first came
	byUID        map[uint32]*Message
	faults       map[uint32]error // of lines that could not be read; 0: without a UID
	unknownItems map[uint32]error // of lines with items that are not known here
}

// NewAnswer returns an Answer for the messages that are wanted. It keeps at most limit
// bytes of each of their sections, and at most total bytes of all.
func NewAnswer(wanted func(uid uint32) bool, sections int, limit, total int64) *Answer {
	return &Answer{
		wanted: wanted, sections: sections, limit: limit, total: total,
		byUID: map[uint32]*Message{}, faults: map[uint32]error{}, unknownItems: map[uint32]error{},
	}
}

// literalRoom returns how much of a literal to keep.
func (a *Answer) literalRoom(size int64) (keep int64, fits bool) {
	keep = min(size, a.limit)
	if a.held+keep > a.total {
		return 0, false
	}
	a.held += keep
	return keep, true
}

var (
	errNoUID   = errors.New("it has no UID")
	errTooLong = errors.New("it is too long")
)

// add adds a response. fault returns the error for a line that cannot be read.
func (a *Answer) add(text []byte, literals []literal, whole bool, fault func(why error) error) {
	held := a.held
	a.held = 0
	m, err := parseFetch(text, literals)
	wanted := m.UID != 0 && a.wanted(m.UID)
	switch {
	case err == nil && !whole:
		err = errTooLong
	case err == nil && m.UID == 0 && m.Answered > 0:
		err = errNoUID
	}
	if err != nil && (wanted || m.UID == 0) && a.faults[m.UID] == nil {
		a.faults[m.UID] = fault(err)
	}
	if err != nil || !wanted {
		return
	}
	a.total -= held
	if m.unknownItems && a.unknownItems[m.UID] == nil {
		a.unknownItems[m.UID] = fault(errors.New("it has items that nobody asked for"))
	}
	for i := range m.Sections {
		if sec := &m.Sections[i]; int64(len(sec.Data)) > a.limit { // it was in quotes
			sec.Data, sec.Truncated = sec.Data[:a.limit], true
		}
	}
	if known := a.byUID[m.UID]; known != nil {
		known.merge(m)
		return
	}
	a.byUID[m.UID] = m
	a.messages = append(a.messages, m)
}

// Result returns the messages that came, and why others did not. One that did not fit
// into the bounds is left out.
func (a *Answer) Result() ([]*Message, map[uint32]error) {
	for uid, fault := range a.unknownItems {
		if m := a.byUID[uid]; m.Answered == 0 && a.sections > 0 && a.faults[uid] == nil {
			a.faults[uid] = fault
		}
	}
	for uid := range a.faults {
		if m := a.byUID[uid]; m != nil && m.Answered >= a.sections {
			delete(a.faults, uid) // another line has what was asked for
		}
	}
	return slices.DeleteFunc(a.messages, func(m *Message) bool { return !m.fits }), a.faults
}
