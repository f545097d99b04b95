package poller

import (
	"context"
	"slices"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"

	"golang.org/x/sync/semaphore"
)

// A scan is the walk over messages of one folder, which records the reports among them.
type scan struct {
	conn   *connection
	access *access
	intake *intake
	line   *pipeline
	bounds Bounds
	counts *ingest.Counts

	recovered func(func() error) error

	uids        []uint32 // what is scanned, ascending, unless ranged
	ranged      bool     // all UIDs in [from, below) are scanned instead
	from, below uint32
	end         *report.Cursor // where the cursor moves at the end; nil: nowhere

	advance       bool      // the cursor moves with each batch, and not only at the end
	since, before time.Time // where set: by INTERNALDATE, since inclusive, before exclusive

	begun bool   // messages have been looked at
	upTo  uint32 // the last UID that was considered
	batch batch  // that is being filled
}

func (f *folder) newScan(via report.Via, st imapbox.Status, mark bool) *scan {
	o := &f.mailbox.p.o
	a := f.access(via, st.UIDValidity, mark)
	in := &intake{access: a, bounds: o.Bounds, memory: semaphore.NewWeighted(o.Bounds.BodyBytes)}
	in.line = &pipeline{fetch: in.fetch, read: in.read, record: in.record}
	return &scan{
		conn: f.conn, access: a, intake: in, line: in.line, bounds: o.Bounds, counts: f.counts,
		recovered: o.Ingest.Recovered, below: st.UIDNext,
	}
}

// run looks at the messages while those that it has sent on are read and recorded. It
// returns when all of that has come to an end.
func (s *scan) run(ctx context.Context) (err error) {
	if err := s.access.inHand.load(ctx); err != nil {
		return err
	}
	outer, walked, done := ctx, false, false
	defer func() { s.access.inHand.letGo(outer, done) }()
	s.intake.advance = s.advance
	ctx = s.line.start(ctx, s.recovered)
	s.access.fetcher.canary.drain = s.line.drain
	defer func() {
		if partErr := s.line.finish(); partErr != nil {
			err = partErr
		}
		s.count()
		done = walked && err == nil
	}()
	for more := true; more; {
		var uids []uint32
		reached := s.end
		if uids, more, err = s.next(ctx); err != nil {
			return err
		}
		if more {
			reached = nil
			if s.advance {
				reached = &report.Cursor{UIDValidity: s.access.fetcher.validity, LastUID: s.from - 1}
			}
		}
		uids = slices.DeleteFunc(uids, s.access.inHand.skips)
		if len(uids) == 0 && reached != nil {
			if err := s.line.send(ctx, &batch{cursor: reached}); err != nil {
				return err
			}
		}
		for len(uids) > 0 {
			n := min(len(uids), s.bounds.Headers)
			if !s.begun {
				s.begun, n = true, min(n, s.bounds.FirstHeaders)
			}
			end, last := reached, n == len(uids)
			if !last {
				end = nil
			}
			if err := s.look(ctx, uids[:n], last, end); err != nil {
				return err
			}
			uids = uids[n:]
		}
	}
	walked = true
	return nil
}

// next returns the next UIDs to look at; more says that others lie behind them.
func (s *scan) next(ctx context.Context) (uids []uint32, more bool, err error) {
	if !s.ranged {
		return s.uids, false, nil
	}
	if s.from >= s.below {
		return nil, false, nil
	}
	uids, err = s.conn.session.Range(ctx, s.from, s.below, s.bounds.Range)
	if err != nil || len(uids) < s.bounds.Range {
		return uids, false, err
	}
	s.from = uids[len(uids)-1] + 1
	return uids, true, nil
}

// count adds up what became of the messages.
func (s *scan) count() {
	in := s.intake
	s.counts.Examined -= in.unread
	s.counts.Ignored += in.ignored
	s.counts.Recorded += in.recorded.Recorded
	s.counts.Duplicate += in.recorded.Duplicate
	s.counts.Rejected += in.recorded.Rejected
}

