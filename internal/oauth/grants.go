package oauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"

	"tlsbrief/internal/netclient"
)

// maxToken bounds a token in bytes: the mail server must take it in one line.
const maxToken = 64 << 10

// fetch gets a token by the configured grant.
func (s *Source) fetch(ctx context.Context) (*oauth2.Token, error) {
	r := &request{o: &s.o, base: s.base}
	var token *oauth2.Token
	var err error
	switch s.o.Grant {
	case ClientCredentials:
		token, err = s.clientCredentials(ctx, r)
	case RefreshToken:
		token, err = s.refresh(ctx, r)
	case ServiceAccount:
		token, err = s.serviceAccount(ctx, r)
	default:
		err = fmt.Errorf("the grant %q is not known", s.o.Grant)
	}
	if err == nil {
		err = checkToken(token)
	}
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	return token, nil
}

// checkToken returns why a token cannot be used; nil if it can.
func checkToken(token *oauth2.Token) error {
	switch t := token.AccessToken; {
	case t == "":
		return errors.New("the answer has no access_token")
	case len(t) > maxToken:
		return fmt.Errorf("the access token has more than %d bytes", maxToken)
	case !strings.EqualFold(token.Type(), "bearer"):
		return fmt.Errorf("the token is of the type %q, and only bearer tokens can be used", clean(token.Type()))
	}
	return nil
}

// A request is what is asked of a token server at one time: what must not get
// out of it, and where it goes.
type request struct {
	o       *Options
	base    http.RoundTripper
	secrets netclient.Secrets
	network error // why the last request got no answer; jwt keeps only its words
	head    head  // of the last answer
}

// do runs f with a context that x/oauth2 finds our HTTP client in. Some of its
// requests have no context of their own: the client gives them this one.
func (r *request) do(ctx context.Context, f func(context.Context) (*oauth2.Token, error)) (*oauth2.Token, error) {
	return f(r.withClient(ctx))
}

func (r *request) withClient(ctx context.Context) context.Context {
	client := &http.Client{
		Transport: boundedTransport{ctx, r},
		// A redirection would take the secret with it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return context.WithValue(ctx, oauth2.HTTPClient, client)
}

// A boundedTransport gives every request a context, and a time to be done in.
type boundedTransport struct {
	ctx context.Context
	r   *request
}

// RoundTrip implements http.RoundTripper.
func (b boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	timeout := b.r.o.Timeout
	ctx, cancel := context.WithTimeoutCause(b.ctx, timeout, errNoAnswer)
	response, err := b.r.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		if errors.Is(context.Cause(ctx), errNoAnswer) {
			err = fmt.Errorf("%w within %s", errNoAnswer, timeout)
		}
		b.r.network = err
		return nil, err
	}
	b.r.network = nil
	b.r.head = nil
	response.Body = body{response.Body, cancel, &b.r.head}
	return response, nil
}

// A head is how an answer begins.
type head []byte

// maxBegan bounds a head, in bytes.
const maxBegan = 256

// isPage reports whether the answer is a web page, whatever it was declared as.
func (h head) isPage() bool {
	return bytes.HasPrefix(bytes.TrimLeft(h, "\ufeff \t\r\n"), []byte("<"))
}

// A body ends its request's context when it has been read, and keeps its head.
type body struct {
	io.ReadCloser
	done  context.CancelFunc
	began *head
}

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	*b.began = append(*b.began, p[:min(n, maxBegan-len(*b.began))]...)
	return n, err
}

func (b body) Close() error {
	err := b.ReadCloser.Close()
	b.done()
	return err
}

// clientSecret asks for the secret, where there is one.
func (r *request) clientSecret(ctx context.Context) (string, error) {
	if r.o.ClientSecret == nil {
		return "", nil
	}
	secret, err := r.o.ClientSecret(ctx)
	if err != nil {
		return "", &localError{fmt.Errorf("getting the client secret: %w", err)}
	}
	r.secrets.Add(secret)
	return secret, nil
}

// style is how client and secret are sent. One without a secret can only be in
// the body.
func (o *Options) style(secret string) oauth2.AuthStyle {
	if o.SecretInBody || secret == "" {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleAutoDetect
}

func (s *Source) clientCredentials(ctx context.Context, r *request) (*oauth2.Token, error) {
	c := clientcredentials.Config{ClientID: s.o.ClientID, TokenURL: s.o.TokenURL, Scopes: s.o.Scopes}
	if s.o.Certificate != "" {
		assertion, err := signedAssertion(&s.o, s.o.Now())
		if err != nil {
			return nil, &localError{err}
		}
		r.secrets.Add(assertion)
		c.EndpointParams = url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {assertion},
		}
	} else {
		secret, err := r.clientSecret(ctx)
		if err != nil {
			return nil, err
		}
		c.ClientSecret = secret
	}
	c.AuthStyle = s.o.style(c.ClientSecret)
	return r.do(ctx, func(ctx context.Context) (*oauth2.Token, error) { return c.Token(ctx) })
}

func (s *Source) serviceAccount(ctx context.Context, r *request) (*oauth2.Token, error) {
	account, err := readServiceAccount(s.o.ServiceAccountFile)
	if err != nil {
		return nil, &localError{err}
	}
	c := jwt.Config{
		Email: account.Email, PrivateKey: []byte(account.PrivateKey), PrivateKeyID: account.PrivateKeyID,
		Subject: s.o.Subject, Scopes: s.o.Scopes, TokenURL: s.o.TokenURL,
	}
	return r.do(ctx, func(ctx context.Context) (*oauth2.Token, error) { return c.TokenSource(ctx).Token() })
}
