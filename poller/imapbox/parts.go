package imapbox

import (
	"context"
	"maps"
	"slices"

	"tlsbrief/poller/imapbox/wire"

	"github.com/emersion/go-imap/v2"
)

// A PartHeader is the MIME header of one part.
type PartHeader struct {
	Path   []int // as IMAP numbers parts: RFC 9051, section 6.4.5.1
	Fields Fields
}

// Parts are what a server gives of the parts in one container of a message.
type Parts struct {
	Headers []PartHeader
	// Told: the server gave the header of one part at least. Where it gave none, the
	// container may be empty, or the server may not look into containers.
	Told bool
	// Refused is the server's NO or BAD to the request for this message alone; nil
	// where it answered.
	Refused error
}

// PartHeaders returns the MIME headers of the parts in the container at path,
// the first eight of them; a nil path is the message itself. A message/rfc822
// part is a container too: its parts are those of the message in it. It returns
// none where the message has gone. At most 16 KiB are read per part. A refusal is
// returned as the error.
func (s *Session) PartHeaders(ctx context.Context, uid uint32, path []int) (Parts, error) {
	all, err := s.PartHeadersOf(ctx, []uint32{uid}, path)
	parts := all[uid]
	if err == nil {
		err = parts.Refused
	}
	return parts, err
}

// PartHeadersOf is [Session.PartHeaders] for several messages, by UID. A message
// without an entry has gone. A server that refuses the request because one of the
// parts is not there is asked for one part at a time; so a refusal is never an error,
// and stands with the message.
func (s *Session) PartHeadersOf(ctx context.Context, uids []uint32, path []int) (map[uint32]Parts, error) {
	all := make(map[uint32]Parts, len(uids))
	q := s.allParts(path, all)
	for _, set := range s.sets(uids) {
		if s.traits.singleParts {
			if err := s.partByPart(ctx, members(set), path, all); err != nil {
				return all, err
			}
			continue
		}
		missing, err := s.fetchBatch(ctx, set, q)
		switch {
		case Refusal(err):
			err = s.partByPart(ctx, missing, path, all)
		case err == nil && len(missing) > 0:
			err = s.fetchAgain(ctx, missing, nil, q)
		}
		if err != nil {
			return all, err
		}
	}
	return all, s.addEmpty(ctx, uids, all)
}

// addEmpty adds the messages that are there and of which nothing came.
func (s *Session) addEmpty(ctx context.Context, uids []uint32, all map[uint32]Parts) error {
	missing := slices.DeleteFunc(slices.Clone(uids), func(uid uint32) bool { _, ok := all[uid]; return ok })
	if len(missing) == 0 {
		return nil
	}
	exist, err := s.existing(ctx, missing)
	for uid := range exist {
		all[uid] = Parts{}
	}
	return err
}

// allParts asks for the headers of eight parts together.
func (s *Session) allParts(path []int, all map[uint32]Parts) *fetchRequest {
	options := &imap.FetchOptions{UID: true}
	for n := 1; n <= maxParts; n++ {
		options.BodySection = append(options.BodySection, s.mimeSection(child(path, n)))
	}
	return &fetchRequest{
		topic: "parts", forms: []*imap.FetchOptions{options},
		bounds: fetchBounds{literal: maxPartHeader, total: max(s.sizes.Headers, maxParts*maxPartHeader), sections: maxParts},
		use: func(m *wire.Message) bool {
			if m.Answered == 0 && len(m.Sections) == 0 {
				return false // its flags changed (RFC 9051, section 7.5.2): that says nothing of its parts
			}
			var parts Parts
			for n := 1; n <= maxParts; n++ {
				sec, ok := m.Find(wire.MIME, child(path, n)...)
				if !ok || len(sec.Data) == 0 {
					break // a part without fields still has the empty line
				}
				parts.Headers = append(parts.Headers, PartHeader{Path: child(path, n), Fields: Fields{sec.Data}})
			}
			parts.Told = len(parts.Headers) > 0
			all[m.UID] = parts
			return true
		},
	}
}

func (s *Session) mimeSection(part []int) *imap.FetchItemBodySection {
	section := &imap.FetchItemBodySection{Peek: true, Part: part, Specifier: imap.PartSpecifierMIME}
	if s.traits.forms["header"].number < 2 { // it takes partial questions
		section.Partial = &imap.SectionPartial{Size: maxPartHeader}
	}
	return section
}

// partByPart asks for the first part of each message, then for the second of those
// that have a first one, and so on until each is refused or has come to its end.
func (s *Session) partByPart(ctx context.Context, uids []uint32, path []int, all map[uint32]Parts) error {
	answered := make(map[uint32]Parts) // an error must leave no message with the first of its parts alone
	for n := 1; n <= maxParts && len(uids) > 0; n++ {
		p := partFetch{Session: s, part: child(path, n), got: make(map[uint32][]byte), refused: make(map[uint32]error)}
		for _, set := range s.sets(uids) {
			if err := p.fetch(ctx, members(set)); err != nil {
				return err
			}
		}
		for uid, why := range p.refused {
			if n == 1 {
				answered[uid] = Parts{Refused: why}
			} else {
				s.traits.singleParts = true
			}
		}
		uids = nil
		for uid, header := range p.got {
			parts := answered[uid]
			if len(header) > 0 {
				parts.Headers = append(parts.Headers, PartHeader{Path: p.part, Fields: Fields{header}})
				parts.Told = true
				uids = append(uids, uid)
			}
			answered[uid] = parts
		}
	}
	maps.Copy(all, answered)
	return nil
}

// A partFetch asks for the header of one part of messages.
type partFetch struct {
	*Session
	part    []int
	got     map[uint32][]byte // empty: there is no such part
	refused map[uint32]error
}

// fetch asks for it of messages together. What came before a refusal counts; the
// next message is asked for alone, since in most servers it is the one that lacks the
// part, and then the others go on together.
func (p *partFetch) fetch(ctx context.Context, uids []uint32) error {
	options := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{p.mimeSection(p.part)}}
	for len(uids) > 0 {
		set := sets(uids, len(uids))[0]
		asked := members(set)
		messages, err := p.fetchPieces(ctx, set, options, maxPartHeader, max(p.sizes.Headers, maxPartHeader), maxReply+int64(len(asked))*(maxPartHeader*unbounded+fetchOverhead))
		if err != nil && !Refusal(err) {
			return p.withUIDs(err, asked, messages, 1)
		}
		for _, m := range messages {
			if set.Contains(imap.UID(m.UID)) && m.Answered > 0 {
				sec, _ := m.Find(wire.MIME, p.part...)
				p.got[m.UID] = sec.Data
			}
		}
		rest := slices.DeleteFunc(slices.Clone(asked), func(uid uint32) bool { _, ok := p.got[uid]; return ok })
		uids = uids[len(asked):]
		switch {
		case err == nil || len(rest) == 0:
		case len(asked) == 1:
			p.refused[asked[0]] = err
		default:
			if err := p.fetch(ctx, rest[:1]); err != nil {
				return err
			}
			uids = append(rest[1:], uids...)
		}
	}
	return nil
}

// child appends to a path without touching it.
func child(path []int, n int) []int { return append(append([]int(nil), path...), n) }
