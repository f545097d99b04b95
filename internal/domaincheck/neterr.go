package domaincheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// netError says in plain words why a connection did not come about, or broke off. What it
// says of the same fault is the same each time: no ports of ours, say.
func netError(err error, timeout time.Duration) string {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err // without the address, which is named elsewhere
	}
	var there *addressError
	if errors.As(err, &there) {
		return there.addr.String() + ": " + netError(there.err, timeout)
	}
	switch {
	case timedOut(err):
		return fmt.Sprintf("there was no answer within %s", timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case noRoute(err):
		return "no route leads there from here"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was broken off"
	}
	text := err.Error()
	for _, prefix := range []string{"x509: ", "tls: ", "remote error: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return text
}

// An addressError says to which of a name's addresses no connection came about.
type addressError struct {
	addr netip.Addr
	err  error
}

func (e *addressError) Error() string { return e.addr.String() + ": " + e.err.Error() }
func (e *addressError) Unwrap() error { return e.err }

// timedOut reports whether nobody answered.
func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// noRoute reports whether it is this machine that cannot reach an address, most likely
// one of IPv6.
func noRoute(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
