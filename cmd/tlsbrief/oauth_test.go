package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/testing/idptest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/internal/testing/smtpsink"
)

// withOAuth writes a configuration that logs in to both servers by tokens.
func withOAuth(t *testing.T, s *imaptest.Server, sink *smtpsink.Sink, box, smtp string) *rig {
	t.Helper()
	r := &rig{dir: t.TempDir(), imap: s, smtp: sink}
	text := fmt.Sprintf(`
[database]
path = "tlsrpt.db"
[[mailbox]]
name = "reports"
host = %q
port = %d
tls = %q
ca_file = %q
username = %q
folders = ["INBOX"]
[mailbox.oauth2]
%s
[smtp]
host = "127.0.0.1"
port = %d
tls = "none"
username = "reports@example.test"
from = "TLS reports <reports@example.com>"
to = ["postmaster@example.com"]
[smtp.oauth2]
%s
%s`, s.Host, s.Port, s.TLS, caFile(s), s.Username, box, sink.Port(), smtp, unchecked)
	r.write(t, "config.toml", text)
	return r
}

func byRefreshToken(idp *idptest.Server) string {
	return fmt.Sprintf("grant = \"refresh_token\"\ntoken_url = %q\nauth_url = %q\nclient_id = %q\nscopes = [\"mail\"]\nrefresh_token_file = \"token\"\n",
		idp.TokenURL(), idp.DeviceURL(), idptest.ClientID)
}

// The main job against a real server that is logged in to by tokens alone, and
// the digest by a refresh token that is replaced each time.
func TestMainJobByOAuth2(t *testing.T) {
	t.Parallel()
	long(t)
	s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"))
	reports, _ := sampleMail(t, time.Now(), 3, 0)
	deliver(t, s, reports)
	for name, grant := range map[string]func(idp *idptest.Server, dir string) string{
		"client_credentials": func(_ *idptest.Server, dir string) string {
			secret := filepath.Join(dir, "secret")
			if err := os.WriteFile(secret, []byte(idptest.ClientSecret), 0o600); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("grant = \"client_credentials\"\nclient_id = %q\nclient_secret_file = %q\n", idptest.ClientID, secret)
		},
		"certificate": func(idp *idptest.Server, dir string) string {
			certificate, key := idp.Certificate(t, dir)
			return fmt.Sprintf("grant = \"client_credentials\"\nclient_id = %q\ncertificate_file = %q\nkey_file = %q\n", idptest.ClientID, certificate, key)
		},
		"service_account": func(idp *idptest.Server, dir string) string {
			return fmt.Sprintf("grant = \"service_account\"\nservice_account_file = %q\nscopes = [\"mail\"]\n", idp.ServiceAccount(t, dir))
		},
	} {
		idp := idptest.New(t, idptest.Options{Mint: func(user string, _ int) string {
			return s.AccessToken(t, user, time.Now().Add(time.Hour))
		}})
		forSMTP := idptest.New(t, idptest.Options{Mint: func(string, int) string { return "for-smtp" }})
		sink := smtpsink.New(t, smtpsink.Options{User: idptest.User, Password: "for-smtp", Mechanisms: []string{"XOAUTH2"}})
		box := grant(idp, t.TempDir()) + fmt.Sprintf("token_url = %q\n", idp.TokenURL())
		r := withOAuth(t, s, sink, box, byRefreshToken(forSMTP))
		r.write(t, "token", forSMTP.Refresh())
		if out := r.must(t, "verify"); strings.Contains(out, "FAIL") {
			t.Errorf("%s: %s", name, out)
		}
		if got := r.poll(t, "backfill"); got.Recorded != len(reports) {
			t.Errorf("%s: %+v, want %d recorded", name, got, len(reports))
		}
		r.must(t, "digest")
		if mails := sink.Mails(); len(mails) != 1 || mails[0].Mechanism != "XOAUTH2" {
			t.Errorf("%s: %d mails", name, len(mails))
		}
		if data, err := os.ReadFile(filepath.Join(r.dir, "token")); err != nil || strings.TrimSpace(string(data)) != "refresh-2" {
			t.Errorf("%s: the file of the refresh token holds %q, %v; want the second that was handed out", name, data, err)
		}
	}
}

func deliver(t *testing.T, s *imaptest.Server, mails []samples.Mail) {
	t.Helper()
	for _, m := range mails {
		s.Append(t, "INBOX", nil, m.Date, m.Data)
	}
}

