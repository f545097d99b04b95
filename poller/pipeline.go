package poller

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/semaphore"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/poller/imapbox"
)

// A pipeline does the three parts of an examination side by side: messages are
// fetched in parcels, read and authenticated, and recorded, each part in the order
// of the folder. A parcel's cursor is recorded together with what was in it, and so
// after all that lies before it. What one part fails at stops the others; what was
// read by then is recorded.
//
// What is held is bounded whatever the folder holds: a parcel is asked for only when
// there is room for its bodies, and they are dropped once they have been read.
type pipeline struct {
	*examination
	room    *semaphore.Weighted
	parcels chan *parcel
	read    chan *reading

	ignored  int64         // by the second part
	recorded ingest.Counts // by the third
}

// A reading is what is to be recorded at a time.
type reading struct {
	report.Batch
	looked  int64
	reached chan struct{} // closed once it is recorded
}

// pipelined looks at messages while those that it has sent on are read and
// recorded. It returns when all of that has come to an end.
func (e *examination) pipelined(ctx context.Context, look func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l := &pipeline{
		examination: e, room: semaphore.NewWeighted(e.p.o.Bounds.BodyBytes),
		parcels: make(chan *parcel, 1), read: make(chan *reading, 1),
	}
	e.line = l
	if err := e.prepare(ctx); err != nil {
		return err
	}
	done := false
	defer func() { e.letGo(ctx, done) }()
	var stages sync.WaitGroup
	var readErr, recordErr error
	finish := func() {
		stages.Wait()
		e.line = nil
		e.counts.Ignored += l.ignored
		e.counts.Recorded += l.recorded.Recorded
		e.counts.Duplicate += l.recorded.Duplicate
		e.counts.Rejected += l.recorded.Rejected
	}
	stages.Go(func() {
		defer close(l.read)
		readErr = e.p.o.Ingest.Recovered(func() error { return each(l.parcels, func(p *parcel) error { return l.open(ctx, p) }) })
		if readErr != nil {
			stop(readErr)
		}
		for range l.parcels { // nobody is to wait for what will not be read
		}
	})
	stages.Go(func() {
		recordErr = e.p.o.Ingest.Recovered(func() error { return each(l.read, func(r *reading) error { return l.keep(ctx, r) }) })
		if recordErr != nil {
			stop(recordErr)
		}
		for range l.read {
		}
	})
	lookErr := func() error {
		defer finish()
		defer close(l.parcels)
		return look(ctx)
	}()
	done = lookErr == nil && readErr == nil && recordErr == nil
	switch {
	case recordErr != nil:
		return recordErr
	case readErr != nil:
		return readErr
	}
	return lookErr
}

