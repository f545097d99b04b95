package imapbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"tlsbrief/internal/netclient"
	"tlsbrief/poller/imapbox/wire"
)

// connect reaches the server and gets as far as a greeting on a connection that is as
// secure as the options ask. The greeting, and STARTTLS, are done here and not by the
// library, which sends STARTTLS before the greeting and waits for both without a limit.
func connect(ctx context.Context, o Options) (*wire.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, ErrTimeout)
	defer cancel()
	g := &greeter{o: o}
	step := func(step string, f func(context.Context) error) error {
		cause := f(ctx)
		if cause == nil {
			return nil
		}
		err := cause
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			if errors.Is(err, ErrTimeout) {
				err = fmt.Errorf("%w within %s", ErrTimeout, o.Timeout)
			}
		}
		err = &serverError{address: o.server().Address(), hint: hint(o, step, err, cause), err: err}
		return &StepError{Step: step, Mailbox: o.Name, Err: err}
	}
	if !o.TLS.Valid() {
		return nil, step(netclient.StepTLS, func(context.Context) error {
			return fmt.Errorf("tls = %q: use %q, %q or %q", o.TLS, netclient.TLSImplicit, netclient.TLSStartTLS, netclient.TLSNone)
		})
	}
	conn, err := o.server().Connect(ctx, netclient.Dialog{
		Greeting: func(_ context.Context, conn net.Conn) error {
			return step(netclient.StepGreeting, func(ctx context.Context) error { return g.greeting(ctx, conn) })
		},
		StartTLS: func(_ context.Context, conn net.Conn) error {
			return step(netclient.StepStartTLS, func(context.Context) error { return g.startTLS(conn) })
		},
		Step: func(_ context.Context, name string, f func(context.Context) error) error {
			return step(name, func(ctx context.Context) error {
				err := f(ctx)
				if name == netclient.StepTLS {
					err = explainTLS(err)
				}
				return err
			})
		},
		Passed: o.Passed,
	})
	if err != nil {
		return nil, err
	}
	raw := conn
	if secure, ok := conn.(*tls.Conn); ok {
		raw = secure.NetConn()
	}
	return wire.NewConn(conn, raw, g.replay), nil
}

// server returns where to connect to.
func (o Options) server() netclient.Server {
	return netclient.Server{Host: o.Host, Port: o.Port, TLS: o.TLS, TLSConfig: o.TLSConfig, Dial: o.Dial}
}

// explainTLS returns an error of the handshake in plain words, with what to do.
func explainTLS(err error) error {
	var network *net.OpError
	switch {
	case err == nil, errors.As(err, new(*netclient.CertificateError)):
		return err
	case errors.As(err, new(tls.RecordHeaderError)):
		return &wire.ProtocolError{Detail: fmt.Sprintf("it does not speak TLS on this port; use tls = %q (port 143), or the port for TLS (993)", netclient.TLSStartTLS)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.As(err, &network) && (network.Op == "read" || network.Op == "write"):
		return &wire.LostError{Err: fmt.Errorf("in the TLS handshake: %w", err)}
	}
	return fmt.Errorf("the TLS handshake failed: %w (the server must offer TLS 1.2 or newer)", err)
}

// A serverError is an error of before the login, with the server's address and what to
// do about it.
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

// hint returns what to do about an error of a step before the login. cause is what
// it came from, where the error is about time that ran out.
func hint(o Options, step string, err, cause error) string {
	switch late := errors.Is(err, ErrTimeout); {
	case step == netclient.StepConnect && late:
		return "check host, port and firewalls"
	case step == netclient.StepConnect:
		return netclient.ConnectHint(err)
	case step == netclient.StepGreeting && late && o.TLS != netclient.TLSImplicit && errors.As(cause, new(noGreetingError)):
		return fmt.Sprintf("a port that speaks TLS from the first byte waits in silence: try tls = %q (port %d)", netclient.TLSImplicit, portTLS)
	}
	return ""
}