func TestLoginStoresATokenThatPollsUse(t *testing.T) {
	t.Parallel()
	long(t)
	s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"))
	idp := idptest.New(t, idptest.Options{Mint: func(user string, _ int) string {
		return s.AccessToken(t, user, time.Now().Add(time.Hour))
	}})
	r := withOAuth(t, s, smtpsink.New(t, smtpsink.Options{}), byRefreshToken(idp), byRefreshToken(idp))
	if o := r.try(t, "poll"); o.code != 1 || !strings.Contains(o.stderr, "tlsbrief login") {
		t.Errorf("poll before the login: exit status %d\n%s", o.code, o.stderr)
	}
	idp.Approve()
	out := r.must(t, "login", "reports")
	for _, want := range []string{idp.HTTP.URL + "/devicelogin", "ABCD-EFGH", "Logged in"} {
		if !strings.Contains(out, want) {
			t.Errorf("login says nothing of %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, idp.Refresh()) {
		t.Errorf("login prints the token:\n%s", out)
	}
	info, err := os.Stat(filepath.Join(r.dir, "token"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", info, err)
	}
	reports, _ := sampleMail(t, time.Now(), 3, 0)
	deliver(t, s, reports)
	if got := r.poll(t, "poll"); got.Recorded != len(reports) {
		t.Errorf("poll: %+v", got)
	}
}

func TestLoginThatIsNotNeededIsRefused(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	r := newRig(t, s, "")
	for args, says := range map[string]string{
		"other":   `no mailbox "other"`,
		"reports": "needs no login",
		"smtp":    "needs no login",
	} {
		if o := r.try(t, "login", args); o.code != 2 || !strings.Contains(o.stderr, says) {
			t.Errorf("login %s: exit status %d, %s; want 2 and %q", args, o.code, o.stderr, says)
		}
	}
	google := withOAuth(t, s, smtpsink.New(t, smtpsink.Options{}),
		"grant = \"refresh_token\"\nprovider = \"google\"\nclient_id = \"a\"\nrefresh_token_file = \"token\"\n",
		"grant = \"refresh_token\"\nprovider = \"google\"\nclient_id = \"a\"\nrefresh_token_file = \"token\"\n")
	if o := google.try(t, "login", "reports"); o.code != 2 || !strings.Contains(o.stderr, "auth_url") {
		t.Errorf("login at Google: exit status %d, %s", o.code, o.stderr)
	}
}

// One login serves IMAP and SMTP where they share the file.
func TestLoginAsksForTheScopesOfAllThatShareTheFile(t *testing.T) {
	t.Parallel()
	idp := idptest.New(t, idptest.Options{})
	smtp := strings.Replace(byRefreshToken(idp), `["mail"]`, `["mail", "send"]`, 1)
	r := withOAuth(t, imaptest.Memory(t), smtpsink.New(t, smtpsink.Options{}), byRefreshToken(idp), smtp)
	idp.Approve()
	r.must(t, "login", "reports")
	if got := idp.Asked()[0].Get("scope"); got != "mail send" {
		t.Errorf("scope = %q", got)
	}
}

func TestRefusalOfTheTokenServerIsShownWithWhatToDo(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	idp := idptest.New(t, idptest.Options{})
	r := withOAuth(t, s, smtpsink.New(t, smtpsink.Options{}), byRefreshToken(idp), byRefreshToken(idp))
	r.write(t, "token", "revoked-token")
	o := r.try(t, "poll")
	if o.code != 1 || !strings.Contains(o.stderr, "AADSTS50173") || !strings.Contains(o.stderr, `log in anew with "tlsbrief login"`) || strings.Contains(o.stderr+o.stdout, "revoked-token") {
		t.Errorf("exit status %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	if out := r.must(t, "status"); !strings.Contains(out, "AADSTS50173") {
		t.Errorf("status does not tell why:\n%s", out)
	}
}

func TestLoginStopsWhenInterrupted(t *testing.T) {
	t.Parallel()
	idp := idptest.New(t, idptest.Options{})
	r := withOAuth(t, imaptest.Memory(t), smtpsink.New(t, smtpsink.Options{}), byRefreshToken(idp), byRefreshToken(idp))
	ctx, cancel := context.WithCancel(t.Context())
	stopping := writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	var stderr bytes.Buffer
	if code := run(ctx, []string{"--config", filepath.Join(r.dir, "config.toml"), "login", "reports"}, stopping, &stderr); code == 0 {
		t.Errorf("exit status %d\n%s", code, &stderr)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "token")); err == nil {
		t.Error("a token was written")
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
