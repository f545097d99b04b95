package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/oauth2"
)

var errNoAnswer = errors.New("no answer")

// An Error says why there is no token.
type Error struct {
	Server      string // the host of the token server; empty where it was not asked
	Code        string // of RFC 6749, section 5.2, such as "invalid_grant"; empty where there was none
	Description string // the server's words, in one printable line; may be empty
	Hint        string // what to do about it; may be empty
	Temporary   bool   // the same request may succeed later without anybody mending anything
	Err         error  // what happened, where the server gave no code
}

// Error tells the whole story in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("no access token: ")
	if e.Server != "" {
		b.WriteString(e.Server + ": ")
	}
	switch {
	case e.Code != "" && e.Description != "":
		b.WriteString(e.Code + ": " + e.Description)
	case e.Code != "":
		b.WriteString(e.Code)
	default:
		b.WriteString(e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap returns what happened, or nil.
func (e *Error) Unwrap() error { return e.Err }

// A localError is one that the token server has nothing to do with.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// explain makes an Error of what went wrong. An error of x/oauth2 may quote the
// whole answer, so its own words are not used.
func (r *request) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("getting an access token: %w", context.Cause(ctx))
	}
	var local *localError
	if errors.As(err, &local) {
		return &Error{Err: local.err}
	}
	e := &Error{Server: hostOf(r.o.TokenURL)}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		if r.network != nil {
			err = r.network
			e.Temporary, e.Hint = true, "check that this machine reaches the token server"
		}
		e.Err = &cause{err, r.clean(err.Error())}
		return e
	}
	e.Code, e.Description = r.clean(refused.ErrorCode), r.clean(refused.ErrorDescription)
	if e.Code == "" { // the grant of RFC 7523 leaves the body to us
		var body struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if json.Unmarshal(refused.Body, &body) == nil {
			e.Code, e.Description = r.clean(body.Error), r.clean(body.Description)
		}
	}
	status := refused.Response.StatusCode
	e.Temporary = status >= 500 || status == http.StatusTooManyRequests ||
		e.Code == "temporarily_unavailable" || e.Code == "server_error"
	if e.Code == "" {
		e.Err = fmt.Errorf("it answered with HTTP status %d, and without an error of OAuth2", status)
		if status/100 == 3 || status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
			e.Hint = "check token_url, and tenant where there is one"
		}
	}
	if hint := hint(e.Code, e.Description); hint != "" {
		e.Hint = hint
	}
	return e
}

// A cause is an error from below with its words made printable.
type cause struct {
	err  error
	text string
}

func (c *cause) Error() string { return c.text }
func (c *cause) Unwrap() error { return c.err }

// signed finds JWTs (RFC 7519), which prove who asks and of which some are made
// where we do not see them.
var signed = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)

// clean takes the secrets out of what a server said, and makes a line of it.
func (r *request) clean(s string) string {
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, "<secret>")
	}
	return clean(signed.ReplaceAllString(s, "<secret>"))
}

// clean makes one printable line of at most 500 bytes or so. Microsoft appends
// to its errors what only its own support has a use for.
func clean(s string) string {
	const most = 500
	s, _, _ = strings.Cut(s, " Trace ID:")
	var b strings.Builder
	for _, r := range s {
		switch {
		case b.Len() >= most:
			return b.String() + "…"
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
