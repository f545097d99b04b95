package config

import (
	"errors"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // so that the tests do not depend on the machine's

	"github.com/google/go-cmp/cmp"
)

// compareZones compares time zones by name.
func compareZones() cmp.Option {
	return cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
}

// mustParse parses a configuration that is meant to be right.
func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	cfg, err := parse("config.toml", "/etc/tlsbrief", []byte(text))
	if err != nil {
		t.Fatalf("parse:\n%v", err)
	}
	return cfg
}

func TestAnEmptyFileIsTheDefaults(t *testing.T) {
	t.Parallel()
	want := &Config{
		Database: Database{Path: "/etc/tlsbrief/tlsrpt.db", Keep: 400 * 24 * time.Hour},
		Schedule: Schedule{Timezone: time.UTC, Poll: "*/15 * * * *", Digest: "0 7 * * *", Check: "30 5 * * *", Parallel: 4, WarnAfter: 24 * time.Hour},
		Reports: Reports{
			Authenticity: "flag", MaxMessage: 10 << 20, MaxReport: 64 << 20, MaxPolicies: 10_000, MaxFailures: 100_000, MaxUnknown: 32 << 20,
		},
		Check: Check{Concurrency: 32, Timeout: time.Minute, SMTPPort: 25, HTTPSPort: 443, EHLO: "localhost", Confirm: true},
	}
	for name, text := range map[string]string{
		"nothing":        "",
		"empty tables":   "[database]\n[schedule]\n[reports]\n[dns]\n",
		"comments":       "# nothing\n",
		"byte order":     "\ufeff[dns]\n",
		"empty resolver": "[dns]\nserver = \"\"\n",
	} {
		if diff := cmp.Diff(want, mustParse(t, text), compareZones()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAFullFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/full/config.toml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Database: Database{Path: "/var/lib/tlsbrief/reports.db", Keep: 52 * 7 * 24 * time.Hour},
		Schedule: Schedule{Timezone: zone(t, "Europe/Berlin"), Poll: "*/5 * * * *", Digest: "30 6 * * 1-5", Check: "0 3 * * 0", Parallel: 4, WarnAfter: 24 * time.Hour},
		Mailboxes: []Mailbox{{
			Name: "reports", TLS: "implicit",
			Server:  Server{Host: "imap.example.com", Port: 993, Username: "reports@example.com", Password: PasswordSource{File: "/etc/tlsbrief/secrets/imap"}},
			Folders: []string{"INBOX", `\Junk`}, After: "seen", Keyword: "$TLSRPT",
		}, {
			Name: "Kunden (alt)", TLS: "none",
			Server:  Server{Host: "127.0.0.1", Port: 143, CAFile: "/etc/tlsbrief/ca.pem", Username: "u", Password: PasswordSource{Env: "IMAP_PASSWORD_2"}},
			Folders: []string{"INBOX", `\Trash`, "Berichte/TLS"}, After: "move", Keyword: "tls-seen", MoveTo: "Done",
		}, {
			Name: "third", TLS: "starttls",
			Server:  Server{Host: "xn--bcher-kva.example", Port: 1143, Username: "u", Password: PasswordSource{Command: []string{"/usr/bin/pass", "show", "imap"}}},
			Folders: []string{"INBOX", `\Junk`}, After: "keyword", Keyword: "$TLSRPT",
		}},
		SMTP: SMTP{
			Server: Server{Host: "mail_relay", Port: 587}, TLS: "starttls",
			From: &mail.Address{Name: "TLS reports", Address: "Reports@xn--bcher-kva.example"},
			To:   []string{"postmaster@example.com", "noc@example.com"},

			SubjectPrefix: "TLS:",
		},
		Accepts: []Accept{{
			ResultType: "certificate-expired", MX: "*.example.net", Domain: "xn--bcher-kva.example", Sender: "google.com",
			Until: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), Why: "mx2 is being replaced",
		}},
		Templates: Templates{Dir: "/etc/tlsbrief/templates"},
		Digests: []Digest{
			{Name: "example.com", Domains: []string{"example.com", "*.example.org", "xn--bcher-kva.example"}, To: []string{"owner@example.com"}, Schedule: "weekly", Timezone: zone(t, "Asia/Tokyo"), OnlyWhen: "failures", SubjectPrefix: "[Owner]"},
			{Name: "all of them", Domains: []string{"example.com"}, To: []string{"postmaster@example.com", "noc@example.com"}, Schedule: "0 7 * * 1", Timezone: zone(t, "Europe/Berlin"), OnlyWhen: "changes", SubjectPrefix: "TLS:"},
			{Name: "third", Domains: []string{"example.net"}, To: []string{"postmaster@example.com", "noc@example.com"}, Schedule: "daily", Timezone: zone(t, "Europe/Berlin"), OnlyWhen: "always", SubjectPrefix: "TLS:"},
		},
		Reports: Reports{
			Domains: []string{"example.com", "*.example.org"}, Authenticity: "require",
			TrustedAuthservID: []string{"mx.example.com"}, TrustMicrosoft365: true, IgnoreSigners: []string{"example.net"},
			MaxMessage: 1_000_000, MaxReport: 1 << 30, MaxPolicies: 1, MaxFailures: 10_000_000, MaxUnknown: 1 << 20,
		},
		DNS: DNS{Server: "[::1]:53"},
		Check: Check{Addresses: []string{"tls@example.com"}, Concurrency: 4, Timeout: 5 * time.Second, SMTPPort: 2525, HTTPSPort: 8443,
			CAFile: "/etc/tlsbrief/ca.pem", EHLO: "mx.example.com", AllowPrivate: true},
	}
	if diff := cmp.Diff(want, mustParse(t, string(data)), compareZones()); diff != "" {
		t.Errorf("testdata/full/config.toml (-want +got):\n%s", diff)
	}
	// The same file as Windows writes it.
	crlf := strings.ReplaceAll(string(data), "\n", "\r\n")
	if diff := cmp.Diff(want, mustParse(t, crlf), compareZones()); diff != "" {
		t.Errorf("with CRLF (-want +got):\n%s", diff)
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestTOMLMayBeWrittenInOtherWays(t *testing.T) {
	t.Parallel()
	headers := mustParse(t, "[[mailbox]]\nname = 'a'\nhost = 'localhost'\nusername = 'u'\npassword_env = 'P'\n[dns]\nserver = 'resolver'\n")
	for name, text := range map[string]string{
		"inline":  "mailbox = [{ name = 'a', host = 'localhost', username = 'u', password_env = 'P' }]\ndns = { server = 'resolver' }\n",
		"dotted":  "dns.server = 'resolver'\n[[mailbox]]\nname = 'a'\nhost = 'localhost'\nusername = 'u'\npassword_env = 'P'\n",
		"quoted":  "[['mailbox']]\n\"name\" = 'a'\nhost = 'localhost'\nusername = 'u'\npassword_env = 'P'\n[\"dns\"]\nserver = 'resolver'\n",
		"several": "[dns]\nserver = 'resolver'\n[[mailbox]]\npassword_env = '''P'''\nname = \"\"\"a\"\"\"\nhost = \"localhost\"\nusername = 'u'\n",
	} {
		if diff := cmp.Diff(headers, mustParse(t, text), compareZones()); diff != "" {
			t.Errorf("%s (-headers +got):\n%s", name, diff)
		}
	}
}

func TestFaultsInOtherWaysOfWritingHaveTheirLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want string
	}{
		{"inline tables in a list", "mailbox = [\n  { name = 'a' },\n  { name = 'b', prot = 1 },\n]\n",
			"f:2: mailbox[0].host: missing"},
		{"unknown key of an inline table", "mailbox = [\n  { name = 'a' },\n  { name = 'b', prot = 1 },\n]\n",
			"f:3: mailbox[1].prot: unknown key; did you mean port?"},
		{"dotted key", "\ndns.server = 1\n", "f:2: dns.server: is a number"},
		{"dotted header", "\n[logging.file]\n", "f:2: logging: unknown key"},
		{"list over lines", "[reports]\ndomains = [\n  'a.example',\n  # not this\n  'b b',\n]\n", "f:5: reports.domains[1]:"},
		{"long text", "[schedule]\npoll = '''\n*\n'''\n", "f:2: schedule.poll:"},
	}
	for _, tt := range tests {
		_, err := parse("f", "/", []byte(tt.text))
		if err == nil || !strings.Contains("\n"+err.Error(), "\n"+tt.want) {
			t.Errorf("%s: parse(%q) error = %v, want a line that begins %q", tt.name, tt.text, err, tt.want)
		}
	}
}

