package poller

import (
	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// A batch is a group of candidates with the bodies of those that could be got.
type batch struct {
	candidates []candidate
	bodies     []fetchedBody
	sizes      int64          // bytes of the bodies, by the sizes that the server gave
	reserved   int64          // bytes of memory that are reserved for the bodies
	cursor     *report.Cursor // to be recorded with it
	inHand     int64          // what the database knows it by, while its bodies are read
	looked     int64          // how many messages were looked at with its end
	reached    chan struct{}
}

// holds reports whether there is place for one more candidate, of so many bytes.
func (b *batch) holds(size int64, bounds Bounds) bool {
	return len(b.candidates) == 0 || b.sizes+size <= bounds.BatchBytes && len(b.candidates) < bounds.BatchMessages
}

func (b *batch) add(c candidate, size int64) {
	b.candidates, b.sizes = append(b.candidates, c), b.sizes+size
}

// A fetchedBody is one that was asked for.
type fetchedBody struct {
	candidate candidate
	body      imapbox.Body
	refused   error // why there is none
}
