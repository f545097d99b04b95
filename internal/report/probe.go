package report

import "tlsbrief/internal/tlsrpt"

// A Probe is one look at a domain, just now: is what reports tell of still so?
// Without a result type it asks why no reports come.
type Probe struct {
	Domain string
	Type   tlsrpt.PolicyType
	Result tlsrpt.ResultType
	MX     string // the host that reports name; may be empty
}

// An Answer is what a probe found. Words and Fix are whole sentences, printable and
// of bounded length.
type Answer struct {
	State AnswerState
	Words string
	Fix   string // what to do; may be empty
}

// An AnswerState says how a probe was answered. Its zero value is none.
type AnswerState string

// The answers there are. To the question why no reports come, AnswerSo gives a
// reason and AnswerNotSeen says that none was found.
const (
	AnswerSo        AnswerState = "so"        // it is so now
	AnswerOther     AnswerState = "other"     // something else is wrong there
	AnswerNotSeen   AnswerState = "not-seen"  // looked at, and well
	AnswerUnchecked AnswerState = "unchecked" // it could not be looked at
)