func TestPortsFollowTLS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		tls        string
		imap, smtp int
	}{{"implicit", 993, 465}, {"starttls", 143, 587}, {"none", 143, 25}} {
		cfg := mustParse(t, `
			[[mailbox]]
			name = "a"
			host = "LOCALHOST."
			tls = "`+tt.tls+`"
			username = "u"
			password_env = "P"
			[smtp]
			host = "::1"
			tls = "`+tt.tls+`"
			from = "a@example.com"
			to = ["b@example.com"]`)
		if got := cfg.Mailboxes[0].Port; got != tt.imap {
			t.Errorf("tls = %q: IMAP port %d, want %d", tt.tls, got, tt.imap)
		}
		if got := cfg.SMTP.Port; got != tt.smtp {
			t.Errorf("tls = %q: SMTP port %d, want %d", tt.tls, got, tt.smtp)
		}
		if cfg.Mailboxes[0].Host != "localhost" || !cfg.SMTP.Password.IsZero() {
			t.Errorf("hosts %q, SMTP password %+v, want localhost and none", cfg.Mailboxes[0].Host, cfg.SMTP.Password)
		}
	}
}

func TestDigestsWithoutSMTPHaveNoRecipients(t *testing.T) {
	t.Parallel()
	cfg := mustParse(t, "[[digest]]\nname = 'a'\ndomains = ['a.example', 'A.EXAMPLE.']\n")
	want := []Digest{{Name: "a", Domains: []string{"a.example"}, Schedule: "daily", Timezone: time.UTC, OnlyWhen: "always"}}
	if diff := cmp.Diff(want, cfg.Digests, compareZones()); diff != "" {
		t.Errorf("Digests (-want +got):\n%s", diff)
	}
}

