package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parseOAuth2 gives what a mailbox's [mailbox.oauth2] comes to.
func parseOAuth2(t *testing.T, lines string) OAuth2 {
	t.Helper()
	cfg, err := parse("config.toml", "/etc/tlsbrief", []byte(`
[[mailbox]]
name = "reports"
host = "imap.example.com"
username = "reports@example.com"
[mailbox.oauth2]
`+lines))
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Mailboxes[0].OAuth2
}

func TestOAuth2IsReadForEveryGrant(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lines string
		want  OAuth2
	}{
		"Microsoft 365 with a secret": {`grant = "client_credentials"
provider = "microsoft365"
tenant = "example.onmicrosoft.com"
client_id = "app"
client_secret_env = "SECRET"`, OAuth2{Grant: "client_credentials", Provider: "microsoft365", Tenant: "example.onmicrosoft.com", ClientID: "app",
			ClientSecret: PasswordSource{Kind: "client_secret", Env: "SECRET"}}},
		"Microsoft 365 with a certificate": {`grant = "client_credentials"
provider = "microsoft365"
tenant = "example.onmicrosoft.com"
client_id = "app"
certificate_file = "app.pem"
key_file = "/keys/app.key"`, OAuth2{Grant: "client_credentials", Provider: "microsoft365", Tenant: "example.onmicrosoft.com", ClientID: "app",
			ClientSecret: PasswordSource{Kind: "client_secret"}, CertificateFile: "/etc/tlsbrief/app.pem", KeyFile: "/keys/app.key"}},
		"Google Workspace": {`grant = "service_account"
provider = "google"
service_account_file = "account.json"`, OAuth2{Grant: "service_account", Provider: "google", ServiceAccountFile: "/etc/tlsbrief/account.json",
			ClientSecret: PasswordSource{Kind: "client_secret"}, Subject: "reports@example.com"}},
		"any other": {`grant = "refresh_token"
token_url = "http://127.0.0.1:8080/token"
auth_url = "https://idp.example.com/device"
client_id = "app"
refresh_token_file = "token"
scopes = ["mail", "offline_access"]
ca_file = "ca.pem"`, OAuth2{Grant: "refresh_token", ClientID: "app", ClientSecret: PasswordSource{Kind: "client_secret"},
			RefreshTokenFile: "/etc/tlsbrief/token", TokenURL: "http://127.0.0.1:8080/token", AuthURL: "https://idp.example.com/device",
			Scopes: []string{"mail", "offline_access"}, CAFile: "/etc/tlsbrief/ca.pem"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, parseOAuth2(t, tt.lines)); diff != "" {
				t.Errorf("OAuth2 (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOAuth2WithoutAGrantLeavesThePassword(t *testing.T) {
	t.Parallel()
	cfg, err := parse("config.toml", "/", []byte("[[mailbox]]\nname = \"a\"\nhost = \"h.example\"\nusername = \"u\"\npassword_env = \"P\"\n[mailbox.oauth2]\ngrant = \"\"\n"))
	if err != nil || cfg.Mailboxes[0].OAuth2.Grant != "" || cfg.Mailboxes[0].Password.Env != "P" {
		t.Errorf("parse = %+v, %v", cfg, err)
	}
}

func TestClientSecretIsNamedInItsErrors(t *testing.T) {
	t.Parallel()
	p := PasswordSource{Kind: "client_secret", File: filepath.Join(t.TempDir(), "none")}
	if _, err := p.Read(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "client_secret_file: ") {
		t.Errorf("Read: %v", err)
	}
	p.File = filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(p.File, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := p.Read(t.Context()); err != nil || s.Reveal() != "hunter2" {
		t.Errorf("Read = %q, %v", s.Reveal(), err)
	}
}

// M-I5: what a name leads to is seen when a connection is made; here only what is
// plainly another machine is refused.
func TestPlainTextIsRefusedWhereTheHostIsPlainlyElsewhere(t *testing.T) {
	t.Parallel()
	for host, refused := range map[string]bool{
		"localhost": false, "mail.localhost": false, "localhost.localdomain": false, "127.0.0.1": false, "127.0.1.1": false, "::1": false,
		"myself": false, "imap.example.com": true, "192.0.2.1": true, "2001:db8::1": true, "0.0.0.0": true, "localhost.example.com": true,
	} {
		text := "[[mailbox]]\nname = \"a\"\nhost = \"" + host + "\"\ntls = \"none\"\nusername = \"u\"\npassword_file = \"/p\"\n"
		if _, err := parse("config.toml", "/etc/tlsbrief", []byte(text)); (err != nil) != refused {
			t.Errorf("host = %q with tls = \"none\": %v, want refused: %t", host, err, refused)
		}
	}
}
