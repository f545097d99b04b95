package resolver

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A clock is moved by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// How long an answer is remembered, by the server's time to live.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		host string
		ttl  uint32
		want time.Duration
	}{
		{"as the server says", "there.example", 600, 10 * time.Minute},
		{"at least a minute", "there.example", 0, time.Minute},
		{"at most an hour", "there.example", 86400, time.Hour},
		{"an alias' too", "alias.example", 600, 10 * time.Minute},
		{"nothing there: as the zone says", "absent.example", 120, 2 * time.Minute},
		{"nothing there: at least a minute", "absent.example", 1, time.Minute},
		{"nothing there: at most five minutes", "absent.example", 86400, 5 * time.Minute},
		{"no such record", "empty.example", 120, 2 * time.Minute},
		{"a failure: seconds", "fails.example", 86400, 15 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s, r := start(t, Options{Now: c.now})
			s.SetTTL(tt.ttl)
			s.SetTXT("there.example", "x")
			s.SetCNAME("alias.example", "there.example")
			s.SetTXT("empty.example")
			s.SetTXT("fails.example", "x")
			s.Fail("fails.example", dns.RcodeServerFailure)

			_, first := r.TXT(t.Context(), tt.host)
			asked := s.Queries(tt.host)
			c.pass(tt.want - time.Nanosecond)
			_, again := r.TXT(t.Context(), tt.host)
			if s.Queries(tt.host) != asked || !errors.Is(again, first) && again.Error() != first.Error() {
				t.Errorf("asked again before %s were over: %v, then %v", tt.want, first, again)
			}
			c.pass(time.Nanosecond)
			r.TXT(t.Context(), tt.host)
			if s.Queries(tt.host) == asked {
				t.Errorf("not asked again after %s", tt.want)
			}
		})
	}
}

func TestFailureGivesWayToAnAnswer(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, r := start(t, Options{Now: c.now})
	s.SetTXT("x.example", "x")
	s.Fail("x.example", dns.RcodeServerFailure)
	if _, err := r.TXT(t.Context(), "x.example"); !errors.Is(err, ErrTemporary) {
		t.Fatalf("error = %v, want %v", err, ErrTemporary)
	}
	s.SetTXT("x.example", "x")
	c.pass(time.Minute)
	if got, err := r.TXT(t.Context(), "x.example"); err != nil || len(got) != 1 {
		t.Errorf("TXT = %q, %v", got, err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		size int
		most int // entries that fit
	}{
		{"in entries", 100, maxEntries},
		{"in bytes", 60_000, maxBytes / (bytesPerByte * 60_000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCache(newClock().now)
			q := func(i int) question { return question{strconv.Itoa(i) + ".example.", dns.TypeTXT, false} }
			n := 2*tt.most + 10
			for i := range n {
				c.put(q(i), answer{size: tt.size}, nil)
				if _, ok := c.get(q(0)); !ok { // in use all the time
					t.Fatalf("the entry used last was put out after %d others", i)
				}
			}
			if len(c.entries) > tt.most || c.bytes > maxBytes || c.recent.Len() != len(c.entries) {
				t.Errorf("%d entries with %d bytes, want at most %d", len(c.entries), c.bytes, tt.most)
			}
			if len(c.entries) < tt.most*9/10 {
				t.Errorf("only %d entries kept of %d that fit", len(c.entries), tt.most)
			}
			if _, ok := c.get(q(1)); ok {
				t.Error("an entry not used for long is still there")
			}
			if _, ok := c.get(q(n - 1)); !ok {
				t.Error("the newest entry is not there")
			}
			for i := range n {
				c.put(q(i), answer{}, ErrNotFound)
			}
			total := 0
			for el := c.recent.Front(); el != nil; el = el.Next() {
				total += el.Value.(*entry).bytes()
			}
			if total != c.bytes {
				t.Errorf("counts %d bytes, holds %d", c.bytes, total)
			}
		})
	}
}
