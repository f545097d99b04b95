package resolver

import (
	"context"
	"errors"
	"sync"
)

// flights answers questions from the cache, and sees to it that each question is
// under way only once, however many ask it.
type flights struct {
	fly func(context.Context, question) (answer, error)

	mu    sync.Mutex
	cache *cache
	under map[question]*flight
}

// A flight is a question under way. It is called off when nobody waits for it
// any more.
type flight struct {
	landed  chan struct{}
	cancel  context.CancelFunc
	waiting int
	answer  answer // these two are set before landed is closed
	err     error
}

// do answers a question. A caller whose context ends leaves; those who wait with
// it are not disturbed. What is cached takes no time, and is had after that too.
func (f *flights) do(ctx context.Context, q question) (answer, error) {
	f.mu.Lock()
	if e, ok := f.cache.get(q); ok {
		f.mu.Unlock()
		return e.answer, e.err
	}
	if ctx.Err() != nil {
		f.mu.Unlock()
		return answer{}, gaveUp(ctx)
	}
	fl := f.under[q]
	if fl == nil {
		fl = f.start(ctx, q)
	}
	fl.waiting++
	f.mu.Unlock()

	select {
	case <-fl.landed:
		return fl.answer, fl.err
	case <-ctx.Done():
		f.leave(q, fl)
		return answer{}, gaveUp(ctx)
	}
}

// start sends a question on its way. The lock is held.
func (f *flights) start(ctx context.Context, q question) *flight {
	// The question outlives the first who asks it, where others wait too.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	fl := &flight{landed: make(chan struct{}), cancel: cancel}
	f.under[q] = fl
	go func() {
		defer cancel()
		a, err := f.fly(ctx, q)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.under[q] == fl {
			delete(f.under, q)
		}
		if !errors.Is(err, context.Canceled) {
			f.cache.put(q, a, err)
		}
		fl.answer, fl.err = a, err
		close(fl.landed)
	}()
	return fl
}

// leave stops waiting for a flight, and calls it off if nobody else waits.
func (f *flights) leave(q question, fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.waiting--
	if fl.waiting == 0 {
		fl.cancel()
		if f.under[q] == fl {
			delete(f.under, q)
		}
	}
}
