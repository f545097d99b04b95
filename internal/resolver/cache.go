package resolver

import (
	"container/list"
	"errors"
	"time"
)

// How long what was found holds. A time to live is believed within these bounds.
// That DNS did not answer is remembered for so short a time that a poll of many
// reports by one sender waits for it once, and the next poll asks again.
const (
	minTTL         = time.Minute
	maxTTL         = time.Hour
	minNegativeTTL = time.Minute
	maxNegativeTTL = 5 * time.Minute
	temporaryTTL   = 15 * time.Second
)

// Bounds of the cache.
const (
	maxEntries   = 10_000
	maxBytes     = 16 << 20
	entryBytes   = 512 // what an entry takes beside its records
	bytesPerByte = 3   // what a byte of a message takes once decoded
)

// A cache keeps what was found, least recently used out first. It is not for
// concurrent use.
type cache struct {
	now     func() time.Time
	entries map[question]*list.Element
	recent  *list.List // of *entry, the most recent in front
	bytes   int
}

// An entry is the outcome of a look-up.
type entry struct {
	question question
	answer   answer
	err      error
	until    time.Time
}

func newCache(now func() time.Time) *cache {
	return &cache{now: now, entries: make(map[question]*list.Element), recent: list.New()}
}

// get returns what is known of a question.
func (c *cache) get(q question) (entry, bool) {
	el, ok := c.entries[q]
	if !ok {
		return entry{}, false
	}
	e := el.Value.(*entry)
	if !c.now().Before(e.until) {
		c.remove(el)
		return entry{}, false
	}
	c.recent.MoveToFront(el)
	return *e, true
}

// put remembers the outcome of a look-up for as long as it holds.
func (c *cache) put(q question, a answer, err error) {
	if el, ok := c.entries[q]; ok {
		c.remove(el)
	}
	e := &entry{question: q, answer: a, err: err, until: c.now().Add(lifetime(a, err))}
	c.entries[q] = c.recent.PushFront(e)
	c.bytes += e.bytes()
	for len(c.entries) > maxEntries || c.bytes > maxBytes {
		c.remove(c.recent.Back())
	}
}

// lifetime returns how long an outcome holds.
func lifetime(a answer, err error) time.Duration {
	switch {
	case err == nil:
		return max(minTTL, min(maxTTL, a.ttl))
	case errors.Is(err, ErrNotFound):
		return max(minNegativeTTL, min(maxNegativeTTL, a.ttl))
	}
	return temporaryTTL
}

func (c *cache) remove(el *list.Element) {
	e := c.recent.Remove(el).(*entry)
	delete(c.entries, e.question)
	c.bytes -= e.bytes()
}

// bytes estimates what an entry takes.
func (e *entry) bytes() int { return entryBytes + len(e.question.name) + bytesPerByte*e.answer.size }
