package imapbox

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"tlsbrief/poller/imapbox/wire"

	"github.com/emersion/go-imap/v2"
)

// Bounds on the header fields that are read, in bytes. More is cut off.
const (
	maxHeader     = 64 << 10
	maxClipped    = 1 << 10 // of a field, where Headers holds many already
	maxPartHeader = 16 << 10
	maxParts      = 8 // parts of one container that PartHeaders looks at
)

// wholeHeaders is how many whole headers are asked for together.
const wholeHeaders = 250

// A Header is what is fetched of a message to decide whether it may be a report.
type Header struct {
	UID          uint32
	Size         int64     // RFC822.SIZE; -1 if the server did not tell
	InternalDate time.Time // when the server received it; zero if it did not tell
	Fields       Fields
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
// report is distinguished from other mail. At most 64 KiB of fields are read per message; and
// once they are some megabytes, as no reports and no letters have, no more is kept of
// each field of the others than a report's needs.
//
// A header without From, Subject, Message-ID and Content-Type is not believed, since
// servers are known that answer so for every message: the whole header is asked for in
// its place.
// A UID that is missing in the result was expunged, or the server gave nothing
// for it, or only a header without any field. What came before an error is returned with
// it.
func (s *Session) Headers(ctx context.Context, uids []uint32) (map[uint32]Header, error) {
	h := headerFetch{Session: s, headers: make(map[uint32]Header, len(uids))}
	most := s.sizes.UIDs
	if s.traits.forms["header"].number&1 == 1 {
		most = wholeHeaders
	}
	doubtful, err := h.fetch(ctx, s.setsOf(uids, most), "header", headerForms()...)
	if err != nil || len(doubtful) == 0 {
		return h.headers, err
	}
	s.log.Debug("headers came without the fields that every message has: the whole ones are asked for", "mailbox", s.name, "folder", s.open.folder, "count", len(doubtful))
	asked := len(doubtful)
	if doubtful, err = h.fetch(ctx, s.setsOf(doubtful, wholeHeaders), "whole header", wholeHeader|bounded, wholeHeader); err != nil {
		return h.headers, err
	}
	if len(doubtful) == 0 && asked > 1 && len(h.headers) == asked {
		s.traits.forms["header"] = requestForm{number: s.traits.forms["header"].number | 1, proven: true} // it gives no fields of any message
	}
	return h.headers, h.alone(ctx, doubtful)
}

// Ways to ask for a header.
type headerForm int

const (
	fieldsOnly  headerForm = 0
	wholeHeader headerForm = 1 << iota
	bounded                // at most maxHeader bytes
)

// headerForms are the ways in their order; the odd ones are for whole headers.
func headerForms() []headerForm {
	return []headerForm{fieldsOnly | bounded, wholeHeader | bounded, fieldsOnly, wholeHeader}
}

func (f headerForm) options() *imap.FetchOptions {
	section := &imap.FetchItemBodySection{Peek: true, Specifier: imap.PartSpecifierHeader}
	if f&wholeHeader == 0 {
		// go-imap would write the names in quotes, with which some servers find no field.
		section.Specifier = imap.PartSpecifier("HEADER.FIELDS (" + strings.Join(headerFields(), " ") + ")")
	}
	if f&bounded != 0 {
		section.Partial = &imap.SectionPartial{Size: maxHeader}
	}
	return &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section}}
}

// A headerFetch collects headers.
type headerFetch struct {
	*Session
	headers map[uint32]Header
	held    int64 // bytes of fields
}

// fetch asks for headers in one of the forms. It returns the UIDs of the messages for
// which the server answered with what cannot be their header.
func (h *headerFetch) fetch(ctx context.Context, batches []imap.UIDSet, topic string, forms ...headerForm) (doubtful []uint32, err error) {
	q := &fetchRequest{topic: topic, bounds: fetchBounds{literal: maxHeader, total: max(h.sizes.Headers, maxHeader), sections: 1}}
	for _, f := range forms {
		q.forms = append(q.forms, f.options())
	}
	q.use = func(m *wire.Message) bool {
		sec, ok := m.Find(wire.Header)
		whole := forms[h.traits.forms[topic].number]&wholeHeader != 0
		switch fields := (Fields{sec.Data}); {
		case ok && (whole && fields.any() || fields.any("From", "Subject", "Message-ID", "Content-Type")):
			h.keep(m, fields, whole)
		case ok || m.Answered > 0: // NIL
			doubtful = append(doubtful, m.UID)
		default:
			return false
		}
		return true
	}
	err = h.fetchEach(ctx, batches, q)
	slices.Sort(doubtful)
	return slices.Compact(doubtful), err
}

// keep keeps what a header is asked for.
func (h *headerFetch) keep(m *wire.Message, fields Fields, whole bool) {
	if whole {
		fields = fields.clipped(maxHeader)
	}
	if h.held += int64(len(fields.raw)); h.held > h.sizes.Headers {
		fields = fields.clipped(maxClipped)
	}
	h.headers[m.UID] = Header{UID: m.UID, Size: m.Size, InternalDate: m.Date, Fields: fields}
}

// alone asks for the header of one message at a time, and then for its fields. It
// gives up where the server gives none of so many in turn.
func (h *headerFetch) alone(ctx context.Context, uids []uint32) error {
	none := 0
	for _, uid := range uids {
		if none == h.sizes.Few {
			return nil
		}
		none++
		for _, topic := range []string{"whole header", "header"} {
			forms := []headerForm{wholeHeader | bounded, wholeHeader}
			if topic == "header" {
				forms = headerForms()
			}
			if _, err := h.fetch(ctx, sets([]uint32{uid}, 1), topic, forms...); err != nil && !Refusal(err) {
				return err
			}
			if _, ok := h.headers[uid]; ok {
				none = 0
				break
			}
		}
	}
	return nil
}

// maxBeginning is how many bytes of a message are read to find its header there.
const maxBeginning = 16 << 10

// Beginnings returns the headers of messages as they stand at the beginning of each, for
// servers that give no header where they are asked for one. Where a header does not end
// within 16 KiB it is missing in the result, as is one that does not come. What came
// before an error is returned with it. Sizes are not known.
func (s *Session) Beginnings(ctx context.Context, uids []uint32) (map[uint32]Header, error) {
	headers := make(map[uint32]Header, len(uids))
	err := s.peek(ctx, uids, maxBeginning, func(m *wire.Message, data []byte) {
		header, ended := beginning(data)
		if len(data) > 0 && (ended || len(data) < maxBeginning) {
			headers[m.UID] = Header{UID: m.UID, Size: -1, InternalDate: m.Date, Fields: Fields{header}.clipped(maxHeader)}
		}
	})
	return headers, err
}

// Peek returns the first bytes of a message, at most so many; none where it has gone.
func (s *Session) Peek(ctx context.Context, uid uint32, size int64) (data []byte, err error) {
	err = s.peek(ctx, []uint32{uid}, size, func(_ *wire.Message, first []byte) { data = first })
	return data, err
}

// peek calls use with the first bytes of messages. A server that refuses parts of a
// section is never asked for the whole one instead: its refusal is the error.
func (s *Session) peek(ctx context.Context, uids []uint32, size int64, use func(*wire.Message, []byte)) error {
	q := &fetchRequest{
		topic: "beginning", bounds: fetchBounds{literal: size, total: max(s.sizes.Headers, size), sections: 1},
		forms: []*imap.FetchOptions{{
			UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: &imap.SectionPartial{Size: size}}},
		}},
		use: func(m *wire.Message) bool {
			sec, ok := m.Find(wire.Text)
			if ok {
				use(m, sec.Data)
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
