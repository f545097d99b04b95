// Package oauth gets access tokens from an OAuth 2.0 token server, for IMAP and
// SMTP servers that take no password any more.
//
// A [Source] holds one token, renews it before it expires, and once after a mail
// server has refused it. [Login] gets the first refresh token of a person, by
// the device authorization grant (RFC 8628).
//
// # Trust
//
// The token server is the administrator's choice and is asked over TLS. What it
// says is bounded, and made printable before it gets into an error; its
// redirections are not followed, since a secret would go along. No error and no
// log holds a secret or a token, not even where the server repeats it.
//
// # Tolerance
//
// A token server that cannot be reached is no fault while the last token still
// holds. A token without an expiry is used until it is refused.
package oauth

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"tlsbrief/internal/netclient"
)

// The grants.
const (
	ClientCredentials = "client_credentials" // RFC 6749, section 4.4: the program itself
	RefreshToken      = "refresh_token"      // RFC 6749, section 6: a person who has logged in once
	ServiceAccount    = "service_account"    // RFC 7523, section 2.1: a service account for a person
)

// Options say which tokens to get, and how.
type Options struct {
	Grant    string
	TokenURL string
	// DeviceURL is where Login begins (RFC 8628, section 3.1).
	DeviceURL string
	Scopes    []string
	ClientID  string
	// ClientSecret is asked at each use, so that a changed one is noticed. nil:
	// there is none.
	ClientSecret func(ctx context.Context) (string, error)
	// Certificate and Key are PEM files that stand in for the client secret of
	// ClientCredentials (RFC 7523, section 2.2).
	Certificate, Key string
	// RefreshTokenFile holds the token of RefreshToken. It is written where the
	// server hands out another.
	RefreshTokenFile string
	// ServiceAccountFile is the JSON file of ServiceAccount, as Google makes it,
	// and Subject the person whose mailbox it is.
	ServiceAccountFile, Subject string
	// SecretInBody sends client and secret in the body alone. Otherwise the
	// header is tried first, as RFC 6749, section 2.3.1, has it.
	SecretInBody bool
	// TLSConfig may carry a private CA. It is not modified.
	TLSConfig *tls.Config
	// Lock, where set, keeps others from RefreshTokenFile until the function that
	// it returns is called: a server that rotates tokens takes each only once.
	Lock func(ctx context.Context) (unlock func(), err error)
	// Answered, where set, is called with the Date of each answer of the token server (RFC
	// 9110, section 6.6.1), zero where it has none.
	Answered func(host string, date time.Time)
	// Timeout bounds one request. Zero means 30 seconds.
	Timeout time.Duration
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil discards
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Lock == nil {
		o.Lock = func(context.Context) (func(), error) { return func() {}, nil }
	}
	return o
}

// A Source gives access tokens. It may be used by several goroutines.
type Source struct {
	o     Options
	style oauth2.Config // remembers how this server wants the secret
	base  http.RoundTripper

	mu       sync.Mutex
	token    *oauth2.Token // the last one; nil: none yet
	received time.Time     // when it came
	unsaved  rotated       // a refresh token that could not be written down
}

// New returns a Source. It asks for nothing yet.
func New(o Options) *Source {
	o = o.withDefaults()
	s := &Source{o: o, base: transport(o.TLSConfig)}
	if o.Answered != nil {
		s.base = &dateTransport{s.base, o.Answered}
	}
	return s
}

// A schemeTransport speaks plain text on this machine only. Configuration asks for
// https elsewhere, yet a name proves nothing about the address.
type schemeTransport struct{ secure, plain http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b schemeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return b.secure.RoundTrip(r)
	}
	return b.plain.RoundTrip(r)
}

// transport speaks TLS 1.2 or newer, and to a proxy where the environment has one, or
// plain text to this machine.
func transport(config *tls.Config) http.RoundTripper {
	return schemeTransport{secure: secureTransport(config), plain: &http.Transport{
		MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			if err := netclient.CheckPlain(conn); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return conn, nil
		},
	}}
}

func secureTransport(config *tls.Config) http.RoundTripper {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConns: 2,
		IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10, TLSClientConfig: netclient.MinTLS(config),
	}
}

// A dateTransport passes the Date of each answer on.
type dateTransport struct {
	base     http.RoundTripper
	answered func(host string, date time.Time)
}

func (d *dateTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := d.base.RoundTrip(r)
	if err == nil {
		date, _ := http.ParseTime(answer.Header.Get("Date")) // zero where there is none
		d.answered(r.URL.Hostname(), date)
	}
	return answer, err
}

// renewBefore is how long before its end a token is renewed: a mail server may look at
// it a while after it was asked for.
const renewBefore = 5 * time.Minute

// Token returns an access token. refused, where not empty, is one that a mail
// server has refused: it is not given again. Every error but that of an ended
// ctx is an [*Error].
func (s *Source) Token(ctx context.Context, refused string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	if s.holds(refused) && !s.due(now) {
		return s.token.AccessToken, nil
	}
	token, err := s.fetch(ctx)
	if err == nil {
		s.token, s.received = token, s.o.Now()
		return token.AccessToken, nil
	}
	if s.holds(refused) && now.Before(s.token.Expiry) {
		if !errors.Is(ctx.Err(), context.Canceled) { // a stop is no fault of the token server's
			s.o.Log.Warn("the access token could not be renewed yet; the old one still holds", "err", err)
		}
		return s.token.AccessToken, nil
	}
	return "", err
}

// holds reports whether there is a token that was not refused.
func (s *Source) holds(refused string) bool { return s.token != nil && s.token.AccessToken != refused }

// due reports whether the token is to be renewed: five minutes before its end, or
// at half its life where that is short.
func (s *Source) due(now time.Time) bool {
	end := s.token.Expiry
	return !end.IsZero() && !now.Before(end.Add(-min(renewBefore, end.Sub(s.received)/2)))
}
