package mailer

import (
	"crypto/tls"
	"errors"
	"strings"

	"tlsbrief/internal/certfault"
)

// A tlsError says in plain words why there is no TLS.
type tlsError struct {
	problem string
	err     error
}

func (e *tlsError) Error() string { return e.problem }
func (e *tlsError) Unwrap() error { return e.err }

// explainTLS makes an error of the handshake readable.
func explainTLS(err error, host string) error {
	if fault := certfault.Explain(err, host); fault != nil {
		return fault
	}
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) {
		return &tlsError{err: err, problem: "it does not speak TLS on this port"}
	}
	if text, ok := strings.CutPrefix(err.Error(), "tls: "); ok {
		return &tlsError{err: err, problem: text} // the step is called so already
	}
	return err
}
