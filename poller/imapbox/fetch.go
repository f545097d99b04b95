package imapbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tlsbrief/poller/imapbox/wire"

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
// is left out, and [Session.Unread] returns why. Where that is so of several, and none was ever
// read, it is an error.
//
// What came before an error is returned with it.
func (s *Session) fetch(ctx context.Context, set imap.UIDSet, options *imap.FetchOptions, limit, total, budget int64) ([]*wire.Message, error) {
	if err := s.needFolder("fetch"); err != nil {
		return nil, err
	}
	answer := wire.NewAnswer(func(uid uint32) bool { return set.Contains(imap.UID(uid)) }, len(options.BodySection), limit, total)
	s.conn.Collect(answer)
	err := s.run(ctx, "fetch", s.open.folder, budget, func() error { return s.client.Fetch(set, options).Close() })
	s.conn.Collect(nil)
	messages, faults := answer.Result()
	s.unread.note(s.open.folder, messages, faults)
	if len(messages) > 0 {
		s.readSome = true
	}
	if err == nil && !s.readSome && len(faults) > 1 {
		err = s.stepError("fetch", s.open.folder, faults[slices.Min(slices.Collect(maps.Keys(faults)))])
	}
	return messages, err
}

// fetchPieces is fetch, and where the server answers for a part of the messages at a
// time (RFC 9738), it asks for the rest as long as more come. It returns what came
// with an error, too.
func (s *Session) fetchPieces(ctx context.Context, set imap.UIDSet, options *imap.FetchOptions, limit, total, budget int64) ([]*wire.Message, error) {
	var all []*wire.Message
	todo := []imap.UIDSet{set}
	for pieces := 0; len(todo) > 0; pieces++ {
		piece := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if pieces == maxPieces {
			return all, s.stepError("fetch", s.open.folder, fmt.Errorf("%w: not after %d questions", ErrPartial, pieces))
		}
		messages, err := s.fetch(ctx, piece, options, limit, total, budget)
		all = append(all, messages...)
		if err != nil {
			return all, err
		}
		if _, partial := s.conn.Cut(); !partial {
			continue
		}
		lowest, highest := ^uint32(0), uint32(0)
		for _, m := range messages {
			lowest, highest = min(lowest, m.UID), max(highest, m.UID)
			for _, sec := range m.Sections {
				total -= int64(len(sec.Data))
			}
		}
		switch one := len(piece) == 1 && piece[0].Start == piece[0].Stop; {
		case highest > 0:
			todo = append(todo, nonEmpty(clip(piece, 1, lowest-1), clip(piece, min(highest, ^uint32(0)-1)+1, ^uint32(0)))...)
		case one:
			return all, s.stepError("fetch", s.open.folder, fmt.Errorf("%w: of the message with UID %d", ErrPartial, piece[0].Start))
		default:
			todo = append(todo, beyond(piece, 0, nil)...)
		}
	}
	return all, nil
}

// A fetchRequest is what messages are asked for.
type fetchRequest struct {
	// forms are the ways to ask, the best one first; which of them a server takes,
	// a session remembers by topic.
	topic  string
	forms  []*imap.FetchOptions
	bounds fetchBounds
	use    func(*wire.Message) (complete bool)
}

// A requestForm is how a session asks for something.
type requestForm struct {
	number int
	proven bool // the server has answered to it, or to none
}

// options returns the form of the request in this session.
func (s *Session) options(q *fetchRequest) *imap.FetchOptions {
	return q.forms[s.traits.forms[q.topic].number]
}

// fetchEach fetches UIDs in batches and has use called for every message that came;
// use decides whether it came complete. Those that did not come, or not complete,
// are asked for again in smaller batches, and at last one by one: some servers refuse
// a whole batch for one message, and some leave out of a large one what they would
// give of a small one. UIDs that are no longer in the folder are not asked for again.
func (s *Session) fetchEach(ctx context.Context, batches []imap.UIDSet, q *fetchRequest) error {
	for len(batches) > 0 {
		set := batches[0]
		missing, err := s.fetchBatch(ctx, set, q)
		if Refusal(err) {
			other, formErr := s.otherForm(ctx, missing, q)
			if formErr != nil {
				return formErr
			}
			if other {
				continue // the same batch once more
			}
		}
		if err != nil && (!Refusal(err) || len(missing) < 2) {
			return err
		}
		if batches = batches[1:]; len(missing) == 0 {
			continue
		}
		if err := s.fetchAgain(ctx, missing, err, q); err != nil {
			return err
		}
	}
	return nil
}

// otherForm looks for a way to ask that the server does not refuse, and reports
// whether it is another one than before. A refusal may be about a message: only two
// of them, each asked for alone, show that it is about the request, and only as long
// as the server has answered to none.
func (s *Session) otherForm(ctx context.Context, uids []uint32, q *fetchRequest) (other bool, err error) {
	before := s.traits.forms[q.topic]
	if before.proven || len(q.forms) == 1 || len(uids) == 0 {
		return false, nil
	}
	for _, uid := range slices.Compact([]uint32{uids[0], uids[len(uids)-1]}) {
		for number := range q.forms {
			s.traits.forms[q.topic] = requestForm{number: number}
			_, err := s.fetchBatch(ctx, sets([]uint32{uid}, 1)[0], &fetchRequest{topic: q.topic, forms: q.forms, bounds: q.bounds, use: func(*wire.Message) bool { return false }})
			if err == nil {
				return number != before.number, nil
			}
			if !Refusal(err) {
				return false, err
			}
		}
	}
	s.traits.forms[q.topic] = before
	return false, nil
}

