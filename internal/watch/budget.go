package watch

import (
	"slices"
	"sync"
	"time"

	"tlsbrief/internal/domaincheck"
)

// The limits of a budget.
const (
	digestLimit = 45 * time.Second // for one digest
	hourLimit   = 10 * time.Minute // for all digests of an hour
	breakAfter  = 3                // domains in a row to whose mail servers no connection could be made
	breakFor    = time.Hour
)

// A budget limits the time of probes over many digests. It has a circuit breaker:
// where port 25 is blocked on its way out, each probe of a mail server would wait
// in vain. Its methods may be called from several goroutines.
type budget struct {
	mu       sync.Mutex
	hour     time.Time // when the hour of spent began
	spent    time.Duration
	closed   int       // domains in a row to whose mail servers no connection could be made
	brokenAt time.Time // when mail servers were last found out of reach; zero: they are in reach
}

// take returns how long the probes of one digest may last, and whether they may
// connect to mail servers.
func (b *budget) take(now time.Time) (limit time.Duration, connect bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.hour) > time.Hour {
		b.hour, b.spent = now, 0
	}
	if !b.brokenAt.IsZero() && now.Sub(b.brokenAt) > breakFor {
		b.brokenAt, b.closed = time.Time{}, 0
	}
	return min(digestLimit, hourLimit-b.spent), b.brokenAt.IsZero()
}

// record notes whether the mail servers of a domain could be connected to.
func (b *budget) record(r domaincheck.Result, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(r.Findings, func(f domaincheck.Finding) bool { return f.Code == domaincheck.ProbeClosed }) {
		if b.closed++; b.closed == breakAfter {
			b.brokenAt = now
		}
	} else if len(r.Servers) > 0 {
		b.closed = 0
	}
}

// spend takes the time of probes off the hour's.
func (b *budget) spend(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += took
}
