package imapbox

import (
	"bytes"
	"context"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Bounds on the header fields that are read, in bytes. More is cut off.
const (
	maxHeader     = 64 << 10
	maxHeaders    = 8 << 20 // of all messages of one FETCH; those that do not fit are asked for again
	maxPartHeader = 16 << 10
	maxParts      = 8 // parts of one container that PartHeaders looks at
)

// A Header is what is asked of a message to tell whether it may be a report.
type Header struct {
	UID          uint32
	Size         int64 // RFC822.SIZE; -1 if the server did not tell
	Flags        []string
	InternalDate time.Time // when the server received it; zero if it did not tell
	Fields       Fields
}

// Fields are header fields as sent, unfolded but not decoded. Get ignores case
// and returns the first of a name, "" if there is none.
type Fields = textproto.MIMEHeader

// headerFields are the fields that Headers asks for. DESIGN 5.
func headerFields() []string {
	return []string{
		"Content-Type", "Content-Disposition",
		"TLS-Report-Domain", "TLS-Report-Submitter",
		"Subject", "From", "Message-ID",
	}
}

// Headers returns size, flags, arrival and the few header fields by which a
// report is told from other mail. At most 64 KiB of fields are read per message.
// A UID that is missing in the result was expunged, or the server gave nothing
// for it.
func (s *Session) Headers(ctx context.Context, uids []uint32) (map[uint32]Header, error) {
	options := &imap.FetchOptions{
		UID: true, Flags: true, RFC822Size: true, InternalDate: true,
		BodySection: []*imap.FetchItemBodySection{{
			Peek: true, Specifier: imap.PartSpecifierHeader, HeaderFields: headerFields(),
			Partial: &imap.SectionPartial{Size: maxHeader},
		}},
	}
	headers := make(map[uint32]Header, len(uids))
	bounds := fetchBounds{literal: maxHeader, total: maxHeaders, sections: 1}
	err := s.fetchEach(ctx, sets(uids), options, bounds, func(m *fetched) bool {
		sec, ok := m.find(imap.PartSpecifierHeader)
		if ok {
			headers[m.uid] = Header{UID: m.uid, Size: m.size, Flags: m.flags, InternalDate: m.date, Fields: parseFields(sec.data)}
		}
		return ok
	})
	if err != nil {
		return nil, err
	}
	return headers, nil
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
// without an entry has gone, or the server told nothing of it.
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
			parts = append(parts, PartHeader{Path: child(path, n), Fields: parseFields(sec.data)})
		}
		all[m.uid] = parts
		return len(m.sections) > 0
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// child appends to a path without touching it.
func child(path []int, n int) []int { return append(append([]int(nil), path...), n) }

// parseFields reads header fields leniently: lines that are none are skipped,
// and nothing is an error. RFC 5322, section 2.2.
func parseFields(data []byte) Fields {
	fields := make(Fields)
	var name string
	var value strings.Builder
	flush := func() {
		if name != "" {
			fields.Add(name, strings.TrimSpace(value.String()))
		}
		name = ""
		value.Reset()
	}
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			value.Write(line) // a folded line; without a name it is dropped by flush
			continue
		}
		flush()
		before, after, ok := bytes.Cut(line, []byte(":"))
		if before = bytes.TrimRight(before, " \t"); ok && len(before) > 0 {
			name = string(before)
			value.Write(after)
		}
	}
	flush()
	return fields
}
