package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// A Prompt is what a person has to do to log in: to open an address, in any
// browser, and enter a code. Both are printable.
type Prompt struct {
	Address string
	Code    string
	Until   time.Time // when the code ends
}

// What a token server may ask for in the way of waiting.
const (
	codeLife      = 15 * time.Minute // where it does not say
	longestLife   = time.Hour
	longestPauses = 60 // seconds between two questions
)

// Login gets a refresh token by the device authorization grant, RFC 8628: it
// shows a person what to do, and waits until it is done. Every error but that of
// an ended ctx and of show is an [*Error].
func Login(ctx context.Context, o Options, show func(Prompt) error) (refreshToken string, err error) {
	o = o.withDefaults()
	r := &request{o: &o, base: transport(o.TLSConfig)}
	secret, err := r.clientSecret(ctx)
	if err != nil {
		return "", r.explain(ctx, err)
	}
	c := &oauth2.Config{
		ClientID: o.ClientID, ClientSecret: secret, Scopes: o.Scopes,
		Endpoint: oauth2.Endpoint{DeviceAuthURL: o.DeviceURL, TokenURL: o.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}
	withClient := r.withClient(ctx)
	code, err := c.DeviceAuth(withClient)
	if err == nil {
		err = r.checkDeviceAuth(code)
	}
	if err != nil {
		return "", r.explain(ctx, err)
	}
	if err := show(Prompt{clean(code.VerificationURI), clean(code.UserCode), code.Expiry}); err != nil {
		return "", err
	}
	token, err := r.wait(withClient, c, code)
	if err == nil {
		err = checkToken(token)
	}
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return "", &Error{Server: hostOf(o.TokenURL), Code: "expired_token", Hint: adviceOn("expired_token", "", "").hint}
	case err != nil:
		return "", r.explain(ctx, err)
	case token.RefreshToken == "":
		return "", &Error{Server: hostOf(o.TokenURL), Hint: "most servers want offline_access among the scopes",
			Err: errors.New("it gave a token and no refresh token")}
	}
	return token.RefreshToken, nil
}

// checkDeviceAuth checks a device authorization response (RFC 8628, section 3.2), and puts
// bounds on what is waited for. x/oauth2 panics at an interval below zero.
func (r *request) checkDeviceAuth(code *oauth2.DeviceAuthResponse) error {
	address, err := url.Parse(code.VerificationURI)
	switch {
	case code.DeviceCode == "" || code.UserCode == "" || len(code.UserCode) > 100:
		return errors.New("its answer has no device_code or no user_code")
	case err != nil || address.Scheme != "https" && address.Scheme != "http" || address.Host == "" || len(code.VerificationURI) > 500:
		return fmt.Errorf("it names no address to log in at: %q", r.clean(code.VerificationURI))
	}
	r.secrets.Add(code.DeviceCode)
	code.Interval = min(max(code.Interval, 0), longestPauses)
	now := time.Now() // as x/oauth2 counts
	if code.Expiry.IsZero() {
		code.Expiry = now.Add(codeLife)
	}
	if latest := now.Add(longestLife); code.Expiry.After(latest) {
		code.Expiry = latest
	}
	return nil
}

// wait asks for the token until the person has logged in. A network that fails
// meanwhile, or a token server that is out of order, does not end it; it is asked less
// often then, as RFC 8628, section 3.5, has it.
func (r *request) wait(ctx context.Context, c *oauth2.Config, code *oauth2.DeviceAuthResponse) (*oauth2.Token, error) {
	for {
		token, err := c.DeviceAccessToken(ctx, code)
		if err == nil || ctx.Err() != nil || !time.Now().Before(code.Expiry) {
			return token, err
		}
		var fault *Error
		if !errors.As(r.explain(ctx, err), &fault) || !fault.Temporary {
			return token, err
		}
		r.o.Log.Debug("the token server cannot say whether somebody has logged in; it is asked again", "err", fault)
		code.Interval = min(2*max(code.Interval, 1), longestPauses)
	}
}
