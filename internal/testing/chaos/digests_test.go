package chaos

import (
	"context"
	"net/mail"
	"sync"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/mailer"
	"tlsbrief/templates"
)

// A clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock(t time.Time) *clock { return &clock{t: t} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// digests sends digests from this process, and counts them.
type digests struct {
	*digest.Digester
	mu    sync.Mutex
	count int
}

func newDigests(t *testing.T, d *db.DB, now func() time.Time) *digests {
	t.Helper()
	dg := &digests{}
	dg.Digester = newDigestsBy(t, d, now, dg.send)
	return dg
}

// newDigestsBy makes one digest of everything a day, sent by a function.
func newDigestsBy(t *testing.T, d *db.DB, now func() time.Time, send digest.SendFunc) *digest.Digester {
	t.Helper()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	dg, err := digest.New(digest.Options{
		DB: d, Templates: set, Send: send, Now: now, Mailboxes: []string{"reports"}, AuthenticityOff: true,
		From: &mail.Address{Address: "reports@example.com"}, Fallback: []string{"postmaster@example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dg
}

func (d *digests) send(_ context.Context, _ string, to []string, _ []byte) ([]mailer.Result, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	results := make([]mailer.Result, len(to))
	for i := range to {
		results[i].Address = to[i]
	}
	return results, nil
}

func (d *digests) sent() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}
