package poller

import (
	"context"
	"slices"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"

	"golang.org/x/sync/semaphore"
)

// An intake does the parts of a pipeline on batches of one folder. What is held is bounded
// whatever the folder holds: a batch is asked for only when there is room for its bodies,
// and they are dropped once they have been read.
type intake struct {
	access  *access
	bounds  Bounds
	advance bool // a batch that is cut short has a cursor all the same
	memory  *semaphore.Weighted
	line    *pipeline
	done    func(int64) // where set: called with how many messages were looked at

	unread   int64         // by fetch: messages of which nothing is known
	ignored  int64         // by read
	recorded ingest.Counts // by record
}

// asksFor reports whether the body of a candidate is asked for.
func (in *intake) asksFor(c candidate) bool {
	return c.lost == nil && c.header.Size <= in.access.read.most()
}

// sizeOf returns how many bytes of a candidate's body come, by what the server says.
func (in *intake) sizeOf(c candidate) int64 {
	if !in.asksFor(c) {
		return 0
	}
	return max(c.header.Size, 0)
}

// fetch gets the bodies of a batch, when there is room for them. Where the server stops
// giving them, the batch keeps what came, and says nothing of the messages that did not;
// known is false where nothing came.
func (in *intake) fetch(ctx context.Context, b *batch) (known bool, err error) {
	var headers []imapbox.Header
	byUID := map[uint32]candidate{}
	for _, c := range b.candidates {
		if !in.asksFor(c) {
			continue
		}
		byUID[c.header.UID] = c
		headers = append(headers, c.header)
		size := c.header.Size
		if size < 0 {
			size = in.access.read.most() // the server did not say
		}
		b.reserved = min(b.reserved+size, in.bounds.BodyBytes)
	}
	if len(headers) == 0 {
		return true, nil
	}
	if err := in.memory.Acquire(ctx, b.reserved); err != nil {
		return false, context.Cause(ctx)
	}
	uids := report.UIDRange{First: headers[0].UID, Last: headers[len(headers)-1].UID}
	if b.inHand, err = in.access.inHand.take(ctx, uids); err != nil {
		return false, err
	}
	held := int64(0)
	rest, err := in.access.fetcher.bodies(in.access.read.most(), func(body imapbox.Body, refused error) error {
		b.bodies = append(b.bodies, fetchedBody{byUID[body.UID], body, refused})
		if held += int64(len(body.Data)); held <= in.bounds.BodyBytes {
			return nil
		}
		// The server gave no sizes, or wrong ones: there never is room for so much.
		part := &batch{bodies: b.bodies}
		b.bodies, held = nil, 0
		return in.line.sendPart(ctx, part)
	}).run(ctx, headers)
	if err == nil || len(rest) == 0 {
		return err == nil, err
	}
	in.cut(b, rest)
	return true, err
}

// cut takes the messages of which nothing is known out of a batch, and its cursor before
// them.
func (in *intake) cut(b *batch, rest []uint32) {
	asked := len(b.candidates)
	b.candidates = slices.DeleteFunc(b.candidates, func(c candidate) bool { return slices.Contains(rest, c.header.UID) })
	in.unread += int64(asked - len(b.candidates))
	if b.cursor != nil && in.advance {
		b.cursor = &report.Cursor{UIDValidity: b.cursor.UIDValidity, LastUID: min(b.cursor.LastUID, rest[0]-1)}
	} else {
		b.cursor = nil
	}
}

// read reads the messages of a batch, and passes on what is to be recorded of it.
func (in *intake) read(ctx context.Context, b *batch) error {
	folder := in.access.read.folder
	r := &recordBatch{batch: report.Batch{Mailbox: folder.Mailbox, Folder: folder.Folder, Via: in.access.inHand.via}, looked: b.looked, reached: b.reached}
	for _, c := range b.candidates {
		switch {
		case c.lost != nil:
			r.batch.Messages = append(r.batch.Messages, *in.access.read.pending(c, c.lost))
		case c.header.Size > in.access.read.most():
			r.batch.Messages = append(r.batch.Messages, *in.access.read.tooLarge(c))
		}
	}
	r.batch.InHand = b.inHand
	held := int64(0)
	var drafts []*ingest.Draft
	for i := range b.bodies {
		fetched := &b.bodies[i]
		d, err := in.access.read.draft(fetched.candidate, fetched.body, fetched.refused)
		fetched.body.Data = nil
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		drafts = append(drafts, d)
		// Reports are far larger than the mails that bring them can be: before they
		// fill the memory they are recorded, with the cursor to follow.
		if held += d.Bytes(); held >= in.bounds.HeldBytes || len(r.batch.Messages)+len(drafts) >= in.bounds.RecordMessages {
			if err := in.authenticate(ctx, r, drafts); err != nil {
				return err
			}
			part := &recordBatch{batch: r.batch}
			part.batch.InHand = 0 // not all of it is read
			r.batch.Messages = nil
			if err := in.line.pass(ctx, part, held >= in.bounds.HeldBytes); err != nil {
				return err
			}
			drafts, held = nil, 0
		}
	}
	if err := in.authenticate(ctx, r, drafts); err != nil {
		return err
	}
	in.memory.Release(b.reserved)
	r.batch.Cursor = b.cursor
	return in.line.pass(ctx, r, false)
}

// authenticate authenticates drafts together and adds them to what is to be recorded, in
// their order.
func (in *intake) authenticate(ctx context.Context, r *recordBatch, drafts []*ingest.Draft) error {
	messages, err := in.access.read.ingest.Authenticate(ctx, in.access.read.lookups, drafts)
	if ctx.Err() != nil {
		// Told to stop while DNS was asked: "unknown" would not be its answer.
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m == nil {
			in.ignored++
			continue
		}
		r.batch.Messages = append(r.batch.Messages, *m)
	}
	return nil
}

// record records what was read, and the cursor.
func (in *intake) record(ctx context.Context, r *recordBatch) error {
	if r.batch.Cursor != nil || len(r.batch.Messages) > 0 || r.batch.InHand != 0 {
		if err := in.access.read.ingest.Record(ctx, &in.recorded, r.batch); err != nil {
			return err
		}
	}
	if in.done != nil && r.looked > 0 {
		in.done(r.looked)
	}
	if r.reached != nil {
		close(r.reached)
	}
	return nil
}
