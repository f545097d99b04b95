package imapbox

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"tlsbrief/internal/netclient"
)

// The port that speaks TLS from the first byte, and how long the first words of
// one that is asked in plain text are waited for: it waits for ours.
const (
	portTLS    = 993
	firstWords = 10 * time.Second
)

// A serverError is what went wrong before the login, with the server's address
// and with what to do about it where there is something to be said.
type serverError struct {
	address string // host:port
	hint    string // may be empty
	err     error
}

func (e *serverError) Error() string {
	text := netclient.DialText(e.err) // without the address once more
	if e.hint != "" {
		text += " (" + e.hint + ")"
	}
	return e.address + ": " + text
}

func (e *serverError) Unwrap() error { return e.err }

// A silentError is that of a server which did not say a word.
type silentError struct{ error }

func (e silentError) Unwrap() error { return e.error }

// hint says what to do about an error of a step before the login. cause is what
// it came from, where the error is about time that ran out.
func hint(o Options, step string, err, cause error) string {
	var (
		plain  *netclient.PlainError
		dns    *net.DNSError
		silent silentError
	)
	switch late := errors.Is(err, ErrTimeout); {
	case errors.As(err, &plain):
		return netclient.PlainHint
	case step == "connect" && errors.As(err, &dns) && dns.IsNotFound:
		return "check the host's spelling"
	case step == "connect" && errors.As(err, &dns):
		return "the name could not be looked up: check this machine's DNS"
	case step == "connect" && errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check host and port"
	case step == "connect" && late:
		return "check host, port and firewalls"
	case step == "greeting" && late && o.TLS != TLSImplicit && errors.As(cause, &silent):
		return fmt.Sprintf("a port that speaks TLS from the first byte waits in silence: try tls = %q (port %d)", TLSImplicit, portTLS)
	}
	return ""
}
