package imaptest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// prepareTokens lets Dovecot verify access tokens itself: JWTs (RFC 7519) signed by a
// key in a folder.
func (d *dovecot) prepareTokens(t testing.TB) {
	t.Helper()
	d.secret = []byte(rand.Text())
	keys := filepath.Join(d.base, "keys", "default", "HS256")
	if err := os.MkdirAll(keys, 0o755); err != nil {
		t.Fatal(err)
	}
	d.write(t, "keys/default/HS256/default", []byte(base64.StdEncoding.EncodeToString(d.secret)))
	d.write(t, "oauth2.conf", fmt.Appendf(nil, `
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=%s/keys/
username_attribute = sub
openid_configuration_url = https://idp.example.test/.well-known/openid-configuration
`, d.base))
}

// AccessToken returns an OAuth2 access token for a user that Dovecot accepts until it
// expires, to the second. Only Dovecot takes tokens.
func (s *Server) AccessToken(t testing.TB, user string, expires time.Time) string {
	t.Helper()
	if s.dovecot == nil {
		t.Fatalf("a %s server takes no tokens", s.Kind)
	}
	return s.dovecot.accessToken(user, expires)
}

func (d *dovecot) accessToken(user string, expires time.Time) string {
	part := func(v map[string]any) string {
		data, err := json.Marshal(v)
		if err != nil {
			return "" // text and numbers can always be encoded
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	started := time.Now().Add(-time.Minute).Unix()
	if expires.Unix() < started {
		started = expires.Unix() - 60
	}
	token := part(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." +
		part(map[string]any{"sub": user, "iat": started, "nbf": started, "exp": expires.Unix(), "iss": "imaptest", "jti": rand.Text()})
	mac := hmac.New(sha256.New, d.secret)
	mac.Write([]byte(token))
	return token + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// As returns the server for one of its users of WithUsers.
func (s *Server) As(t testing.TB, user string) *Server {
	t.Helper()
	as := *s
	as.Username, as.Password = user, passwordOf(user)
	if s.dovecot != nil {
		d := *s.dovecot
		d.username, d.password = as.Username, as.Password
		as.dovecot = &d
	}
	if s.admin != nil {
		as.admin = &admin{addr: s.Addr, mode: s.TLS, username: as.Username, password: as.Password, config: s.admin.config}
		t.Cleanup(as.admin.close)
	}
	return &as
}

func passwordOf(user string) string { return "secret-of-" + user }
