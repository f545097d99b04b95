// Package netclient is what the clients of mail and token servers have in common:
// how to connect and with how much protection, what to log in with, what to say of a
// connection that failed, and the secrets that no error may repeat.
//
// # Trust
//
// A server chooses every byte that it sends, and may repeat what it was sent, in
// whatever form. [Secrets.Hide] looks through the usual encodings; what it returns is
// not printable yet, and the caller makes it so and cuts it to a line. Of a
// certificate only names and dates get into an error, printable and cut. A token that
// would break out of its place in a SASL exchange is not sent. Without TLS only a
// server on this machine is used.
package netclient

import (
	"errors"

	"github.com/emersion/go-sasl"
)

// A TLSMode is how a connection is protected. Its values are those of the
// configuration.
type TLSMode string

// The modes.
const (
	TLSImplicit TLSMode = "implicit" // TLS from the first byte, RFC 8314
	TLSStartTLS TLSMode = "starttls" // required before anything else: RFC 3207; RFC 9051, section 6.2.1
	TLSNone     TLSMode = "none"     // plain text, to a server on this machine only
)

// Valid reports whether m is one of the modes.
func (m TLSMode) Valid() bool { return m == TLSImplicit || m == TLSStartTLS || m == TLSNone }

// Credentials are what to log in with.
type Credentials struct {
	Username, Password string

	// Token, where not empty, is an OAuth2 access token that is used in place of the
	// password.
	Token string

	// SASL, where set, is used in place of the password: a mechanism of the caller's. It
	// is for one exchange.
	SASL sasl.Client
}

// ErrNoMechanism means that the server offers no mechanism that takes a password.
var ErrNoMechanism = errors.New("the server offers neither PLAIN nor LOGIN")

// Mechanism returns the SASL mechanism to log in by, of those that the server offers:
// by the token, else the caller's own, else PLAIN or LOGIN. It is for one exchange.
// Where the server refuses a token, Next returns a *[TokenRefusal], and the server is
// owed an answer of one byte 0x01 (RFC 7628, section 3.2.3).
func (s Server) Mechanism(c Credentials, offered func(mechanism string) bool) (sasl.Client, error) {
	switch {
	case c.Token != "":
		return newBearer(s, c, offered)
	case c.SASL != nil:
		return c.SASL, nil
	case offered(sasl.Plain):
		return sasl.NewPlainClient("", c.Username, c.Password), nil
	case offered(sasl.Login):
		return &login{username: c.Username, password: c.Password}, nil
	}
	return nil, ErrNoMechanism
}

// A login is the mechanism LOGIN, draft-murchison-sasl-login-00. Unlike go-sasl's, it
// waits to be asked for the name, since some servers refuse it unasked, and ignores
// the words of the questions: the draft says so in section 2.1, and servers spell
// them as they like.
type login struct {
	username, password string
	asked              int
}

// Start implements sasl.Client.
func (*login) Start() (mechanism string, first []byte, err error) { return sasl.Login, nil, nil }

// Next returns the name, then the password.
func (l *login) Next([]byte) ([]byte, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte(l.username), nil
	case 2:
		return []byte(l.password), nil
	}
	return nil, errors.New("the server asks for more than name and password")
}
