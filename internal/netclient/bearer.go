package netclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"
)

// xoauth2 is the name of a mechanism that go-sasl lacks.
const xoauth2 = "XOAUTH2"

// A Grant is how a token is obtained, and so whom the mail server must let in: the
// advice on a refusal depends on it.
type Grant int

// The grants. The zero value is an unknown one.
const (
	GrantProgram        Grant = iota + 1 // client_credentials: the program itself
	GrantPerson                          // refresh_token: a person who logged in
	GrantServiceAccount                  // service_account: a service account that stands in for a person
)

// ErrNoBearer means that the server takes no OAuth2 tokens.
var ErrNoBearer = errors.New("the server offers neither OAUTHBEARER nor XOAUTH2, so it takes no OAuth2 token; check host, or use a password")

// errTokenForm keeps the token itself out of the error.
var errTokenForm = errors.New("the access token has characters that no token has (RFC 6750, section 2.1)")

// newBearer returns the mechanism to log in to a server by a token: OAUTHBEARER
// (RFC 7628), or else XOAUTH2, Google's and Microsoft's older way. A challenge,
// in which a server gives the reason of a refusal, comes back from its Next as
// a *[TokenRefusal].
func newBearer(s Server, c Credentials, offered func(mechanism string) bool) (sasl.Client, error) {
	if !isBearerToken(c.Token) {
		return nil, errTokenForm
	}
	if strings.ContainsAny(c.Username, "\x00\x01") {
		return nil, errors.New("the username has control characters")
	}
	for _, name := range []string{sasl.OAuthBearer, xoauth2} {
		if offered(name) {
			return &bearer{server: s, credentials: c, name: name}, nil
		}
	}
	return nil, ErrNoBearer
}

// isBearerToken reports whether a token is visible ASCII. RFC 6750 asks for less, but
// providers use more of it, and none of this can end the token's field.
func isBearerToken(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

type bearer struct {
	server      Server
	credentials Credentials
	name        string
}

// Start implements sasl.Client.
func (b *bearer) Start() (mechanism string, first []byte, err error) {
	auth := "auth=Bearer " + b.credentials.Token + "\x01\x01"
	if b.name == xoauth2 {
		return b.name, []byte("user=" + b.credentials.Username + "\x01" + auth), nil
	}
	// A comma and an equals sign end a name in a GS2 header: RFC 5801, section 4.
	text := "n,a=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(b.credentials.Username) + ",\x01"
	if b.server.Host != "" {
		text += "host=" + b.server.Host + "\x01"
	}
	if b.server.Port > 0 {
		text += "port=" + strconv.Itoa(b.server.Port) + "\x01"
	}
	return b.name, []byte(text + auth), nil
}

// Next implements sasl.Client. The server has nothing to ask.
func (b *bearer) Next(challenge []byte) ([]byte, error) {
	r := &TokenRefusal{Challenge: string(challenge)}
	var answer struct{ Status, Scope string }
	if json.Unmarshal(challenge, &answer) == nil {
		r.Status, r.Scope = answer.Status, answer.Scope
	}
	return nil, r
}

// A TokenRefusal is why a server takes no token, in its own words. They are not
// printable yet.
type TokenRefusal struct {
	Status    string // such as "invalid_token", or an HTTP status such as "401"; may be empty
	Scope     string // what the token would have to be good for; may be empty
	Challenge string // the whole of it
}

// Error returns the status and the scope, or the whole challenge.
func (r *TokenRefusal) Error() string {
	switch {
	case r.Status == "":
		return fmt.Sprintf("the server refuses the token: %s", r.Challenge)
	case r.Scope == "":
		return fmt.Sprintf("the server refuses the token with status %s", r.Status)
	}
	return fmt.Sprintf("the server refuses the token with status %s; it wants the scope %s", r.Status, r.Scope)
}
