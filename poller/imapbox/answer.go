package imapbox

import (
	"errors"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
)

// A fetched message is what the FETCH responses of one answer told of it.
type fetched struct {
	uid      uint32
	size     int64 // -1 if not given
	flags    []string
	flagged  bool // FLAGS was given
	date     time.Time
	sections []section
	answered int  // sections, with those of which it said that there is none
	fits     bool // there was room for all that was wanted of it
	strange  bool // it had items that are not known here
}

// A section is the text of a message, or of a part of it, or what of that was wanted.
type section struct {
	part []int
	kind imap.PartSpecifier
	data []byte
	more bool // it is longer than data
}

// An answer gathers what FETCH responses tell of the messages that were asked for.
// Where several come for one message, their order does not matter.
type answer struct {
	set      imap.UIDSet
	sections int   // that were asked for, of each message
	limit    int64 // of bytes kept of each section
	total    int64 // of bytes that may still be kept of sections
	held     int64 // of the response that is being read

	messages []*fetched // in the order in which they first came
	byUID    map[uint32]*fetched
	faults   map[uint32]error // of lines that could not be read; 0: without a UID
	strange  map[uint32]error // of lines with items that are not known here
}

func newAnswer(set imap.UIDSet, sections int, limit, total int64) *answer {
	return &answer{
		set: set, sections: sections, limit: limit, total: total,
		byUID: map[uint32]*fetched{}, faults: map[uint32]error{}, strange: map[uint32]error{},
	}
}

// room says how much of a literal to keep.
func (a *answer) room(size int64) (keep int64, fits bool) {
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

// take adds a response. fault makes an error of why its line could not be read.
func (a *answer) take(text []byte, literals []literal, whole bool, fault func(why error) error) {
	held := a.held
	a.held = 0
	m, err := readFetch(text, literals)
	wanted := m.uid != 0 && a.set.Contains(imap.UID(m.uid))
	switch {
	case err == nil && !whole:
		err = errTooLong
	case err == nil && m.uid == 0 && m.answered > 0:
		err = errNoUID
	}
	if err != nil && (wanted || m.uid == 0) && a.faults[m.uid] == nil {
		a.faults[m.uid] = fault(err)
	}
	if err != nil || !wanted {
		return
	}
	a.total -= held
	if m.strange && a.strange[m.uid] == nil {
		a.strange[m.uid] = fault(errors.New("it has items that nobody asked for"))
	}
	for i := range m.sections {
		if sec := &m.sections[i]; int64(len(sec.data)) > a.limit { // it was in quotes
			sec.data, sec.more = sec.data[:a.limit], true
		}
	}
	if known := a.byUID[m.uid]; known != nil {
		known.merge(m)
		return
	}
	a.byUID[m.uid] = m
	a.messages = append(a.messages, m)
}

// result returns the messages that came, and why others did not. One is left out
// if there was no room for all of it.
func (a *answer) result() ([]*fetched, map[uint32]error) {
	for uid, fault := range a.strange {
		if m := a.byUID[uid]; m.answered == 0 && a.sections > 0 && a.faults[uid] == nil {
			a.faults[uid] = fault
		}
	}
	for uid := range a.faults {
		if m := a.byUID[uid]; m != nil && m.answered >= a.sections {
			delete(a.faults, uid) // another line told what was asked for
		}
	}
	return slices.DeleteFunc(a.messages, func(m *fetched) bool { return !m.fits }), a.faults
}
