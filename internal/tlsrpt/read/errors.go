package read

import (
	"fmt"
	"strings"

	"tlsbrief/internal/tlsrpt"
)

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

// deviation makes a Deviation.
func deviation(path, what, rule string) tlsrpt.Deviation {
	return tlsrpt.Deviation{Path: path, What: what, Rule: rule}
}

// fault makes a FieldError.
func fault(path, rule, format string, args ...any) error {
	return &tlsrpt.FieldError{Path: path, Rule: rule, Err: fmt.Errorf(format, args...)}
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