// fetchAgain asks for what a batch left out, a few messages at a time, and for
// what is missing then one by one. It passes over single messages that the server
// refuses. If the batch was refused for the reason refusal, and so is each of its
// messages, that is the server's fault and not a message's.
func (s *Session) fetchAgain(ctx context.Context, uids []uint32, refusal error, q *fetchRequest) error {
	exist, err := s.existing(ctx, uids)
	if err != nil || len(exist) == 0 {
		return err
	}
	missing := slices.DeleteFunc(uids, func(uid uint32) bool { return !exist[uid] })
	answered := 0
	for _, size := range []int{s.sizes.Few, 1} {
		if len(missing) <= size && size > 1 {
			continue
		}
		asked := missing
		missing = nil
		for few := range slices.Chunk(asked, size) {
			for _, set := range s.sets(few) {
				left, err := s.fetchBatch(ctx, set, q)
				if err != nil && !Refusal(err) {
					return err
				}
				if err == nil {
					answered++
				}
				missing = append(missing, left...)
			}
		}
	}
	if answered == 0 {
		return refusal
	}
	return nil
}

// Refusal reports whether the server refused what it was asked for, by NO or BAD,
// for a reason that may lie in one of the messages: the connection holds, and the
// others can be asked for. Some servers answer BAD where they cannot read a message.
func Refusal(err error) bool {
	var reply *Reply
	switch {
	case !errors.As(err, &reply) || reply.Status != "NO" && reply.Status != "BAD":
		return false
	case reply.Code == "UNAVAILABLE", reply.Code == "INUSE":
		return false
	}
	return !Throttled(err) && !isNotConnected(reply)
}

// fetchBounds bound one FETCH: literal bytes kept for each section, and for
// all together.
type fetchBounds struct {
	literal, total int64
	sections       int64 // literals a message
}

// unbounded is how many times the bytes that are kept of a literal a server may send
// that is not asked for a part of it.
const unbounded = 4

// fetchBatch fetches one set and returns which of it did not come complete. Where the
// connection broke, what came whole before is used all the same: a line that lets some
// bytes through at a time would else never get anything across.
func (s *Session) fetchBatch(ctx context.Context, set imap.UIDSet, q *fetchRequest) (missing []uint32, err error) {
	wanted := members(set)
	options := s.options(q)
	literal := q.bounds.literal
	if options.BodySection[0].Partial == nil {
		literal *= unbounded
	}
	budget := maxReply + int64(len(wanted))*(q.bounds.sections*literal+fetchOverhead)
	messages, err := s.fetchPieces(ctx, set, options, q.bounds.literal, q.bounds.total, budget)
	if err != nil {
		err = s.withUIDs(err, wanted, messages, len(options.BodySection))
		if !s.Broken() {
			return wanted, err
		}
		messages = slices.DeleteFunc(messages, func(m *wire.Message) bool { return !m.Complete(len(options.BodySection)) })
	}
	s.traits.forms[q.topic] = requestForm{s.traits.forms[q.topic].number, true}
	complete := make(map[uint32]bool, len(messages))
	for _, m := range messages {
		if set.Contains(imap.UID(m.UID)) && !complete[m.UID] && q.use(m) {
			complete[m.UID] = true
		}
	}
	return slices.DeleteFunc(wanted, func(uid uint32) bool { return complete[uid] }), err
}

// withUIDs adds to an error which messages were asked for, and which of them has not
// come with so many sections.
func (s *Session) withUIDs(err error, wanted []uint32, messages []*wire.Message, sections int) error {
	// Where the answer came to its end and no line of it could be read, it is not
	// about one of the messages.
	line, step := (*LineError)(nil), (*StepError)(nil)
	if errors.As(err, &step) && (s.Broken() || !errors.As(err, &line)) {
		step.UIDs, step.Stuck = slices.Clone(wanted), stuckAt(wanted, messages, sections)
	}
	return err
}

// stuckAt returns the first of the UIDs wanted that has not come with so many
// sections, or words that there is none; 0 if all have.
func stuckAt(wanted []uint32, messages []*wire.Message, sections int) uint32 {
	came := make(map[uint32]bool, len(messages))
	for _, m := range messages {
		if m.Answered >= sections {
			came[m.UID] = true
		}
	}
	for _, uid := range wanted {
		if !came[uid] {
			return uid
		}
	}
	return 0
}

// maxUnread bounds how many messages it is remembered of why they were not read.
const maxUnread = 10_000

// unread has why messages of one folder could not be read.
type unread struct {
	folder string
	why    map[uint32]error
}

// note takes the result of a FETCH.
func (u *unread) note(folder string, read []*wire.Message, faults map[uint32]error) {
	if u.why == nil || u.folder != folder {
		*u = unread{folder: folder, why: map[uint32]error{}}
	}
	for _, m := range read {
		delete(u.why, m.UID)
	}
	for uid, fault := range faults {
		if len(u.why) < maxUnread {
			u.why[uid] = fault
		}
	}
}

// Unread returns why the last answer about a message of the open folder could not be
// read, as a *[LineError]; nil if it could, or if the server gave none. Such a message
// is missing in what the other methods return: those beside it were read.
func (s *Session) Unread(uid uint32) error {
	if s.unread.folder != s.open.folder {
		return nil
	}
	return s.unread.why[uid]
}
