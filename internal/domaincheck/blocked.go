package domaincheck

import (
	"sync/atomic"
	"time"
)

// A blockade is what looks have learned of whether mail servers can be connected to
// from here at all. Where a network drops what goes to port 25, as most desks' do,
// each connection would be waited for in vain.
type blockade struct {
	reached atomic.Bool  // a mail server was
	silent  atomic.Int64 // domains at which no address answered
}

// When the port is taken for blocked, and how long a connection is waited for then:
// long enough for any server that does answer, after which all are waited for as
// usual.
const (
	blockedAfter = 3
	blockedWait  = 2 * time.Second
)

// connectTimeout returns how long to wait for a connection.
func (b *blockade) connectTimeout(usual time.Duration) time.Duration {
	if b.reached.Load() || b.silent.Load() < blockedAfter {
		return usual
	}
	return min(usual, blockedWait)
}

// learn takes over what became of the connections to the mail servers of a domain.
func (b *blockade) learn(failed []unreached, tried int) {
	if len(failed) < tried {
		b.reached.Store(true)
		return
	}
	for _, u := range failed {
		if !timedOut(u.err) {
			return // somebody did answer
		}
	}
	if tried > 0 {
		b.silent.Add(1)
	}
}
