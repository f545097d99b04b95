package imapbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// fetchOverhead is what an answer to FETCH may have besides literals, for each
// message, with flags and unasked updates.
const fetchOverhead = 4 << 10

// A fetched message is one FETCH response that named its UID.
type fetched struct {
	uid      uint32
	size     int64 // -1 if not given
	flags    []string
	flagged  bool // FLAGS was given
	date     time.Time
	sections []section
	answered int // sections, with those of which it said that there is none
}

// A section is a literal, or what of it was wanted.
type section struct {
	part []int
	kind imap.PartSpecifier
	data []byte
	more bool // the literal was longer than data
}

// fetch sends UID FETCH and returns when the answer has been read to the end and
// closed with OK. It keeps at most limit bytes of each literal and at most total
// bytes of literals; a message whose literals no longer fit is left out. The
// answer as a whole may have up to budget bytes.
//
// Nothing is handed out while the answer is read: a command within that time
// would wait for ever. The messages that came whole before an error are returned with
// it.
func (s *Session) fetch(ctx context.Context, set imap.UIDSet, options *imap.FetchOptions, limit, total, budget int64) ([]*fetched, error) {
	if err := s.needFolder("fetch"); err != nil {
		return nil, err
	}
	var messages []*fetched
	err := s.run(ctx, "fetch", s.open.folder, budget, func() error {
		var fault error
		cmd := s.client.Fetch(set, options)
		for data := cmd.Next(); data != nil; data = cmd.Next() {
			m, err := s.collect(data, limit, &total)
			if err != nil && fault == nil {
				fault = err
			}
			if m != nil && err == nil {
				messages = append(messages, m)
			}
		}
		if err := cmd.Close(); err != nil {
			return err
		}
		return fault
	})
	return messages, err
}

// collect reads one response to its end. It returns nil for a message without a
// UID and for one that does not fit into total any more.
func (s *Session) collect(data *imapclient.FetchMessageData, limit int64, total *int64) (*fetched, error) {
	m := &fetched{size: -1}
	var fault error
	fits := true
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.uid = uint32(item.UID)
		case imapclient.FetchItemDataRFC822Size:
			m.size = item.Size
		case imapclient.FetchItemDataInternalDate:
			m.date = item.Time
		case imapclient.FetchItemDataFlags:
			m.flagged = true
			for _, flag := range item.Flags {
				m.flags = append(m.flags, string(flag))
			}
		case imapclient.FetchItemDataBodySection:
			m.answered++
			if item.Literal == nil {
				continue // NIL: there is no such part
			}
			if size := min(item.Literal.Size(), limit); !fits || size > *total {
				fits = false // Next reads on to the end of the literal
				continue
			}
			sec, err := readSection(item, limit)
			if err != nil {
				fault = err
				// The connection is over. Next reads the literal once more,
				// while the library's goroutine reads on behind it: let that
				// one end first.
				<-s.client.Closed()
			}
			*total -= int64(len(sec.data))
			m.sections = append(m.sections, sec)
		}
	}
	if m.uid == 0 || !fits {
		return nil, fault
	}
	return m, fault
}

// readSection copies a literal, up to limit bytes. A literal that ends early is
// an error, though the library's reader reports none.
func readSection(item imapclient.FetchItemDataBodySection, limit int64) (section, error) {
	announced := item.Literal.Size()
	sec := section{
		part: item.Section.Part,
		kind: item.Section.Specifier,
		data: make([]byte, min(announced, limit)),
		more: announced > limit,
	}
	n, err := io.ReadFull(item.Literal, sec.data)
	if err != nil {
		return section{}, fmt.Errorf("it announced %d bytes of a message and sent %d: %w", announced, n, err)
	}
	return sec, nil
}

// find returns the section of a kind and part, and whether it was there.
func (m *fetched) find(kind imap.PartSpecifier, part ...int) (section, bool) {
	for _, sec := range m.sections {
		if sec.kind == kind && slices.Equal(sec.part, part) {
			return sec, true
		}
	}
	return section{}, false
}

