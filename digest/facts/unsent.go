package facts

import (
	"encoding/json"
	"time"
)

// Unsent is what runs covered that were not sent, summed up, so that nothing is
// lost to the reader of a digest that is sent only now and then. What failed of it
// stands in the mail before (OnlyChanges), or nothing did (OnlyFailures). Each run
// adds to it; it is never read again from the reports, which may be a year's.
type Unsent struct {
	Totals
	Since       time.Time // when the last mail was made; zero: no run went unsent
	Reports     int
	Uncounted   int // reports that do not count
	First, Last Day // that the reports are about

	ChangesAfter int64 // the watermark above which no change at a domain has been told of
}

// Plus returns u with what another run covered that is not sent. lastRun and watermark
// are those of the run before, which was sent where nothing is unsent yet.
func (u Unsent) Plus(t *Tally, lastRun time.Time, watermark int64) Unsent {
	if u.Since.IsZero() {
		u.Since, u.ChangesAfter = lastRun, watermark
	}
	if first, last, found := t.span(); found {
		if u.Reports == 0 {
			u.First, u.Last = first, last
		}
		u.First, u.Last = min(u.First, first), max(u.Last, last)
	}
	u.Add(t.Overall.Successful, t.Overall.Failed)
	u.Reports += len(t.Reports)
	u.Uncounted += len(t.Uncounted.Reports)
	return u
}

// String returns u as it is remembered.
func (u Unsent) String() string {
	b, err := json.Marshal(u)
	if err != nil {
		panic(err) // numbers and a time of this era always marshal
	}
	return string(b)
}

// ReadUnsent reads what String wrote; what cannot be read, or was never written,
// is nothing.
func ReadUnsent(text string) Unsent {
	var u Unsent
	if json.Unmarshal([]byte(text), &u) != nil {
		return Unsent{}
	}
	return u
}
