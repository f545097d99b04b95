package netclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
)

// A Server is where a client connects to, and how.
type Server struct {
	Host string
	Port int
	TLS  TLSMode

	// TLSConfig may carry a private CA in its RootCAs. The name that is verified is Host
	// unless it has another, and the oldest version is TLS 1.2 unless it asks for a
	// newer. It is not modified.
	TLSConfig *tls.Config

	// Dial, where set, replaces that of a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Address returns host:port.
func (s Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// The steps of [Server.Connect], in the order of [TLSStartTLS].
const (
	StepConnect  = "connect"  // name lookup and TCP
	StepGreeting = "greeting" // the server's first words
	StepStartTLS = "starttls" // the command
	StepTLS      = "tls"      // handshake and certificate
)

// A Dialog is what one protocol and one client add to [Server.Connect].
type Dialog struct {
	// Greeting reads the server's first words. StartTLS asks for TLS, and returns when
	// the server waits for the handshake and has sent nothing else.
	Greeting, StartTLS func(ctx context.Context, conn net.Conn) error
	// Step runs StepConnect and StepTLS: it bounds f in time, and says what its error is
	// about.
	Step func(ctx context.Context, step string, f func(context.Context) error) error
	// Passed is called after StepConnect and StepTLS with what was found.
	Passed func(step, detail string)
}

// Connect returns a connection on which the server has greeted, protected as s.TLS
// asks. It never falls back to a weaker mode. An error is one that d returned; the end
// of ctx closes the connection, which ends what waits for it.
func (s Server) Connect(ctx context.Context, d Dialog) (net.Conn, error) {
	var conn net.Conn
	err := d.Step(ctx, StepConnect, func(ctx context.Context) (err error) {
		conn, err = s.dial(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.Passed(StepConnect, conn.RemoteAddr().String())
	raw := conn
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	handshake := func(ctx context.Context, _ net.Conn) error {
		return d.Step(ctx, StepTLS, func(ctx context.Context) (err error) {
			conn, err = s.handshake(ctx, raw, d.Passed)
			return err
		})
	}
	steps := map[TLSMode][]func(context.Context, net.Conn) error{
		TLSImplicit: {handshake, d.Greeting},
		TLSStartTLS: {d.Greeting, d.StartTLS, handshake},
		TLSNone:     {d.Greeting},
	}
	for _, step := range steps[s.TLS] {
		if err = step(ctx, conn); err != nil {
			break
		}
	}
	if !stop() && err == nil {
		err = d.Step(ctx, StepGreeting, func(context.Context) error { return context.Cause(ctx) })
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}

// dial returns a connection that may be used in the mode of s.
func (s Server) dial(ctx context.Context) (net.Conn, error) {
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", s.Address())
	if err == nil && s.TLS == TLSNone {
		if err := CheckPlain(conn); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, err
}

// Local reports whether what goes to an address stays on this machine. A name
// proves nothing, "localhost" included, so the address is that of the connection
// that is about to be used.
func Local(addr net.Addr) bool {
	switch a := addr.(type) {
	case nil:
		return false
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return addr.Network() == "pipe" // of net.Pipe: inside this process
}

// CheckPlain returns a *[PlainError] for a connection that must not be used
// without TLS.
func CheckPlain(conn net.Conn) error {
	if addr := conn.RemoteAddr(); !Local(addr) {
		return &PlainError{Addr: addr}
	}
	return nil
}
