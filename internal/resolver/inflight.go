package resolver

import (
	"context"
	"errors"
	"sync"
)

// inflight answers questions from the cache, and asks each question once at a
// time, however many callers wait for it.
type inflight struct {
	query func(context.Context, question) (answer, error)

	mu      sync.Mutex
	cache   *cache
	lookups map[question]*lookup
}

// A lookup is a question that is being asked. It is canceled when nobody waits for
// it any more.
type lookup struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	answer  answer // these two are set before done is closed
	err     error
}

// do answers a question. A caller whose context ends leaves; those who wait with
// it are not disturbed. What is cached takes no time, and is had after that too.
func (f *inflight) do(ctx context.Context, q question) (answer, error) {
	f.mu.Lock()
	if e, ok := f.cache.get(q); ok {
		f.mu.Unlock()
		return e.answer, e.err
	}
	if ctx.Err() != nil {
		f.mu.Unlock()
		return answer{}, gaveUp(ctx)
	}
	fl := f.lookups[q]
	if fl == nil {
		fl = f.start(ctx, q)
	}
	fl.waiting++
	f.mu.Unlock()

	select {
	case <-fl.done:
		return fl.answer, fl.err
	case <-ctx.Done():
		f.leave(q, fl)
		return answer{}, gaveUp(ctx)
	}
}

// start sends a question on its way. The lock is held.
func (f *inflight) start(ctx context.Context, q question) *lookup {
	// The question outlives the first who asks it, where others wait too.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	fl := &lookup{done: make(chan struct{}), cancel: cancel}
	f.lookups[q] = fl
	go func() {
		defer cancel()
		a, err := f.query(ctx, q)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.lookups[q] == fl {
			delete(f.lookups, q)
		}
		if !errors.Is(err, context.Canceled) {
			f.cache.put(q, a, err)
		}
		fl.answer, fl.err = a, err
		close(fl.done)
	}()
	return fl
}

// leave stops waiting for a lookup, and cancels it if nobody else waits.
func (f *inflight) leave(q question, fl *lookup) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.waiting--
	if fl.waiting == 0 {
		fl.cancel()
		if f.lookups[q] == fl {
			delete(f.lookups, q)
		}
	}
}
