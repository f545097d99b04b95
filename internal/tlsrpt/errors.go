package tlsrpt

import (
	"errors"
	"fmt"
	"strings"
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

// The rules that deviations and errors cite most.
const (
	ruleIJSON   = "RFC 7493 section 2"
	ruleJSON    = "RFC 8259 section 2"
	ruleSchema  = "RFC 8460 section 4.4"
	ruleFrame   = "RFC 8460 section 4.1"
	ruleSuccess = "RFC 8460 section 4.2.1"
	ruleFailure = "RFC 8460 section 4.2.2"
	ruleResults = "RFC 8460 section 4.3"
	ruleGzip    = "RFC 8460 section 5.2"
	ruleMail    = "RFC 8460 section 5.3"
	ruleBounds  = "" // a bound of this reader, no one's rule
)

// fault makes a FieldError.
func fault(path, rule, format string, args ...any) error {
	return &FieldError{Path: path, Rule: rule, Err: fmt.Errorf(format, args...)}
}

// Several faults of one file or mail, in one line.
type faults []error

func (f faults) Error() string {
	texts := make([]string, len(f))
	for i, err := range f {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (f faults) Unwrap() []error { return f }

// joined returns the faults as an error, nil if there are none.
func (f faults) joined() error {
	switch len(f) {
	case 0:
		return nil
	case 1:
		return f[0]
	}
	return f
}
