package facts

import (
	"slices"
	"strings"
)

// maxQuotes bounds how many different strings of one kind a finding quotes, and
// maxQuote how long each is kept, in bytes: more than is shown of it.
const (
	maxQuotes = 3
	maxQuote  = 1 << 10
)

// Quotes keeps the first few different strings, and whether there were more.
type Quotes struct {
	Seen []string
	More bool
}

// add remembers a string unless it is empty or known.
func (q *Quotes) add(s string) {
	if len(s) > maxQuote {
		s = strings.Clone(strings.ToValidUTF8(s[:maxQuote], ""))
	}
	if s == "" || slices.Contains(q.Seen, s) {
		return
	}
	if len(q.Seen) == maxQuotes {
		q.More = true
		return
	}
	q.Seen = append(q.Seen, s)
}

// Join adds the strings of another.
func (q *Quotes) Join(other Quotes) {
	for _, s := range other.Seen {
		q.add(s)
	}
	q.More = q.More || other.More
}
