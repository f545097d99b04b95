package imapbox

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// fetchOverhead is what an answer to FETCH may have besides literals, for each
// message, with flags and unasked updates.
const fetchOverhead = 4 << 10

// fetch sends UID FETCH and returns when the answer has been read to the end and
// closed with OK. It keeps at most limit bytes of each section and at most total
// bytes of sections; a message whose sections no longer fit is left out. The answer
// as a whole may have up to budget bytes.
//
// go-imap gets to see the end of the answer alone: it takes the first response for
// a UID for the answer, does not find a UID behind a literal, and gives the
// connection up at an item that it does not know. A message whose line cannot be read
// is left out, and [Session.Unread] tells why; where that is so of several, and none
// was ever read, it is an error.
//
// What came before an error is returned with it, and is not to be trusted: it only
// tells how far the server came.
func (s *Session) fetch(ctx context.Context, set imap.UIDSet, options *imap.FetchOptions, limit, total, budget int64) ([]*fetched, error) {
	if err := s.needFolder("fetch"); err != nil {
		return nil, err
	}
	answer := newAnswer(set, len(options.BodySection), limit, total)
	s.wire.gather(answer)
	err := s.run(ctx, "fetch", s.open.folder, budget, func() error { return s.client.Fetch(set, options).Close() })
	s.wire.gather(nil)
	messages, faults := answer.result()
	s.unread.note(s.open.folder, messages, faults)
	if len(messages) > 0 {
		s.readSome = true
	}
	if err == nil && !s.readSome && len(faults) > 1 {
		err = s.stepError("fetch", s.open.folder, faults[slices.Min(slices.Collect(maps.Keys(faults)))])
	}
	return messages, err
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

// fetchBatch fetches one set and returns which of it did not come complete; all
// of it on error.
func (s *Session) fetchBatch(ctx context.Context, set imap.UIDSet, options *imap.FetchOptions, bounds fetchBounds, use func(*fetched) bool) (missing []uint32, err error) {
	wanted := members(set)
	budget := maxReply + int64(len(wanted))*(bounds.sections*bounds.literal+fetchOverhead)
	messages, err := s.fetch(ctx, set, options, bounds.literal, bounds.total, budget)
	if err != nil {
		// Where the connection holds and no line could be read, it is not about one of
		// the messages.
		line, step := (*LineError)(nil), (*StepError)(nil)
		if errors.As(err, &step) && (s.Broken() || !errors.As(err, &line)) {
			step.UIDs, step.Stuck = wanted, stuckAt(wanted, messages, len(options.BodySection))
		}
		return wanted, err
	}
	complete := make(map[uint32]bool, len(messages))
	for _, m := range messages {
		if set.Contains(imap.UID(m.uid)) && !complete[m.uid] && use(m) {
			complete[m.uid] = true
		}
	}
	return slices.DeleteFunc(wanted, func(uid uint32) bool { return complete[uid] }), nil
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
