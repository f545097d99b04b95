package netclient

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// Why a login failed, for errors.Is.
var (
	// ErrAuth: the server refused the username or the secret. Trying again with the same
	// ones will not help and may lock the account. It is ErrPassword or ErrToken as well.
	ErrAuth = errors.New("the server refused the login")
	// ErrPassword: it was a password that the server refused.
	ErrPassword error = &authError{"the server refused the login"}
	// ErrToken: it was an OAuth2 access token that the server refused.
	ErrToken error = &authError{"the server refused the access token"}
	// ErrExpired: the password, or what access tokens are got with, has expired or was
	// revoked. A person must renew it.
	ErrExpired = errors.New("what to log in with has expired")
)

// An authError is one kind of ErrAuth.
type authError struct{ text string }

func (e *authError) Error() string        { return e.text }
func (e *authError) Is(target error) bool { return target == ErrAuth }

// A PlainError means that a connection without TLS would leave this machine. Nothing
// was sent.
type PlainError struct {
	Addr net.Addr // of the server
}

func (e *PlainError) Error() string {
	return "without TLS only a server on this machine is used, and " + addrText(e.Addr) + " is not on it: nothing was sent"
}

func addrText(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	if addr == nil {
		return "the server"
	}
	return addr.String()
}

// WithText returns an error that wraps err and has another text: for one whose own may
// hold a server's words.
func WithText(err error, text string) error { return &reworded{err, text} }

type reworded struct {
	err  error
	text string
}

func (e *reworded) Error() string { return e.text }
func (e *reworded) Unwrap() error { return e.err }

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

// ConnectHint returns what to do about an error of [StepConnect]; "" where there is
// nothing to say.
func ConnectHint(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, new(*PlainError)):
		return `set tls = "implicit" or "starttls", or make the name of host point to this machine`
	case errors.As(err, &dns) && dns.IsNotFound:
		return "check the host's spelling"
	case errors.As(err, &dns):
		return "the name could not be looked up: check this machine's DNS"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check host and port"
	}
	return ""
}