// fetchEach fetches UIDs in batches and calls use for every message that came;
// use decides whether it came complete. Those that did not come, or not complete,
// are asked for again in smaller batches, and at last one by one: go-imap takes
// the first response for a UID for the answer, even if it is only news about
// flags; some servers refuse a whole batch for one message, and some leave out
// of a large one what they would give of a small one. UIDs that are no longer in
// the folder are not asked for again.
func (s *Session) fetchEach(ctx context.Context, batches []imap.UIDSet, options *imap.FetchOptions, bounds fetchBounds, use func(*fetched) (complete bool)) error {
	for _, set := range batches {
		missing, err := s.fetchBatch(ctx, set, options, bounds, use)
		if err != nil && (!refused(err) || len(missing) < 2) {
			return err
		}
		if len(missing) == 0 {
			continue
		}
		if err := s.fetchAgain(ctx, missing, err, options, bounds, use); err != nil {
			return err
		}
	}
	return nil
}

// fewUIDs is how many messages a batch has that is asked for because a larger
// one came incomplete.
const fewUIDs = 20

// fetchAgain asks for what a batch left out, a few messages at a time, and for
// what is missing then one by one. It passes over single messages that the server
// refuses. If the batch was refused for the reason refusal, and so is each of its
// messages, that is the server's fault and not a message's.
func (s *Session) fetchAgain(ctx context.Context, uids []uint32, refusal error, options *imap.FetchOptions, bounds fetchBounds, use func(*fetched) bool) error {
	exist, err := s.existing(ctx, uids)
	if err != nil || len(exist) == 0 {
		return err
	}
	missing := slices.DeleteFunc(uids, func(uid uint32) bool { return !exist[uid] })
	answered := 0
	for _, size := range []int{fewUIDs, 1} {
		if len(missing) <= size && size > 1 {
			continue
		}
		asked := missing
		missing = nil
		for few := range slices.Chunk(asked, size) {
			left, err := s.fetchBatch(ctx, sets(few)[0], options, bounds, use)
			if err != nil && !refused(err) {
				return err
			}
			if err == nil {
				answered++
			}
			missing = append(missing, left...)
		}
	}
	if answered == 0 {
		return refusal
	}
	return nil
}

// refused tells a NO that may be about one message from one that is about the
// server's state.
func refused(err error) bool {
	var reply *Reply
	return errors.As(err, &reply) && reply.Status == "NO" && !Throttled(err) && reply.Code != "UNAVAILABLE" && reply.Code != "INUSE"
}

// fetchBounds bound one FETCH: literal bytes kept for each section, and for
// all together.
type fetchBounds struct {
	literal, total int64
	sections       int64 // literals a message
}

// fetchBatch fetches one set and returns which of it did not come complete. Where the
// connection broke, what came whole before is used all the same: a line that lets some
// bytes through at a time would else never get anything across.
func (s *Session) fetchBatch(ctx context.Context, set imap.UIDSet, options *imap.FetchOptions, bounds fetchBounds, use func(*fetched) bool) (missing []uint32, err error) {
	wanted := members(set)
	budget := maxReply + int64(len(wanted))*(bounds.sections*bounds.literal+fetchOverhead)
	messages, err := s.fetch(ctx, set, options, bounds.literal, bounds.total, budget)
	if step := (*StepError)(nil); errors.As(err, &step) {
		step.UIDs, step.Stuck = slices.Clone(wanted), stuckAt(wanted, messages, len(options.BodySection))
		messages = slices.DeleteFunc(messages, func(m *fetched) bool { return !s.Broken() || !m.whole(len(options.BodySection)) })
	} else if err != nil {
		return wanted, err
	}
	complete := make(map[uint32]bool, len(messages))
	for _, m := range messages {
		if set.Contains(imap.UID(m.uid)) && !complete[m.uid] && use(m) {
			complete[m.uid] = true
		}
	}
	return slices.DeleteFunc(wanted, func(uid uint32) bool { return complete[uid] }), err
}

// whole reports whether so many sections of the message came, each to its end: it is
// sound whatever became of the connection after it.
func (m *fetched) whole(sections int) bool {
	return m.answered >= sections && !slices.ContainsFunc(m.sections, func(sec section) bool { return sec.more })
}

// stuckAt returns the first of the UIDs wanted that has not come with so many
// sections, or words that there is none; 0 if all have.
func stuckAt(wanted []uint32, messages []*fetched, sections int) uint32 {
	came := make(map[uint32]bool, len(messages))
	for _, m := range messages {
		if m.answered >= sections {
			came[m.uid] = true
		}
	}
	for _, uid := range wanted {
		if !came[uid] {
			return uid
		}
	}
	return 0
}
