package oauth_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsbrief/internal/oauth"
	"tlsbrief/internal/testing/idptest"
)

// options are those of a client with a secret.
func options(s *idptest.Server, grant string) oauth.Options {
	return oauth.Options{
		Grant: grant, TokenURL: s.TokenURL(), DeviceURL: s.DeviceURL(), ClientID: idptest.ClientID, Scopes: []string{"mail", "more"},
		ClientSecret: func(context.Context) (string, error) { return idptest.ClientSecret, nil },
	}
}

func withRefreshToken(t *testing.T, s *idptest.Server) oauth.Options {
	t.Helper()
	o := options(s, oauth.RefreshToken)
	o.RefreshTokenFile = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(o.RefreshTokenFile, []byte(s.Refresh()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return o
}

func token(t *testing.T, s *oauth.Source, refused string) string {
	t.Helper()
	got, err := s.Token(t.Context(), refused)
	if err != nil {
		t.Fatalf("Token: %v", err)
	}
	return got
}

func TestEveryGrantGetsAToken(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(t *testing.T, s *idptest.Server) oauth.Options{
		"client_credentials with a secret": func(_ *testing.T, s *idptest.Server) oauth.Options {
			return options(s, oauth.ClientCredentials)
		},
		"client_credentials with a secret in the body": func(_ *testing.T, s *idptest.Server) oauth.Options {
			o := options(s, oauth.ClientCredentials)
			o.SecretInBody = true
			return o
		},
		"client_credentials with a certificate": func(t *testing.T, s *idptest.Server) oauth.Options {
			o := options(s, oauth.ClientCredentials)
			o.ClientSecret = nil
			o.Certificate, o.Key = s.Certificate(t, t.TempDir())
			return o
		},
		"refresh_token": withRefreshToken,
		"service_account": func(t *testing.T, s *idptest.Server) oauth.Options {
			o := options(s, oauth.ServiceAccount)
			o.ServiceAccountFile, o.Subject = s.ServiceAccount(t, t.TempDir()), idptest.User
			return o
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			if got := token(t, oauth.New(set(t, s)), ""); got != "access-1" {
				t.Errorf("Token = %q", got)
			}
			form := s.Asked()[0]
			if strings.Contains(name, "body") && form.Get("client_secret") != idptest.ClientSecret {
				t.Error("the secret was not sent in the body")
			}
			if strings.HasPrefix(name, "client") && form.Get("scope") != "mail more" {
				t.Errorf("scope = %q", form.Get("scope"))
			}
		})
	}
}

func TestSecretGoesInTheHeaderWhereTheServerWantsIt(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{HeaderOnly: true})
	if got := token(t, oauth.New(options(s, oauth.ClientCredentials)), ""); got != "access-1" {
		t.Errorf("Token = %q", got)
	}
}

func TestTokenIsKeptUntilItIsDueOrRefused(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{ExpiresIn: time.Hour})
	now := time.Now()
	o := options(s, oauth.ClientCredentials)
	o.Now = func() time.Time { return now }
	source := oauth.New(o)
	for _, step := range []struct {
		after   time.Duration
		refused string
		want    string
	}{
		{0, "", "access-1"},
		{54 * time.Minute, "", "access-1"},
		{2 * time.Minute, "", "access-2"}, // less than five minutes before its end
		{0, "access-1", "access-2"},       // refused was the one before
		{0, "access-2", "access-3"},
		{0, "", "access-3"},
	} {
		now = now.Add(step.after)
		if got := token(t, source, step.refused); got != step.want {
			t.Errorf("Token(%q) after %s = %q, want %q", step.refused, step.after, got, step.want)
		}
	}
}

func TestTokenWithoutAnEndIsUsedUntilItIsRefused(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{ExpiresIn: -1})
	now := time.Now()
	o := options(s, oauth.ClientCredentials)
	o.Now = func() time.Time { return now }
	source := oauth.New(o)
	token(t, source, "")
	now = now.AddDate(1, 0, 0)
	if got := token(t, source, ""); got != "access-1" {
		t.Errorf("Token after a year = %q", got)
	}
}

func TestTokenThatStillHoldsIsGivenWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{ExpiresIn: time.Hour})
	now := time.Now()
	o := options(s, oauth.ClientCredentials)
	o.SecretInBody = true // one request a try
	o.Now = func() time.Time { return now }
	source := oauth.New(o)
	token(t, source, "")
	now = now.Add(57 * time.Minute)
	s.Answer(503, `down`)
	if got := token(t, source, ""); got != "access-1" {
		t.Errorf("Token = %q", got)
	}
	s.Answer(503, `down`)
	var e *oauth.Error
	if _, err := source.Token(t.Context(), "access-1"); !errors.As(err, &e) || !e.Temporary {
		t.Errorf("Token after a refusal: %v; want a temporary Error, never the refused token", err)
	}
	now = now.Add(time.Hour)
	s.Answer(503, `down`)
	if _, err := source.Token(t.Context(), ""); err == nil {
		t.Error("a token that has expired was given")
	}
}

