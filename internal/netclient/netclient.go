// Package netclient holds what the IMAP client and the SMTP client have in
// common: the secrets that no error may repeat, whether a connection stays on
// this machine, and the words for a connection that did not come about.
//
// # Trust
//
// A server chooses every byte that it says, and may repeat what it was sent, in
// whatever form. [Secrets.Hide] looks through the usual encodings. What it
// returns is not printable yet: the caller makes it so and cuts it to a line.
package netclient

import (
	"errors"
	"net"
	"os"
)

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

// A PlainError says that a connection without TLS would leave this machine.
// Nothing was sent.
type PlainError struct {
	Addr net.Addr // of the server
}

func (e *PlainError) Error() string {
	return "without TLS only a server on this machine is used, and " + addrText(e.Addr) + " is not on it: nothing was sent"
}

// PlainHint says what to do about a [PlainError].
const PlainHint = `set tls = "implicit" or "starttls", or make the name of host point to this machine`

func addrText(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	if addr == nil {
		return "the server"
	}
	return addr.String()
}

// CheckPlain returns a *[PlainError] for a connection that must not be used
// without TLS.
func CheckPlain(conn net.Conn) error {
	if addr := conn.RemoteAddr(); !Local(addr) {
		return &PlainError{Addr: addr}
	}
	return nil
}

// DialText returns what a failed attempt to connect is about, without the address
// and the names of system calls that the net package puts in front. It is for
// errors that name the server themselves; text of another error is unchanged.
func DialText(err error) string {
	dial := (*net.OpError)(nil)
	if !errors.As(err, &dial) || dial.Op != "dial" {
		return err.Error()
	}
	if call := (*os.SyscallError)(nil); errors.As(dial.Err, &call) {
		return call.Err.Error()
	}
	return dial.Err.Error()
}
