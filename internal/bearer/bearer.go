// Package bearer logs in to IMAP and SMTP servers with an OAuth2 access token:
// by OAUTHBEARER (RFC 7628) or XOAUTH2, Google's and Microsoft's older way.
//
// # Trust
//
// A token is whatever a token server sent: one that would break out of its place
// in the exchange is refused. What a mail server says when it refuses a token is
// an error's text, and whoever prints it makes it printable first.
package bearer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"
)

// The mechanisms, the standard's first.
const (
	OAuthBearer = "OAUTHBEARER"
	XOAuth2     = "XOAUTH2"
)

// A Grant says how a token was got, and so whom the mail server must let in: it
// decides what to do about a refusal.
type Grant int

// The grants. Of the zero value nothing is known.
const (
	GrantProgram        Grant = iota + 1 // client_credentials: the program itself
	GrantPerson                          // refresh_token, also after a device login: a person who logged in
	GrantServiceAccount                  // service_account: a service account that stands in for a person
)

// ErrNotOffered means that the server takes no OAuth2 tokens.
var ErrNotOffered = errors.New("the server offers neither OAUTHBEARER nor XOAUTH2, so it takes no OAuth2 token; check host, or use a password")

// errForm keeps the token itself out of the error.
var errForm = errors.New("the access token has characters that no token has (RFC 6750, section 2.1)")

// An Identity is who logs in where.
type Identity struct {
	Username string
	Token    string
	Host     string // as configured; may be empty
	Port     int
}

// Client returns the mechanism to log in by, of those that the server offers.
// It is for one exchange. A challenge, which is how a server says why it refuses
// the token, comes back from its Next as a *[Refusal]; the caller then owes the
// server an answer of one byte 0x01 (RFC 7628, section 3.2.3).
func Client(id Identity, offered func(mechanism string) bool) (sasl.Client, error) {
	if !wellFormed(id.Token) {
		return nil, errForm
	}
	if strings.ContainsAny(id.Username, "\x00\x01") {
		return nil, errors.New("the username has control characters")
	}
	for _, name := range []string{OAuthBearer, XOAuth2} {
		if offered(name) {
			return &client{id: id, name: name}, nil
		}
	}
	return nil, ErrNotOffered
}

// wellFormed reports whether a token is visible ASCII. RFC 6750 asks for less, but
// providers use more of it, and none of this can end the token's field.
func wellFormed(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

type client struct {
	id   Identity
	name string
}

// Start implements sasl.Client.
func (c *client) Start() (mechanism string, first []byte, err error) {
	if c.name == XOAuth2 {
		return c.name, []byte("user=" + c.id.Username + "\x01auth=Bearer " + c.id.Token + "\x01\x01"), nil
	}
	var b strings.Builder
	// A comma and an equals sign end a name in a GS2 header: RFC 5801, section 4.
	b.WriteString("n,a=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(c.id.Username) + ",\x01")
	if c.id.Host != "" {
		b.WriteString("host=" + c.id.Host + "\x01")
	}
	if c.id.Port > 0 {
		b.WriteString("port=" + strconv.Itoa(c.id.Port) + "\x01")
	}
	b.WriteString("auth=Bearer " + c.id.Token + "\x01\x01")
	return c.name, []byte(b.String()), nil
}

// Next implements sasl.Client. The server has nothing to ask.
func (c *client) Next(challenge []byte) ([]byte, error) {
	r := &Refusal{Challenge: string(challenge)}
	var answer struct{ Status, Scope string }
	if json.Unmarshal(challenge, &answer) == nil {
		r.Status, r.Scope = answer.Status, answer.Scope
	}
	return nil, r
}

// A Refusal is why a server takes no token, in its own words. They are not
// printable yet.
type Refusal struct {
	Status    string // such as "invalid_token", or an HTTP status such as "401"; may be empty
	Scope     string // what the token would have to be good for; may be empty
	Challenge string // all that the server said
}

// Error tells the status and the scope, or all that was said.
func (r *Refusal) Error() string {
	switch {
	case r.Status == "":
		return fmt.Sprintf("the server refuses the token: %s", r.Challenge)
	case r.Scope == "":
		return fmt.Sprintf("the server refuses the token with status %s", r.Status)
	}
	return fmt.Sprintf("the server refuses the token with status %s; it wants the scope %s", r.Status, r.Scope)
}
