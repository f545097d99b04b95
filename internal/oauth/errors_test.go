package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/oauth"
	"tlsbrief/internal/testing/idptest"
	"tlsbrief/internal/testing/ports"
)

// The answers are those of the providers, shortened.
func TestRefusalsAreToldInTheServersWordsWithWhatToDo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		status    int
		body      string
		code      string
		says      []string
		temporary bool
	}{
		{"Microsoft: the wrong secret", 401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '1'. Trace ID: aa Correlation ID: bb Timestamp: cc","error_codes":[7000215]}`,
			"invalid_client", []string{"AADSTS7000215", "the secret's value, not its ID"}, false},
		{"Microsoft: an expired secret", 401, `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app '1' are expired."}`,
			"invalid_client", []string{"make a new one in the app registration"}, false},
		{"Microsoft: no such app", 400, `{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier '1' was not found in the directory 'Contoso'."}`,
			"unauthorized_client", []string{"check client_id and tenant"}, false},
		{"Microsoft: no consent", 400, `{"error":"invalid_grant","error_description":"AADSTS65001: The user or administrator has not consented to use the application with ID '1'."}`,
			"invalid_grant", []string{"not consented", "Grant admin consent"}, false},
		{"Google: no delegation", 401, `{"error":"unauthorized_client","error_description":"Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."}`,
			"unauthorized_client", []string{"domain-wide delegation"}, false},
		{"Google: revoked", 400, `{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`,
			"invalid_grant", []string{"get a new refresh token"}, false},
		{"a code alone", 400, `{"error":"invalid_scope"}`, "invalid_scope", []string{"invalid_scope (check scopes"}, false},
		{"busy", 503, `{"error":"temporarily_unavailable"}`, "temporarily_unavailable", []string{"later"}, true},
		{"too many requests", 429, ``, "", []string{"HTTP status 429", "later"}, true},
		{"no OAuth2 server", 404, `<html>not here</html>`, "", []string{"HTTP status 404", "check token_url"}, false},
		{"an error in a good answer", 200, `{"error":"invalid_grant"}`, "invalid_grant", nil, false},
		{"an answer without a token", 200, `{"token_type":"Bearer"}`, "", []string{"access_token"}, false},
		{"another kind of token", 200, `{"access_token":"x","token_type":"mac"}`, "", []string{"only bearer tokens"}, false},
		{"hostile words", 400, `{"error":"invalid_\u001b[2Jgrant","error_description":"` + strings.Repeat(`\u202ey`, 2000) + `"}`, "invalid_ [2Jgrant", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			for _, grant := range []string{oauth.ClientCredentials, oauth.ServiceAccount} {
				s.Answer(tt.status, tt.body)
				o := options(s, grant)
				o.SecretInBody = true
				o.ServiceAccountFile, o.Subject = s.ServiceAccount(t, t.TempDir()), idptest.User
				_, err := oauth.New(o).Token(t.Context(), "")
				var e *oauth.Error
				if !errors.As(err, &e) {
					if grant == oauth.ServiceAccount && tt.status == 200 && strings.Contains(tt.body, "error") {
						continue
					}
					t.Fatalf("%s: Token: %v, want an Error", grant, err)
				}
				if tt.code != "" && e.Code != tt.code && tt.status != 200 || e.Temporary != tt.temporary {
					t.Errorf("%s: code %q, temporary %t; want %q, %t", grant, e.Code, e.Temporary, tt.code, tt.temporary)
				}
				for _, part := range tt.says {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%s: %v; want %q in it", grant, err, part)
					}
				}
				if strings.ContainsAny(err.Error(), "\x1b\u202e\n") || strings.Contains(err.Error(), "Trace ID") || len(err.Error()) > 1000 {
					t.Errorf("%s: the error is not fit for a line: %q", grant, err)
				}
			}
		})
	}
}

func TestNoErrorHoldsASecret(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	wrong := options(s, oauth.ClientCredentials)
	wrong.SecretInBody = true
	wrong.ClientSecret = func(context.Context) (string, error) { return "h1dden&value", nil }
	other := idptest.New(t, idptest.Options{OtherKeys: true})
	certificate := options(s, oauth.ClientCredentials)
	certificate.Certificate, certificate.Key = other.Certificate(t, t.TempDir())
	account := options(s, oauth.ServiceAccount)
	account.ServiceAccountFile, account.Subject = other.ServiceAccount(t, t.TempDir()), idptest.User
	refresh := withRefreshToken(t, s)
	if err := os.WriteFile(refresh.RefreshTokenFile, []byte("h1dden-refresh"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]oauth.Options{"secret": wrong, "certificate": certificate, "account": account, "refresh": refresh} {
		_, err := oauth.New(o).Token(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), "<secret>") {
			t.Errorf("%s: %v; want what the server repeated, hidden", name, err)
			continue
		}
		if strings.Contains(err.Error(), "h1dden") || strings.Contains(err.Error(), "eyJ") {
			t.Errorf("%s: the error spreads the secret: %v", name, err)
		}
	}
}

func TestRedirectionIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := idptest.New(t, idptest.Options{})
	s := idptest.New(t, idptest.Options{})
	s.Answer(http.StatusTemporaryRedirect, elsewhere.TokenURL())
	o := options(s, oauth.ClientCredentials)
	o.SecretInBody = true
	if _, err := oauth.New(o).Token(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "check token_url") {
		t.Errorf("Token: %v", err)
	}
	if n := len(elsewhere.Asked()); n != 0 {
		t.Errorf("the secret was taken along to another server")
	}
}

func TestSilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, grant := range []string{oauth.ClientCredentials, oauth.ServiceAccount} {
		silent := make(chan struct{})
		s := idptest.New(t, idptest.Options{Mint: func(string, int) string { <-silent; return "" }})
		o := options(s, grant)
		o.SecretInBody, o.Timeout = true, 50*time.Millisecond
		o.ServiceAccountFile, o.Subject = s.ServiceAccount(t, t.TempDir()), idptest.User
		_, err := oauth.New(o).Token(t.Context(), "")
		close(silent)
		var e *oauth.Error
		if !errors.As(err, &e) || !e.Temporary || !strings.Contains(err.Error(), "no answer within 50ms") {
			t.Errorf("%s: Token: %v; want a temporary Error", grant, err)
		}
	}
}

func TestServerThatIsNotThereIsATemporaryFault(t *testing.T) {
	t.Parallel()
	o := options(idptest.New(t, idptest.Options{}), oauth.ClientCredentials)
	o.TokenURL = fmt.Sprintf("http://127.0.0.1:%d/token", ports.Reserve(t))
	_, err := oauth.New(o).Token(t.Context(), "")
	var e *oauth.Error
	if !errors.As(err, &e) || !e.Temporary || !strings.Contains(err.Error(), "refused") {
		t.Errorf("Token: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := oauth.New(o).Token(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Token after the end: %v", err)
	}
}

func TestFilesThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate, key := s.Certificate(t, dir)
	for name, tt := range map[string]struct {
		o    oauth.Options
		says string
	}{
		"no refresh token yet":      {oauth.Options{Grant: oauth.RefreshToken, RefreshTokenFile: filepath.Join(dir, "none")}, "tlsbrief login"},
		"an empty refresh token":    {oauth.Options{Grant: oauth.RefreshToken, RefreshTokenFile: file("empty", "\n")}, "does not hold one token"},
		"two refresh tokens":        {oauth.Options{Grant: oauth.RefreshToken, RefreshTokenFile: file("two", "h1dden\nh1dden")}, "does not hold one token"},
		"a folder":                  {oauth.Options{Grant: oauth.RefreshToken, RefreshTokenFile: dir}, "not a plain file"},
		"no service account":        {oauth.Options{Grant: oauth.ServiceAccount, ServiceAccountFile: filepath.Join(dir, "none")}, "service_account_file"},
		"no key of one":             {oauth.Options{Grant: oauth.ServiceAccount, ServiceAccountFile: file("web.json", `{"web":"h1dden"}`)}, "not the key of a service account"},
		"a key of one without PEM":  {oauth.Options{Grant: oauth.ServiceAccount, ServiceAccountFile: file("bad.json", `{"type":"service_account","client_email":"a@b","private_key":"h1dden"}`)}, "no private_key"},
		"no certificate":            {oauth.Options{Grant: oauth.ClientCredentials, Certificate: filepath.Join(dir, "none"), Key: key}, "certificate_file"},
		"a key for the certificate": {oauth.Options{Grant: oauth.ClientCredentials, Certificate: certificate, Key: certificate}, "do not make a pair"},
		"an unknown grant":          {oauth.Options{Grant: "password"}, `"password" is not known`},
	} {
		_, err := oauth.New(tt.o).Token(t.Context(), "")
		var e *oauth.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "h1dden") {
			t.Errorf("%s: Token: %v; want an Error that says %q", name, err, tt.says)
		}
	}
}

func TestKnownProviders(t *testing.T) {
	t.Parallel()
	m := oauth.Known(oauth.Microsoft365, "contoso.com/../x", oauth.ClientCredentials, oauth.IMAP)
	if want := "https://login.microsoftonline.com/contoso.com%2F..%2Fx/oauth2/v2.0/token"; m.TokenURL != want || m.Scopes[0] != "https://outlook.office365.com/.default" {
		t.Errorf("Known = %+v, want %s", m, want)
	}
	for protocol, want := range map[oauth.Protocol]string{oauth.IMAP: "IMAP.AccessAsUser.All", oauth.SMTP: "SMTP.Send"} {
		m := oauth.Known(oauth.Microsoft365, "t", oauth.RefreshToken, protocol)
		if scopes := strings.Join(m.Scopes, " "); !strings.Contains(scopes, want) || !strings.Contains(scopes, "offline_access") || m.DeviceURL == "" {
			t.Errorf("Known = %+v, want %s", m, want)
		}
	}
	if g := oauth.Known(oauth.Google, "", oauth.ServiceAccount, oauth.IMAP); g.DeviceURL != "" || g.Scopes[0] != "https://mail.google.com/" {
		t.Errorf("Known = %+v", g)
	}
	if k := oauth.Known("other", "", "", oauth.IMAP); k.TokenURL != "" {
		t.Errorf("Known = %+v", k)
	}
}
