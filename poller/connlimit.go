package poller

import (
	"context"
	"sync"
	"time"
)

// limitFor is how long a server's bound on connections is kept to once it has
// been met. Then more are tried: the bound may have been raised.
const limitFor = time.Hour

// A connLimiter keeps to the bounds that servers set on connections: several mailboxes,
// or folders of one account under several names, may lie on one server, which
// refuses a log-in where too many are open already. How many it takes is learned
// from its refusal.
type connLimiter struct {
	mu    sync.Mutex
	hosts map[string]*hostLimit
}

// A hostLimit counts the connections to one server.
type hostLimit struct {
	open    int
	most    int       // 0: no bound is known
	until   time.Time // when most is forgotten
	changed chan struct{}
}

// acquire waits until there is room for one more connection to a host, and takes
// it.
func (l *connLimiter) acquire(ctx context.Context, host string) error {
	for {
		l.mu.Lock()
		at := l.at(host)
		if at.most > 0 && time.Now().After(at.until) {
			at.most = 0
		}
		if at.most == 0 || at.open < at.most {
			at.open++
			l.mu.Unlock()
			return nil
		}
		changed := at.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// release gives back what acquire took.
func (l *connLimiter) release(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.at(host)
	at.open--
	close(at.changed)
	at.changed = make(chan struct{})
}

// shrink gives back what acquire took, after the server has refused one connection
// more for now. It returns whether others are open, after whose end it is worth
// trying again.
func (l *connLimiter) shrink(host string) bool {
	defer l.release(host)
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.at(host)
	others := at.open - 1
	if others == 0 {
		return false
	}
	if at.most == 0 || others < at.most {
		at.most = others
	}
	at.until = time.Now().Add(limitFor)
	return true
}

// at returns the limit of a host. It is called with the lock held.
func (l *connLimiter) at(host string) *hostLimit {
	if l.hosts == nil {
		l.hosts = map[string]*hostLimit{}
	}
	if l.hosts[host] == nil {
		l.hosts[host] = &hostLimit{changed: make(chan struct{})}
	}
	return l.hosts[host]
}
