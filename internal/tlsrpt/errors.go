package tlsrpt

import (
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by every error that a retry cannot cure: the bytes
// are not a report and will not be one at the next poll.
var ErrMalformed = errors.New("malformed TLS report")

// ErrNoReport says that nothing in a mail or a file looks like a TLS report: it
// is something else, and none of our business. It wraps [ErrMalformed].
var ErrNoReport error = noReport{}

type noReport struct{}

func (noReport) Error() string { return "no TLS report" }
func (noReport) Unwrap() error { return ErrMalformed }

// A FieldError names the field of a report, or the wrapping around it, that
// broke a rule. It wraps [ErrMalformed].
type FieldError struct {
	Path string // such as "policies[0].summary.total-failure-session-count", "json" or "gzip"
	Rule string // where the rule is written, such as "RFC 8460 section 4.2.2"; may be empty
	Err  error  // what is wrong with the value
}

// Error returns path, fault and rule in one line.
func (e *FieldError) Error() string {
	if e.Rule == "" {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s: %v (%s)", e.Path, e.Err, e.Rule)
}

// Unwrap returns ErrMalformed and the fault itself.
func (e *FieldError) Unwrap() []error { return []error{ErrMalformed, e.Err} }

// ReaderVersion rises whenever a Reader learns to read what it refused before,
// so that what an older one refused can be looked at again.
const ReaderVersion = 2
