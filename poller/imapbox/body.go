package imapbox

import (
	"context"
	"time"

	"tlsbrief/poller/imapbox/wire"

	"github.com/emersion/go-imap/v2"
)

// A Body is one whole message.
type Body struct {
	UID          uint32
	InternalDate time.Time // zero if the server did not tell
	// Data is nil if the server gave no body: the message is gone, or can't be
	// read. It is the receiver's to keep.
	Data []byte
	// Refused is the server's NO or BAD where it gave no body for that reason.
	Refused error
	// TooLarge: the message has more bytes than were allowed; Data has the
	// first ones.
	TooLarge bool
}

// Bodies downloads whole messages without marking them as read, and calls each
// for every UID once. Of a message with more than limit bytes only the first
// limit are handed out.
//
// Messages come in batches of some megabytes. None is handed out before the answer
// that it came in has ended, or broken off behind it, so after an error what each was
// called for is sound. While each runs no command is outstanding: it may take its time,
// and may use the session. Its error ends the download and is returned as it is.
// Where the server fails at a message, see UIDs of [StepError].
func (s *Session) Bodies(ctx context.Context, uids []uint32, limit int64, each func(Body) error) error {
	batches, err := s.batches(ctx, uids, limit)
	if err != nil {
		return err
	}
	return s.download(ctx, batches, limit, each)
}

// BodiesOf is [Session.Bodies] for messages whose headers are known, and so how
// large they are: it does not ask for that again.
func (s *Session) BodiesOf(ctx context.Context, headers []Header, limit int64, each func(Body) error) error {
	uids := make([]uint32, len(headers))
	sizes := make(map[uint32]int64, len(headers))
	for i, h := range headers {
		uids[i], sizes[h.UID] = h.UID, h.Size
	}
	var batches []imap.UIDSet
	for _, set := range s.sets(uids) {
		batches = append(batches, s.splitBySize(members(set), sizes, limit)...)
	}
	return s.download(ctx, batches, limit, each)
}

// download downloads batches of messages, each of which has few enough bytes to be
// held.
func (s *Session) download(ctx context.Context, batches []imap.UIDSet, limit int64, each func(Body) error) error {
	q := &fetchRequest{topic: "body", bounds: fetchBounds{literal: limit + 1, total: max(s.sizes.Bodies, limit+1), sections: 1}}
	for _, partial := range []*imap.SectionPartial{{Size: limit + 1}, nil} { // some servers refuse parts of a section
		q.forms = append(q.forms, &imap.FetchOptions{
			UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: partial}},
		})
	}
	var refusal error // of all messages of a set
	came := false
	for _, set := range batches {
		given := make(map[uint32]bool)
		var stop error // by each
		q.use = func(m *wire.Message) bool {
			sec, ok := m.Find(wire.Text)
			ok = ok && len(sec.Data) > 0 // a message of no octets is none
			if ok && stop == nil {
				given[m.UID] = true
				stop = each(newBody(m, sec, limit))
			}
			return ok
		}
		err := s.fetchEach(ctx, []imap.UIDSet{set}, q)
		if stop != nil {
			return stop
		}
		if err != nil && (!Refusal(err) || len(batches) == 1) {
			return err
		}
		if refusal == nil {
			refusal = err
		}
		came = came || err == nil
		for _, uid := range members(set) {
			if given[uid] {
				continue
			}
			if err := each(Body{UID: uid, Refused: err}); err != nil {
				return err
			}
		}
	}
	if !came {
		return refusal
	}
	return nil
}

func newBody(m *wire.Message, sec wire.Section, limit int64) Body {
	body := Body{UID: m.UID, InternalDate: m.Date, Data: sec.Data}
	if int64(len(body.Data)) > limit {
		body.Data, body.TooLarge = body.Data[:limit:limit], true
	}
	return body
}

// batches splits UIDs so that each batch has a bounded number of bytes, by the
// sizes that the server gives. Where it gives a wrong one, the bound holds all
// the same, and what did not fit is fetched singly.
func (s *Session) batches(ctx context.Context, uids []uint32, limit int64) ([]imap.UIDSet, error) {
	var batches []imap.UIDSet
	for _, set := range s.sets(uids) {
		wanted := members(set)
		if int64(len(wanted))*(limit+1) <= s.sizes.Bodies {
			batches = append(batches, set)
			continue
		}
		messages, err := s.fetchPieces(ctx, set, &imap.FetchOptions{UID: true, RFC822Size: true}, 0, 0, maxReply+int64(len(wanted))*fetchOverhead)
		if err != nil {
			return nil, err
		}
		sizes := make(map[uint32]int64, len(messages))
		for _, m := range messages {
			sizes[m.UID] = m.Size
		}
		batches = append(batches, s.splitBySize(wanted, sizes, limit)...)
	}
	return batches, nil
}

// splitBySize puts UIDs into sets of at most so many bytes as are held at once, or of
// one message. A size that is not known counts as the largest.
func (s *Session) splitBySize(uids []uint32, sizes map[uint32]int64, limit int64) []imap.UIDSet {
	var batches []imap.UIDSet
	var set imap.UIDSet
	var sum int64
	for _, uid := range uids {
		size, known := sizes[uid]
		if !known || size < 0 || size > limit {
			size = limit + 1
		}
		if len(set) > 0 && sum+size > s.sizes.Bodies {
			batches, set, sum = append(batches, set), nil, 0
		}
		set.AddNum(imap.UID(uid))
		sum += size
	}
	if len(set) > 0 {
		batches = append(batches, set)
	}
	return batches
}
