package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/oauth"
	"tlsbrief/internal/testing/idptest"
)

// M-G10: the large providers say by a number or a code what is wrong, and each has
// its own remedy.
func TestEachRefusalHasAHintOfItsOwn(t *testing.T) {
	t.Parallel()
	microsoft := func(code, number string) string {
		return fmt.Sprintf(`{"error":%q,"error_description":"AADSTS%s: Words that change. Trace ID: 1"}`, code, number)
	}
	google := func(code string) string {
		return fmt.Sprintf(`{"error":%q,"error_description":"Words that change."}`, code)
	}
	s := idptest.New(t, idptest.Options{})
	o := options(s, oauth.ClientCredentials)
	o.SecretInBody = true
	for _, tt := range []struct {
		name      string
		status    int
		body      string
		says      string
		temporary bool
	}{
		{"the app is disabled", 401, microsoft("unauthorized_client", "7000112"), "the app is disabled", false},
		{"no such service", 400, microsoft("invalid_resource", "500011"), "check scopes and tenant", false},
		{"clock", 401, microsoft("invalid_client", "700024"), "clock", false},
		{"clock, another number", 401, microsoft("invalid_client", "500133"), "clock", false},
		{"no such user", 400, microsoft("invalid_grant", "50034"), "no such user", false},
		{"account disabled", 400, microsoft("invalid_grant", "50057"), "the account is disabled", false},
		{"account locked", 400, microsoft("invalid_grant", "50053"), "locked", false},
		{"password expired", 400, microsoft("invalid_grant", "50055"), "the password has expired", false},
		{"not assigned", 400, microsoft("invalid_grant", "50105"), "not assigned to the app", false},
		{"sign-in frequency", 400, microsoft("invalid_grant", "70043"), "log in anew", false},
		{"no such app, by the old number", 400, microsoft("unauthorized_client", "70001"), "check client_id and tenant", false},
		{"consent by an administrator", 400, microsoft("invalid_grant", "90094"), "Grant admin consent", false},
		{"a number that begins as another", 400, microsoft("invalid_grant", "700011999"), "the grant is no longer valid", false},
		{"out of order", 400, microsoft("invalid_request", "90033"), "asked again later", true},
		{"organization's own", 403, google("org_internal"), "its own Google organization", false},
		{"an administrator's policy", 403, google("admin_policy_enforced"), "App access control", false},
		{"re-authentication", 400, `{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt)","error_subtype":"invalid_rapt"}`, "session control", false},
		{"interaction", 400, google("interaction_required"), "log in anew", false},
		{"too many requests", 429, `{"error":"invalid_request"}`, "asked again later", true},
		{"too many requests, without words", 429, ``, "asked again later", true},
		{"out of order, with a page", 503, `<html>Service Unavailable</html>`, "asked again later", true},
		{"out of order, with a code", 503, google("server_error"), "asked again later", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.Answer(tt.status, tt.body)
			_, err := oauth.New(o).Token(t.Context(), "")
			var e *oauth.Error
			if !errors.As(err, &e) || !strings.Contains(e.Hint, tt.says) || e.Temporary != tt.temporary {
				t.Errorf("Token: %v; want a hint that says %q, temporary %t", err, tt.says, tt.temporary)
			}
			expired := slices.Contains([]string{"password expired", "sign-in frequency", "a number that begins as another", "re-authentication"}, tt.name)
			if errors.Is(err, netclient.ErrExpired) != expired {
				t.Errorf("Token: %v; want ErrExpired %t", err, expired)
			}
		})
	}
}

// M-G11: somebody else than the token server answers.
func TestAWebPageIsNoToken(t *testing.T) {
	t.Parallel()
	const portal = "<!DOCTYPE html><html><title>Welcome to the hotel</title></html>"
	s := idptest.New(t, idptest.Options{})
	account := s.ServiceAccount(t, t.TempDir())
	for _, tt := range []struct {
		name   string
		status int
		body   string
		says   string
	}{
		{"a portal", 200, portal, "what came is a web page and not a token"},
		{"a portal, after blank lines", 200, "\r\n  \ufeff\n" + portal, "what came is a web page and not a token"},
		{"XML", 200, `<?xml version="1.0"?><login/>`, "what came is a web page and not a token"},
		{"a portal that says so", 511, portal, "HTTP status 511 and a web page"},
		{"a proxy that wants a password", 407, portal, "HTTP status 407 and a web page"},
		{"a filter", 403, portal, "HTTP status 403 and a web page"},
		{"a portal that leads elsewhere", 302, "https://portal.example/", "a login portal"},
	} {
		for _, grant := range []string{oauth.ClientCredentials, oauth.ServiceAccount, "device"} {
			t.Run(tt.name+", "+grant, func(t *testing.T) {
				s.Answer(tt.status, tt.body)
				o := options(s, grant)
				o.SecretInBody = true
				var err error
				if grant == "device" {
					_, err = oauth.Login(t.Context(), o, func(oauth.Prompt) error { return errors.New("shown") })
				} else {
					o.ServiceAccountFile, o.Subject = account, idptest.User
					_, err = oauth.New(o).Token(t.Context(), "")
				}
				var e *oauth.Error
				if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(e.Hint, "portal") || strings.Contains(err.Error(), "json") {
					t.Errorf("error = %v; want one that says %q, and of a portal", err, tt.says)
				}
			})
		}
	}
}

// M-I4: a token server may repeat what it was sent as well.
func TestNoErrorHoldsASecretInAnotherForm(t *testing.T) {
	t.Parallel()
	const secret = "h1dden&value"
	s := idptest.New(t, idptest.Options{})
	for name, said := range map[string]string{
		"base64":      "you sent YXBwLTE6aDFkZGVuJnZhbHVl", // app-1:h1dden&value
		"hexadecimal": "you sent 68316464656e2676616c7565",
		"upper case":  "you sent H1DDEN&VALUE",
	} {
		s.Answer(401, fmt.Sprintf(`{"error":"invalid_client","error_description":%q}`, said))
		o := options(s, oauth.ClientCredentials)
		o.SecretInBody = true
		o.ClientSecret = func(context.Context) (string, error) { return secret, nil }
		if _, err := oauth.New(o).Token(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "you sent <secret>") {
			t.Errorf("%s: Token: %v", name, err)
		}
	}
}

// M-I5: http is for this machine; where the name leads decides, not the name.
func TestSecretsGoInPlainTextToThisMachineOnly(t *testing.T) {
	t.Parallel()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(addresses, func(a net.Addr) bool {
		ip, ok := a.(*net.IPNet)
		return ok && ip.IP.To4() != nil && !ip.IP.IsLoopback()
	})
	if i < 0 {
		t.Skip("this machine has no address but loopback, so that plain text cannot leave it")
	}
	l, err := net.Listen("tcp", net.JoinHostPort(addresses[i].(*net.IPNet).IP.String(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	o := oauth.Options{
		Grant: oauth.ClientCredentials, TokenURL: "http://" + l.Addr().String() + "/token", ClientID: idptest.ClientID,
		ClientSecret: func(context.Context) (string, error) { return idptest.ClientSecret, nil },
	}
	_, err = oauth.New(o).Token(t.Context(), "")
	var e *oauth.Error
	if !errors.As(err, &e) || e.Temporary || !strings.Contains(err.Error(), "is not on it: nothing was sent") || !strings.Contains(e.Hint, "https") {
		t.Errorf("Token: %v; want one that nothing was sent", err)
	}
}
