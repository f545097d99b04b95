package poller

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"tlsbrief/poller/imapbox"
)

// A backoff lengthens the wait after each refused login: a server that throttles gets more
// time, and no account gets locked by a password that does not become right by repeating it.
type backoff struct {
	mu    sync.Mutex
	boxes map[string]refusals
}

// refusals are the polls in a row that could not log in to a mailbox.
type refusals struct {
	count int
	until time.Time // not to be tried before
}

const (
	firstWait = time.Minute
	lastWait  = time.Hour
)

// mayLogIn reports whether the mailbox may be logged in to now.
func (m *mailbox) mayLogIn() bool {
	m.started = time.Now()
	if !m.p.o.Backoff || m.p.backoff.ready(m.config.Name, m.started) {
		return true
	}
	m.log.Debug("left alone for now: the polls before this one could not log in")
	return false
}

// noteLogin notes how a poll ended, and whether it failed at logging in.
func (m *mailbox) noteLogin(ctx context.Context, failed bool, err error) {
	switch {
	case !m.polling, ctx.Err() != nil:
	case m.p.o.Backoff && (failed || imapbox.Throttled(err)):
		wait := m.p.backoff.refused(m.config.Name, m.started)
		m.log.Warn("the mailbox is left alone for a while", "elapsed", wait.Round(time.Second))
	default:
		m.p.backoff.worked(m.config.Name)
	}
}

// ready reports whether the mailbox may be tried at the time now.
func (b *backoff) ready(mailbox string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !now.Before(b.boxes[mailbox].until)
}

// refused notes one more failure, and returns how long to wait: a minute, then
// twice as long each time up to an hour, and up to half as much again, so that
// many mailboxes on one server do not all come back at once.
func (b *backoff) refused(mailbox string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.boxes[mailbox]
	wait := lastWait
	if r.count < 6 {
		wait = min(lastWait, firstWait<<r.count)
	}
	wait += rand.N(wait / 2)
	if b.boxes == nil {
		b.boxes = map[string]refusals{}
	}
	b.boxes[mailbox] = refusals{r.count + 1, now.Add(wait)}
	return wait
}

// worked forgets the failures.
func (b *backoff) worked(mailbox string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.boxes, mailbox)
}
