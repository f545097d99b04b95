package imapbox

import (
	"bytes"
	"context"

	"github.com/emersion/go-imap/v2"
)

// maxBeginning is how many bytes of a message are read to find its header there.
const maxBeginning = 16 << 10

// Beginnings returns the headers of messages as they stand at the beginning of each, for
// servers that give no header where they are asked for one. Where a header does not end
// within 16 KiB it is missing in the result, as is one that does not come. What came
// before an error is returned with it. Sizes are not known.
func (s *Session) Beginnings(ctx context.Context, uids []uint32) (map[uint32]Header, error) {
	headers := make(map[uint32]Header, len(uids))
	err := s.peek(ctx, uids, maxBeginning, func(m *fetched, data []byte) {
		header, ended := beginning(data)
		if len(data) > 0 && (ended || len(data) < maxBeginning) {
			headers[m.uid] = Header{UID: m.uid, Size: -1, InternalDate: m.date, Fields: Fields{header}.clipped(maxHeader)}
		}
	})
	return headers, err
}

// Peek returns the first bytes of a message, at most so many; none where it has gone.
func (s *Session) Peek(ctx context.Context, uid uint32, size int64) (data []byte, err error) {
	err = s.peek(ctx, []uint32{uid}, size, func(_ *fetched, first []byte) { data = first })
	return data, err
}

// peek calls use with the first bytes of messages. A server that knows no part of a
// section is never asked for the whole one instead: its refusal is the error.
func (s *Session) peek(ctx context.Context, uids []uint32, size int64, use func(*fetched, []byte)) error {
	q := &question{
		topic: "beginning", bounds: fetchBounds{literal: size, total: max(s.sizes.Headers, size), sections: 1},
		forms: []*imap.FetchOptions{{
			UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: &imap.SectionPartial{Size: size}}},
		}},
		use: func(m *fetched) bool {
			sec, ok := m.find(imap.PartSpecifierNone)
			if ok {
				use(m, sec.data)
			}
			return ok
		},
	}
	return s.fetchEach(ctx, s.sets(uids), q)
}

// beginning returns the header of a message, and whether the empty line that ends it was
// seen. RFC 5322, section 2.1.
func beginning(message []byte) (header []byte, ended bool) {
	rest := message
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimSuffix(line, []byte("\r"))) == 0 {
			return message[:len(message)-len(rest)], true
		}
		rest = after
	}
	return message, false
}
