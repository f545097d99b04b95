package poller

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"tlsbrief/poller/imapbox"
)

// A backoff keeps a worker from knocking at a door that stays shut: a server
// that throttles gets more time with every refusal, and an account is not locked
// by a password that does not become right by repeating it.
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

// patient runs a poll of a mailbox, unless the mailbox has to be left alone for
// now, and notes whether it let itself be polled.
func (w *worker) patient(ctx context.Context, poll func(context.Context) error) error {
	b, now := &w.p.backoff, time.Now()
	if w.p.o.Patient && !b.ready(w.box.Name, now) {
		w.log.Debug("left alone for now: the polls before this one could not log in")
		return nil
	}
	err := poll(ctx)
	switch {
	case ctx.Err() != nil:
	case w.p.o.Patient && (w.shut || imapbox.Throttled(err)):
		wait := b.refused(w.box.Name, now)
		w.log.Warn("the mailbox is left alone for a while", "elapsed", wait.Round(time.Second))
	default:
		b.worked(w.box.Name)
	}
	return err
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
