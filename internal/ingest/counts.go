package ingest

import (
	"tlsbrief/internal/report"
)

// Counts says what became of the messages of one folder, or of the files under
// one path. Each counts messages.
type Counts struct {
	Mailbox   string `json:"mailbox"`
	Folder    string `json:"folder"`
	Examined  int64  `json:"examined"`  // looked at
	Recorded  int64  `json:"recorded"`  // held a report that was new
	Duplicate int64  `json:"duplicate"` // held only what is recorded already
	Rejected  int64  `json:"rejected"`  // looked like a report, but could not be taken as one
	Ignored   int64  `json:"ignored"`   // not a report
	Error     string `json:"error"`     // why the folder could not be read to its end; empty if it was
}

// Totals sums Counts.
type Totals struct {
	Examined  int64 `json:"examined"`
	Recorded  int64 `json:"recorded"`
	Duplicate int64 `json:"duplicate"`
	Rejected  int64 `json:"rejected"`
	Ignored   int64 `json:"ignored"`
}

// A Result is what a poll or a backfill did: the object that `poll --json` and
// `backfill --json` print (DESIGN 8).
type Result struct {
	Mailboxes      []Counts `json:"mailboxes"`
	Totals         Totals   `json:"totals"`
	ElapsedSeconds float64  `json:"elapsed_seconds"`
}

// Add appends counts and sums them up.
func (r *Result) Add(counts ...*Counts) {
	if r.Mailboxes == nil {
		r.Mailboxes = []Counts{} // a list is never null in JSON
	}
	for _, c := range counts {
		r.Mailboxes = append(r.Mailboxes, *c)
		r.Totals.Examined += c.Examined
		r.Totals.Recorded += c.Recorded
		r.Totals.Duplicate += c.Duplicate
		r.Totals.Rejected += c.Rejected
		r.Totals.Ignored += c.Ignored
	}
}

// Count adds one message's outcome. A pending one counts once it has ended.
func (c *Counts) Count(o report.Outcome) {
	switch o {
	case report.Recorded:
		c.Recorded++
	case report.Duplicate:
		c.Duplicate++
	case report.Rejected:
		c.Rejected++
	case report.Pending:
	}
}
