package imapbox

import (
	"bytes"
	"context"
	"iter"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Bounds on the header fields that are read, in bytes. More is cut off.
const (
	maxHeader     = 64 << 10
	maxHeaders    = 8 << 20 // of all messages of one FETCH; those that do not fit are asked for again
	maxClipped    = 1 << 10 // of a field, where Headers has read maxHeaders already
	maxPartHeader = 16 << 10
	maxParts      = 8 // parts of one container that PartHeaders looks at
)

// A Header is what is asked of a message to tell whether it may be a report.
type Header struct {
	UID          uint32
	Size         int64     // RFC822.SIZE; -1 if the server did not tell
	InternalDate time.Time // when the server received it; zero if it did not tell
	Fields       Fields
}

// Fields are header fields as sent: many thousands of them are held, and few of
// them are read. What is no field is passed over, and nothing is an error. RFC 5322,
// section 2.2.
type Fields struct{ raw []byte }

// Get returns the first field of a name in any case, unfolded but not decoded; ""
// if there is none.
func (f Fields) Get(name string) string {
	for known, value := range f.All() {
		if strings.EqualFold(known, name) {
			return unfold(value)
		}
	}
	return ""
}

// All gives the names and the values, still folded, in their order.
func (f Fields) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for rest := f.raw; len(rest) > 0; {
			end := fieldEnd(rest)
			field := rest[:end]
			rest = rest[end:]
			name, value, ok := bytes.Cut(field, []byte(":"))
			line := bytes.IndexByte(field, '\n')
			if name = bytes.TrimRight(name, " \t"); !ok || len(name) == 0 || line >= 0 && line < len(name) || name[0] == ' ' || name[0] == '\t' {
				continue // no field, one whose colon stands in a folded line, or a folded line of none
			}
			if !yield(string(name), value) {
				return
			}
		}
	}
}

// fieldEnd returns where a field ends, with the lines that are folded into it.
func fieldEnd(b []byte) int {
	for end := 0; ; {
		line := bytes.IndexByte(b[end:], '\n')
		if line < 0 {
			return len(b)
		}
		if end += line + 1; end == len(b) || b[end] != ' ' && b[end] != '\t' {
			return end
		}
	}
}

// unfold joins the lines of a value.
func unfold(value []byte) string {
	var b strings.Builder
	for line := range bytes.Lines(value) {
		b.Write(bytes.TrimRight(line, "\r\n"))
	}
	return strings.TrimSpace(b.String())
}

// clipped returns the first of each of the headerFields, and not much of each.
func (f Fields) clipped() Fields {
	var raw []byte
	for _, wanted := range headerFields() {
		for name, value := range f.All() {
			if strings.EqualFold(name, wanted) {
				raw = append(append(raw, wanted...), ':')
				raw = append(append(raw, bytes.TrimRight(value[:min(len(value), maxClipped)], "\r\n")...), "\r\n"...)
				break
			}
		}
	}
	return Fields{raw}
}

// headerFields are the fields that Headers asks for. DESIGN 5.
func headerFields() []string {
	return []string{
		"Content-Type", "Content-Disposition",
		"TLS-Report-Domain", "TLS-Report-Submitter",
		"Subject", "From", "Message-ID",
	}
}

// Headers returns size, arrival and the few header fields by which a
// report is told from other mail. At most 64 KiB of fields are read per message; and
// once they are some megabytes, as no reports and no letters have, no more is kept of
// each field of the others than a report's needs.
// A UID that is missing in the result was expunged, or the server gave nothing
// for it. What came before an error is returned with it.
func (s *Session) Headers(ctx context.Context, uids []uint32) (map[uint32]Header, error) {
	options := &imap.FetchOptions{
		UID: true, RFC822Size: true, InternalDate: true,
		BodySection: []*imap.FetchItemBodySection{{
			Peek: true, Specifier: imap.PartSpecifierHeader, HeaderFields: headerFields(),
			Partial: &imap.SectionPartial{Size: maxHeader},
		}},
	}
	headers := make(map[uint32]Header, len(uids))
	bounds := fetchBounds{literal: maxHeader, total: maxHeaders, sections: 1}
	held := 0
	err := s.fetchEach(ctx, sets(uids), options, bounds, func(m *fetched) bool {
		sec, ok := m.find(imap.PartSpecifierHeader)
		if !ok {
			return false
		}
		fields := Fields{sec.data}
		if held += len(sec.data); held > maxHeaders {
			fields = fields.clipped()
		}
		headers[m.uid] = Header{UID: m.uid, Size: m.size, InternalDate: m.date, Fields: fields}
		return true
	})
	return headers, err
}

// A PartHeader is the MIME header of one part.
type PartHeader struct {
	Path   []int // as IMAP numbers parts: RFC 9051, section 6.4.5.1
	Fields Fields
}

// PartHeaders returns the MIME headers of the parts in the container at path,
// the first eight of them; a nil path is the message itself. A message/rfc822
// part is a container too: its parts are those of the message in it. It returns
// none where the message has gone. At most 16 KiB are read per part.
func (s *Session) PartHeaders(ctx context.Context, uid uint32, path []int) ([]PartHeader, error) {
	parts, err := s.PartHeadersOf(ctx, []uint32{uid}, path)
	return parts[uid], err
}

// PartHeadersOf is [Session.PartHeaders] for several messages, by UID. A message
// without an entry has gone, or the server told nothing of it. What came before an
// error is returned with it.
func (s *Session) PartHeadersOf(ctx context.Context, uids []uint32, path []int) (map[uint32][]PartHeader, error) {
	options := &imap.FetchOptions{UID: true}
	for n := 1; n <= maxParts; n++ {
		options.BodySection = append(options.BodySection, &imap.FetchItemBodySection{
			Peek: true, Part: child(path, n), Specifier: imap.PartSpecifierMIME,
			Partial: &imap.SectionPartial{Size: maxPartHeader},
		})
	}
	all := make(map[uint32][]PartHeader, len(uids))
	bounds := fetchBounds{literal: maxPartHeader, total: maxHeaders, sections: maxParts}
	err := s.fetchEach(ctx, sets(uids), options, bounds, func(m *fetched) bool {
		var parts []PartHeader
		for n := 1; n <= maxParts; n++ {
			sec, ok := m.find(imap.PartSpecifierMIME, child(path, n)...)
			if !ok || len(sec.data) == 0 {
				break // a part without fields still has the empty line
			}
			parts = append(parts, PartHeader{Path: child(path, n), Fields: Fields{sec.data}})
		}
		all[m.uid] = parts
		return len(m.sections) > 0
	})
	return all, err
}

// child appends to a path without touching it.
func child(path []int, n int) []int { return append(append([]int(nil), path...), n) }
