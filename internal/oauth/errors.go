package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/oauth2"

	"tlsbrief/internal/netclient"
)

var errNoAnswer = errors.New("no answer")

// An Error is why there is no token.
type Error struct {
	Server      string // the host of the token server; empty where it was not asked
	Code        string // of RFC 6749, section 5.2, such as "invalid_grant"; empty where there was none
	Description string // the server's words, in one printable line; may be empty
	Hint        string // what to do about it; may be empty
	Expired     bool   // the secret or the grant has expired or was revoked: it is netclient.ErrExpired
	Temporary   bool   // the same request may succeed later without anybody correcting anything
	Err         error  // what happened, where the server gave no code
}

// Error returns the server, the cause and the hint in one line.
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

// Is reports whether e is [netclient.ErrExpired].
func (e *Error) Is(target error) bool { return target == netclient.ErrExpired && e.Expired }

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
	var plain *netclient.PlainError
	switch {
	case errors.As(err, &refused):
		r.explainRefusal(e, refused)
	case errors.As(err, &plain), errors.As(r.network, &plain):
		e.Err, e.Hint = plain, "write token_url and auth_url with https, or make their host point to this machine"
	case r.network != nil:
		e.Err = netclient.WithText(r.network, r.clean(r.network.Error()))
		e.Temporary, e.Hint = true, "check that this machine reaches the token server"
	case r.head.isPage():
		e.Err = netclient.WithText(err, "what came is a web page and not a token")
		e.Temporary, e.Hint = true, pageHint
	default:
		e.Err = netclient.WithText(err, r.clean(err.Error()))
	}
	return e
}

// pageHint is what to do where a proxy or a portal answers in place of the token server.
// A portal may let one through after a while.
const pageHint = "a proxy or a login portal stands between this machine and the token server: let this machine through, or set HTTPS_PROXY; and check token_url"

// explainRefusal fills in what a token server answered in place of a token.
func (r *request) explainRefusal(e *Error, refused *oauth2.RetrieveError) {
	e.Code, e.Description = r.clean(refused.ErrorCode), r.clean(refused.ErrorDescription)
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Subtype     string `json:"error_subtype"` // Google's
	}
	// The grant of RFC 7523 leaves the body to us.
	if json.Unmarshal(refused.Body, &body) == nil && e.Code == "" {
		e.Code, e.Description = r.clean(body.Error), r.clean(body.Description)
	}
	status := refused.Response.StatusCode
	page := e.Code == "" && head(refused.Body).isPage()
	if e.Code == "" {
		e.Err = fmt.Errorf("it answered with HTTP status %d, and without an error of OAuth2", status)
		if page {
			e.Err = fmt.Errorf("it answered with HTTP status %d and a web page", status)
		}
	}
	known := adviceOn(e.Code, e.Description, r.clean(body.Subtype))
	e.Hint, e.Expired = known.hint, known.expired
	e.Temporary = known.temporary || isTemporary(status, e.Code)
	switch {
	case e.Hint != "":
	case e.Temporary:
		e.Hint = "the token server is busy or out of order; nothing is to be mended here, it is asked again later"
	case status == http.StatusProxyAuthRequired, status == http.StatusNetworkAuthenticationRequired:
		e.Hint = pageHint
	case e.Code != "":
	case status/100 == 3:
		e.Hint = "check token_url, and tenant where there is one; or a proxy or a login portal stands between"
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		e.Hint = "check token_url, and tenant where there is one"
	case page:
		e.Hint = pageHint
	}
}

// isTemporary reports whether an answer means that the same request may succeed later.
func isTemporary(status int, code string) bool {
	return status >= 500 && status != http.StatusNetworkAuthenticationRequired || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout ||
		code == "temporarily_unavailable" || code == "server_error" || code == "slow_down"
}

// clean returns what a server said without secrets, as a line.
func (r *request) clean(s string) string { return clean(r.secrets.Hide(s)) }

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