// each calls f for everything that comes, until it fails.
func each[T any](from <-chan T, f func(T) error) error {
	for x := range from {
		if err := f(x); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until everything that was sent is recorded.
func (l *pipeline) settle(ctx context.Context) error {
	p := &parcel{reached: make(chan struct{})}
	if err := put(ctx, l.parcels, p); err != nil {
		return err
	}
	return await(ctx, p.reached)
}

func put[T any](ctx context.Context, into chan<- T, x T) error {
	select {
	case into <- x:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func await(ctx context.Context, reached <-chan struct{}) error {
	select {
	case <-reached:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// open reads what is in a parcel, and sends on what is to be recorded of it.
func (l *pipeline) open(ctx context.Context, p *parcel) error {
	r := &reading{Batch: report.Batch{Mailbox: l.box.Name, Folder: l.name, Via: l.via}, looked: p.looked, reached: p.reached}
	limit := l.p.maxMessage()
	for _, c := range p.candidates {
		switch {
		case c.lost != nil:
			r.Messages = append(r.Messages, *l.pending(c, c.lost))
		case c.header.Size > limit:
			r.Messages = append(r.Messages, *l.tooLarge(c))
		}
	}
	r.InHand = p.inHand
	held, bounds := int64(0), l.p.o.Bounds
	var drafts []*ingest.Draft
	for i := range p.bodies {
		g := &p.bodies[i]
		d, err := l.draft(g.candidate, g.body, g.refused)
		g.body.Data = nil
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		drafts = append(drafts, d)
		// Reports are far larger than the mails that bring them can be: before they
		// fill the memory they are recorded, with the cursor to follow.
		if held += d.Bytes(); held >= bounds.HeldBytes || len(r.Messages)+len(drafts) >= bounds.RecordMessages {
			if err := l.authenticate(ctx, r, drafts); err != nil {
				return err
			}
			if err := l.keepFirst(ctx, r, held >= bounds.HeldBytes); err != nil {
				return err
			}
			drafts, held = nil, 0
		}
	}
	if err := l.authenticate(ctx, r, drafts); err != nil {
		return err
	}
	l.room.Release(p.size)
	r.Cursor = p.cursor
	return put(ctx, l.read, r)
}

// authenticate judges drafts together and adds them to what is to be recorded, in
// their order.
func (l *pipeline) authenticate(ctx context.Context, r *reading, drafts []*ingest.Draft) error {
	messages, err := l.p.o.Ingest.Judge(ctx, l.keys, drafts)
	if ctx.Err() != nil {
		// Told to stop while DNS was asked: "unknown" would not be its answer.
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m == nil {
			l.ignored++
			continue
		}
		r.Messages = append(r.Messages, *m)
	}
	return nil
}

// keepFirst has what was read so far recorded, and waits for that if it is much.
func (l *pipeline) keepFirst(ctx context.Context, r *reading, much bool) error {
	part := &reading{Batch: r.Batch}
	part.InHand = 0 // not all of it is read
	if much {
		part.reached = make(chan struct{})
	}
	r.Messages = nil
	if err := put(ctx, l.read, part); err != nil || !much {
		return err
	}
	return await(ctx, part.reached)
}

// keep records what was read, and the cursor.
func (l *pipeline) keep(ctx context.Context, r *reading) error {
	if r.Cursor != nil || len(r.Messages) > 0 || r.InHand != 0 {
		if err := l.p.o.Ingest.Record(ctx, &l.recorded, r.Batch); err != nil {
			return err
		}
	}
	if l.done != nil && r.looked > 0 {
		l.done(r.looked)
	}
	if r.reached != nil {
		close(r.reached)
	}
	return nil
}

// draft reads one candidate's body, as far as that goes without DNS.
func (e *examination) draft(c candidate, b imapbox.Body, refused error) (*ingest.Draft, error) {
	switch {
	case errors.Is(refused, errGone):
		return &ingest.Draft{}, nil // a colleague deleted it
	case refused != nil:
		return ingest.Decided(*e.pending(c, refused)), nil
	case b.TooLarge:
		return ingest.Decided(*e.tooLarge(c)), nil
	}
	d, err := e.reader.Read(b.Data, ingest.Origin{Place: e.place(c.header.UID), Received: received(c.header), Certain: c.likelihood == tlsrpt.Certain})
	if err != nil {
		return nil, err
	}
	if m := &d.Message; isStandIn(m.From, m.Subject) {
		return ingest.Decided(*e.pending(c, errStandIn)), nil
	} else if m.From == "" && m.MessageID == "" {
		ingest.Describe(m, tlsrpt.ReadEnvelope(c.header.Fields.Get)) // it was not read so far as that
	}
	d.Message.MarkOwed = e.mark
	return d, nil
}

// take reads and authenticates one candidate's body by itself. It returns nil where it
// turns out to be none of our business.
func (e *examination) take(ctx context.Context, c candidate, b imapbox.Body, refused error) (*report.Message, error) {
	d, err := e.draft(c, b, refused)
	if err != nil {
		return nil, err
	}
	messages, err := e.p.o.Ingest.Judge(ctx, e.keys, []*ingest.Draft{d})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // as in authenticate
	}
	if err != nil {
		return nil, err
	}
	return messages[0], nil
}
