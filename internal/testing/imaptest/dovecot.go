package imaptest

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mailUID owns the mail. It needs no entry in /etc/passwd.
const mailUID = 5999

// Dovecot starts a Dovecot with an empty mailbox, as a child in a folder of its
// own. Without Dovecot the test is skipped; see RequireDovecot. The folder "Spam" has
// the special use of junk.
func Dovecot(t testing.TB, opts ...Option) *Server {
	t.Helper()
	program := haveDovecot(t)
	o := collectOptions(opts)

	// Not t.TempDir: its path may be too long for a socket.
	base, err := os.MkdirTemp("", "dovecot")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		Eventually(t, "the folder of a killed Dovecot can be removed", func() bool { return os.RemoveAll(base) == nil })
	})
	ca := newAuthority(t, base)
	d := &dovecot{program: program, base: base, username: "reports@example.test", password: "dovecot-secret"}
	d.prepare(t, ca, o)
	startDaemon(t, "Dovecot", o.port, d.proof, d.command(t, o), d.log)

	s := &Server{
		Kind: KindDovecot, Host: "127.0.0.1", Port: d.plain, TLS: o.tls, CA: ca.pool, CAFile: ca.file,
		Username: d.username, Password: d.password, dovecot: d,
	}
	if o.tls == "implicit" {
		s.Port = d.tls
	}
	s.Addr = net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	s.admin = newAdmin(t, s, ca)
	s.authority = ca
	return s
}

type dovecot struct {
	program            string
	base               string
	username, password string
	plain, tls         int // ports
	proof              proof
	secret             []byte // access tokens are signed with it
}

// prepare fills the folder with everything that does not depend on ports.
func (d *dovecot) prepare(t testing.TB, ca *authority, o options) {
	t.Helper()
	certificate := ca.issue(t, o.certificate)
	d.proof = newProof(certificate)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	d.write(t, "server.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}))
	d.write(t, "server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	d.prepareTokens(t)
	var users strings.Builder
	for _, user := range o.users {
		fmt.Fprintf(&users, "%s:{PLAIN}%s\n", user, passwordOf(user))
	}
	d.write(t, "users", []byte(users.String()))
	mail := filepath.Join(d.base, "mail")
	for _, err := range []error{
		os.Chmod(d.base, 0o755), // the mail's owner must get through
		os.Mkdir(filepath.Join(d.base, "run"), 0o755),
		os.Mkdir(mail, 0o700),
		os.Chown(mail, mailUID, mailUID),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (d *dovecot) write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.base, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// command returns the process that starts all others.
func (d *dovecot) command(t testing.TB, o options) func(plain, tls int) *exec.Cmd {
	return func(plain, tls int) *exec.Cmd {
		d.plain, d.tls = plain, tls
		d.write(t, "dovecot.conf", []byte(d.config(o)))
		return exec.Command(d.program, "-F", "-c", filepath.Join(d.base, "dovecot.conf"))
	}
}

func (d *dovecot) log() string {
	log, err := os.ReadFile(filepath.Join(d.base, "log"))
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	return string(log)
}

// maildir returns the path of a folder, whose name must be ASCII.
func (d *dovecot) maildir(folder string) string {
	dir := filepath.Join(d.base, "mail", d.username, "Maildir")
	if !strings.EqualFold(folder, "INBOX") {
		dir = filepath.Join(dir, "."+strings.ReplaceAll(folder, "/", "."))
	}
	return dir
}

// deliver puts a message into a folder like a delivery agent. Dovecot numbers new
// files by the time in their names.
func (d *dovecot) deliver(t testing.TB, folder string, n int, message []byte) {
	t.Helper()
	name := fmt.Sprintf("%d.M000000P1.imaptest", 1_700_000_000+n)
	half := filepath.Join(d.maildir(folder), "tmp", name)
	if err := os.WriteFile(half, message, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(half, mailUID, mailUID); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(half, filepath.Join(d.maildir(folder), "new", name)); err != nil {
		t.Fatal(err)
	}
}

// makeMaildir makes a folder, which Dovecot itself does at the first login only.
func (d *dovecot) makeMaildir(t testing.TB, dir string) {
	t.Helper()
	path := filepath.Join(d.base, "mail")
	for _, name := range []string{d.username, "Maildir"} {
		path = filepath.Join(path, name)
		d.mkdir(t, path)
	}
	d.mkdir(t, dir)
	for _, name := range []string{"cur", "new", "tmp"} {
		d.mkdir(t, filepath.Join(dir, name))
	}
}

func (d *dovecot) mkdir(t testing.TB, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	if err := os.Chown(path, mailUID, mailUID); err != nil {
		t.Fatal(err)
	}
}

// damage makes the messages that contain text unreadable for Dovecot.
func (d *dovecot) damage(t testing.TB, folder, text string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.maildir(folder), "[nc]*", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(data), text) {
			found = true
			err = os.Chmod(file, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !found {
		t.Fatalf("no message in %q contains %q", folder, text)
	}
}

// setRights writes the folder's dovecot-acl file. RFC 4314's letters.
func (d *dovecot) setRights(t testing.TB, folder, rights string) {
	t.Helper()
	path := filepath.Join(d.maildir(folder), "dovecot-acl")
	if err := os.WriteFile(path, []byte("owner "+rights+"\n"), 0o644); err != nil {
		t.Fatalf("setting the rights of %q, which must exist: %v", folder, err)
	}
}

func (d *dovecot) config(o options) string {
	return fmt.Sprintf(`
base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = %[1]s/log
listen = 127.0.0.1
login_greeting = Dovecot ready: %[8]s
protocols = imap
mail_location = maildir:~/Maildir
first_valid_uid = %[2]d
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
ssl = yes
ssl_cert = <%[1]s/server.pem
ssl_key = <%[1]s/server.key
ssl_ca = <%[1]s/ca.pem
ssl_require_crl = no
ssl_min_protocol = TLSv1.2
ssl_dh =
mail_max_userip_connections = 200
mail_fsync = never
mail_plugins = acl
protocol imap {
  mail_plugins = acl imap_acl
}
# The auth process otherwise ends after a minute, and the next login waits for
# another.
default_idle_kill = 86400 secs
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = %[3]d
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = %[4]d
    ssl = yes
  }
  service_count = 0
}
plugin {
  acl = vfile
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Spam {
    auto = create
    special_use = \Junk
  }
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = %[1]s/oauth2.conf
}
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = username_format=%%u %[1]s/users
}
passdb {
  driver = static
  mechanisms = plain login
  args = user=%[5]s password=%[6]s
}
userdb {
  driver = static
  args = uid=%[2]d gid=%[2]d home=%[1]s/mail/%%u
}
%[7]s`, d.base, mailUID, d.plain, d.tls, d.username, d.password, o.config, d.proof.greeting)
}