// look looks at up to Bounds.Headers messages. With the last of them the cursor moves
// to end, if that is set. Where the server stops giving messages, those that it gave are
// dealt with, and the cursor does not pass the others.
func (s *scan) look(ctx context.Context, uids []uint32, last bool, end *report.Cursor) error {
	full := len(uids) == s.bounds.Headers && !last
	found := s.access.fetcher.headers(ctx, uids)
	stop, rest := found.err, found.rest
	s.access.fetcher.canary.claims = claims(found.headers)
	parts, partsRest, err := s.access.classifier.outerParts(ctx, found.headers, s.wanted)
	if err != nil {
		stop, rest = err, slices.Sorted(slices.Values(slices.Concat(rest, partsRest)))
	}
	for _, uid := range uids {
		if _, unknown := slices.BinarySearch(rest, uid); unknown {
			continue
		}
		h, known := found.headers[uid]
		h.UID = uid
		c, ok, err := s.consider(ctx, candidate{header: h, lost: found.lost[uid]}, known, parts[uid])
		if err != nil {
			stop = err
			break
		}
		// One that a process had in hand when it died gets a batch of its own.
		suspect := s.intake.asksFor(c) && s.access.inHand.suspects.Contains(uid)
		if ok && (suspect || !s.batch.holds(s.intake.sizeOf(c), s.bounds)) {
			// The message itself is in the next batch, and its UID not behind
			// the cursor yet. The batch may be of earlier messages.
			if err := s.send(ctx, nil); err != nil {
				return err
			}
		}
		if ok {
			s.batch.add(c, s.intake.sizeOf(c))
		}
		if ok && suspect {
			if err := s.sendAlone(ctx); err != nil {
				return err
			}
		}
		if len(rest) == 0 || uid < rest[0] {
			s.upTo = uid
		}
		s.batch.looked++
	}
	switch {
	case stop != nil:
		if err := s.send(ctx, nil); err != nil {
			return err
		}
		return stop
	case full:
		return nil // the next messages go into the same batch: each costs a round trip
	}
	return s.send(ctx, end)
}

// sendAlone sends the batch that is being filled on, and waits until it is recorded.
func (s *scan) sendAlone(ctx context.Context) error {
	if err := s.send(ctx, nil); err != nil {
		return err
	}
	return s.line.drain(ctx)
}

// send sends the batch that is being filled on, with the cursor end, or else one
// that says how far the folder was looked at.
func (s *scan) send(ctx context.Context, end *report.Cursor) error {
	b := s.batch
	s.batch = batch{}
	if b.cursor = end; end == nil && s.advance && s.upTo > 0 {
		b.cursor = &report.Cursor{UIDValidity: s.access.fetcher.validity, LastUID: s.upTo}
	}
	return s.line.send(ctx, &b)
}

// consider decides whether a message is to be fetched, and counts it. known says
// that its header is.
func (s *scan) consider(ctx context.Context, c candidate, known bool, parts partIndex) (_ candidate, ok bool, err error) {
	switch {
	case c.lost != nil:
		s.counts.Examined++
		return c, true, nil
	case !known, !s.wanted(c.header):
		return c, false, nil // deleted since it was listed, or of another time
	}
	if c, err = s.access.classifier.candidate(ctx, c.header, parts); err != nil {
		return c, false, err
	}
	s.counts.Examined++
	if c.fetch && s.access.inHand.deadly(c.header.UID) {
		c.lost = errDeadly
	}
	ok = c.fetch || c.lost != nil
	if tooLarge := c.header.Size > s.access.read.most(); tooLarge && !c.claimed && c.lost == nil {
		ok = false // nothing says that it is a report: it is not to be named as one
	}
	if !ok {
		s.counts.Ignored++
	}
	return c, ok, nil
}

// wanted reports whether a message is of the time that is asked for. One without a
// date may be.
func (s *scan) wanted(h imapbox.Header) bool {
	return h.InternalDate.IsZero() || (s.since.IsZero() || !h.InternalDate.Before(s.since)) && (s.before.IsZero() || h.InternalDate.Before(s.before))
}
