package poller

import (
	"context"
	"sync"

	"tlsbrief/internal/report"
)

// A pipeline does three parts of a work side by side: batches are fetched, read and
// authenticated, and recorded, each part in the order in which they are sent. A batch's
// cursor is recorded together with what was in it, and so after all that lies before it. An
// error of one part stops the others; what was read by then is recorded.
type pipeline struct {
	fetch  func(context.Context, *batch) (known bool, err error) // known: something is known of the batch, and it goes on
	read   func(context.Context, *batch) error                   // passes on what is to be recorded
	record func(context.Context, *recordBatch) error

	batches  chan *batch
	toRecord chan *recordBatch
	stages   sync.WaitGroup
	stop     context.CancelCauseFunc

	readErr, recordErr error
}

// A recordBatch is what is recorded at a time.
type recordBatch struct {
	batch   report.Batch
	looked  int64
	reached chan struct{} // closed once it is recorded
}

// start begins to read and record what is sent. The context that it returns ends where one
// of the parts fails.
func (l *pipeline) start(ctx context.Context, recovered func(func() error) error) context.Context {
	ctx, l.stop = context.WithCancelCause(ctx)
	l.batches, l.toRecord = make(chan *batch, 1), make(chan *recordBatch, 1)
	l.stages.Go(func() {
		defer close(l.toRecord)
		l.readErr = recovered(func() error { return each(l.batches, func(b *batch) error { return l.read(ctx, b) }) })
		if l.readErr != nil {
			l.stop(l.readErr)
		}
		for range l.batches { // nobody is to wait for what will not be read
		}
	})
	l.stages.Go(func() {
		l.recordErr = recovered(func() error { return each(l.toRecord, func(r *recordBatch) error { return l.record(ctx, r) }) })
		if l.recordErr != nil {
			l.stop(l.recordErr)
		}
		for range l.toRecord {
		}
	})
	return ctx
}

// finish waits until everything that was sent has come to its end, and returns why a part
// failed.
func (l *pipeline) finish() error {
	close(l.batches)
	l.stages.Wait()
	l.stop(nil)
	if l.recordErr != nil {
		return l.recordErr
	}
	return l.readErr
}

// send fetches a batch and sends it on.
func (l *pipeline) send(ctx context.Context, b *batch) error {
	known, err := l.fetch(ctx, b)
	if !known {
		return err
	}
	if putErr := put(ctx, l.batches, b); putErr != nil {
		return putErr
	}
	return err
}

// sendPart sends on what was fetched of a batch, and waits until it is recorded.
func (l *pipeline) sendPart(ctx context.Context, part *batch) error {
	part.reached = make(chan struct{})
	if err := put(ctx, l.batches, part); err != nil {
		return err
	}
	return await(ctx, part.reached)
}

// drain waits until everything that was sent is recorded.
func (l *pipeline) drain(ctx context.Context) error { return l.sendPart(ctx, &batch{}) }

// pass passes on what is to be recorded, and waits until it is if that is wanted.
func (l *pipeline) pass(ctx context.Context, r *recordBatch, wait bool) error {
	if wait {
		r.reached = make(chan struct{})
	}
	if err := put(ctx, l.toRecord, r); err != nil || !wait {
		return err
	}
	return await(ctx, r.reached)
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