// That the work is stopped while a token is renewed is no fault of the token server's.
func TestAStopWhileATokenIsRenewedIsNoWarning(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan struct{})
	s := idptest.New(t, idptest.Options{ExpiresIn: time.Hour, Mint: func(_ string, n int) string {
		if n > 1 {
			stop()
			<-asked
		}
		return "access"
	}})
	now := time.Now()
	var log bytes.Buffer
	o := options(s, oauth.ClientCredentials)
	o.SecretInBody, o.Log = true, slog.New(slog.NewTextHandler(&log, nil))
	o.Now = func() time.Time { return now }
	source := oauth.New(o)
	token(t, source, "")
	now = now.Add(57 * time.Minute)
	got, err := source.Token(ctx, "")
	close(asked)
	if err != nil || got != "access" || log.Len() > 0 {
		t.Errorf("Token = %q, %v, and it logs %q; want the token that still holds, and no word", got, err, log.String())
	}
}

func TestRotatedRefreshTokenIsWrittenBackForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	o := withRefreshToken(t, s)
	for i := range 3 {
		if got := token(t, oauth.New(o), ""); got != fmt.Sprintf("access-%d", i+1) {
			t.Errorf("Token = %q", got)
		}
		data, err := os.ReadFile(o.RefreshTokenFile)
		if err != nil || strings.TrimSpace(string(data)) != s.Refresh() {
			t.Errorf("the file holds %q, %v; want %q", data, err, s.Refresh())
		}
	}
	info, err := os.Stat(o.RefreshTokenFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(o.RefreshTokenFile), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRefreshTokenBehindALinkIsWrittenWhereItPointsTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(real, []byte("old"), 0o600), os.Symlink(real, link)); err != nil {
		t.Fatal(err)
	}
	if err := oauth.WriteRefreshToken(link, "new"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	data, readErr := os.ReadFile(real)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 || string(data) != "new\n" {
		t.Errorf("link %v, real %q, %v, %v", info, data, err, readErr)
	}
}

// The folder is gone by the time that the server answers: what it handed out must
// not be lost while the process lives.
func TestRefreshTokenThatCannotBeWrittenIsKept(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	o := withRefreshToken(t, s)
	dir := filepath.Dir(o.RefreshTokenFile)
	away := dir + "-away"
	o.ClientSecret = func(context.Context) (string, error) { // asked after the file was read
		if s.Refresh() == "refresh-0" {
			return "", os.Rename(dir, away)
		}
		return "", nil
	}
	source := oauth.New(o)
	if got := token(t, source, ""); got != "access-1" {
		t.Fatalf("Token = %q", got)
	}
	if err := os.Rename(away, dir); err != nil {
		t.Fatal(err)
	}
	if got := token(t, source, "access-1"); got != "access-2" {
		t.Errorf("Token = %q; the rotated refresh token was lost", got)
	}
	if data, err := os.ReadFile(o.RefreshTokenFile); err != nil || strings.TrimSpace(string(data)) != s.Refresh() {
		t.Errorf("the file holds %q, %v; want %q, written at the next occasion", data, err, s.Refresh())
	}
}

func TestRefreshTokenIsUsedUnderTheLock(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	o := withRefreshToken(t, s)
	locked := 0
	o.Lock = func(context.Context) (func(), error) {
		locked++
		if n := len(s.Asked()); n != 0 {
			t.Errorf("the server was asked %d times before the lock", n)
		}
		return func() {
			if data, _ := os.ReadFile(o.RefreshTokenFile); strings.TrimSpace(string(data)) != s.Refresh() {
				t.Error("unlocked before the new token was written")
			}
			locked--
		}, nil
	}
	token(t, oauth.New(o), "")
	if locked != 0 || len(s.Asked()) != 1 {
		t.Errorf("locked %d times more than unlocked, %d requests", locked, len(s.Asked()))
	}
}

func TestServerIsReachedOverTLSOfATrustedCA(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{TLS: true})
	o := options(s, oauth.ClientCredentials)
	var e *oauth.Error
	if _, err := oauth.New(o).Token(t.Context(), ""); !errors.As(err, &e) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Token from a server of an unknown CA: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.HTTP.Certificate())
	o.TLSConfig = &tls.Config{RootCAs: roots}
	token(t, oauth.New(o), "")
}

func TestManyAtOnceAskForOneToken(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	source := oauth.New(withRefreshToken(t, s))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := source.Token(t.Context(), ""); got != "access-1" || err != nil {
				t.Errorf("Token = %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := len(s.Asked()); n != 1 {
		t.Errorf("the server was asked %d times", n)
	}
}
