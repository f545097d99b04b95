package wire

import (
	"slices"
	"time"
)

// A Message is what the FETCH responses of one answer say of a message.
type Message struct {
	UID          uint32
	Size         int64 // -1 if not given
	Flags        []string
	HasFlags     bool // FLAGS was given
	Date         time.Time
	Sections     []Section
	Answered     int  // sections that came, or of which the server said that there is none
	fits         bool // all that was wanted of it was kept
	unknownItems bool // it has items that are not known here
}

// The kinds of sections. RFC 9051, section 6.4.5.1.
const (
	Text   = ""       // all of a message, or of a part
	Header = "HEADER" // the fields of a message, or some of them
	MIME   = "MIME"   // the fields of a part
)

// A Section is the text of a message or of a part of it, as far as it was kept.
type Section struct {
	part      []int
	kind      string
	Data      []byte
	Truncated bool // it is longer than Data
}

// Find returns the section of a kind and part, and whether it came.
func (m *Message) Find(kind string, part ...int) (Section, bool) {
	for _, sec := range m.Sections {
		if sec.kind == kind && slices.Equal(sec.part, part) {
			return sec, true
		}
	}
	return Section{}, false
}

// Complete reports whether so many sections of the message came, each to its end. Such a
// message is sound whatever became of the connection after it.
func (m *Message) Complete(sections int) bool {
	return m.Answered >= sections && !slices.ContainsFunc(m.Sections, func(sec Section) bool { return sec.Truncated })
}

// merge adds what another response says of the same message. RFC 9051, section 7.5.2,
// allows several. The later value wins, except that the longer section does.
func (m *Message) merge(other *Message) {
	if other.Size >= 0 {
		m.Size = other.Size
	}
	if !other.Date.IsZero() {
		m.Date = other.Date
	}
	if other.HasFlags {
		m.Flags, m.HasFlags = other.Flags, true
	}
	m.Answered += other.Answered
	m.fits = m.fits && other.fits
	m.unknownItems = m.unknownItems || other.unknownItems
	for _, sec := range other.Sections {
		same := func(s Section) bool { return s.kind == sec.kind && slices.Equal(s.part, sec.part) }
		switch i := slices.IndexFunc(m.Sections, same); {
		case i < 0:
			m.Sections = append(m.Sections, sec)
		case len(sec.Data) > len(m.Sections[i].Data):
			m.Sections[i] = sec
		}
	}
}