func TestDigestsDoNotShareTheRecipientsOfSMTP(t *testing.T) {
	t.Parallel()
	cfg := mustParse(t, "[smtp]\nhost='h'\nfrom='a@h'\nto=['b@h']\n[[digest]]\nname='a'\ndomains=['a.example']\n")
	cfg.Digests[0].To[0] = "changed"
	if cfg.SMTP.To[0] != "b@h" {
		t.Errorf("SMTP.To[0] = %q after a change to the digest's", cfg.SMTP.To[0])
	}
}

func TestLoadCountsPathsFromTheFolderOfTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "my.toml")
	text := "[database]\npath = 'data/r.db'\n[[mailbox]]\nname='a'\nhost='h'\nusername='u'\npassword_file='../pw'\nca_file='/abs/ca.pem'\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{cfg.Database.Path, cfg.Mailboxes[0].Password.File, cfg.Mailboxes[0].CAFile}
	want := []string{filepath.Join(dir, "data", "r.db"), filepath.Join(filepath.Dir(dir), "pw"), "/abs/ca.pem"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestLoadOfAFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := filepath.Join(dir, "large.toml")
	if err := os.WriteFile(large, []byte(strings.Repeat("#\n", maxFile/2+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, want string
		is               error
	}{
		{"absent", filepath.Join(dir, "none.toml"), "copy config.toml.example", fs.ErrNotExist},
		{"a folder", dir, "is a directory", nil},
		{"too large", large, "larger than 1048576 bytes", nil},
	}
	for _, tt := range tests {
		_, err := Load(tt.path)
		var e *Error
		if !errors.As(err, &e) || len(e.Faults) != 1 || e.Faults[0].Line != 0 {
			t.Errorf("%s: Load error = %#v, want *Error with one fault and no line", tt.name, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), tt.path+": ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Load error = %q, want %q after the path", tt.name, err, tt.want)
		}
		if tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: Load error does not wrap %v", tt.name, tt.is)
		}
	}
}

func TestLoadOfAFileOfTheLargestSize(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(path, []byte(strings.Repeat("#\n", maxFile/2)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err != nil {
		t.Errorf("Load of %d bytes: %v", maxFile, err)
	}
}

func TestUnreadableSaysPermission(t *testing.T) {
	t.Parallel()
	// The tests may run as root, who may read everything.
	err := unreadable("c.toml", &fs.PathError{Op: "open", Path: "c.toml", Err: fs.ErrPermission})
	if want := "c.toml: may not be read by this user; give it read permission"; err.Error() != want {
		t.Errorf("Error() = %q, want %q", err, want)
	}
}
