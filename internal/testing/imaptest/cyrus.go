package imaptest

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// cyrusAdmin is the account that may do everything to each mailbox.
const cyrusAdmin = "cyrus"

// Cyrus starts a Cyrus with an empty mailbox, as a child in a folder of its own,
// as Dovecot does. Its keywords are case-sensitive, its Junk folder is "Spam" too,
// and its separator "/" unless WithCyrusConfig says otherwise.
func Cyrus(t testing.TB, opts ...Option) *Server {
	t.Helper()
	root, owner := haveCyrus(t)
	o := collectOptions(opts)
	base, err := os.MkdirTemp("", "cyrus") // not t.TempDir, as Dovecot
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		Eventually(t, "the folder of a killed Cyrus can be removed", func() bool { return os.RemoveAll(base) == nil })
	})
	ca := newAuthority(t, base)
	const username = "reports" // that of others has an @, which Cyrus cuts in two
	c := &cyrus{root: root, base: base, owner: owner, passwords: map[string]string{username: "cyrus-secret", cyrusAdmin: "admin-secret"}}
	for _, name := range o.users {
		c.passwords[name] = passwordOf(name)
	}
	c.prepare(t, ca, o)
	startDaemon(t, "Cyrus", o.port, c.proof, c.command(t), func() string { return "(it logs to syslog alone)" })

	s := &Server{
		Kind: KindCyrus, Host: "127.0.0.1", Port: c.plain, TLS: o.tls, CA: ca.pool, CAFile: ca.file,
		Username: username, Password: c.passwords[username], cyrus: c,
	}
	if o.tls == "implicit" {
		s.Port = c.tls
	}
	s.Addr = net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	s.authority, s.admin = ca, newAdmin(t, s, ca)
	asAdmin := *s
	asAdmin.Username, asAdmin.Password = cyrusAdmin, c.passwords[cyrusAdmin]
	c.admin = newAdmin(t, &asAdmin, ca)
	s.do(t, func(*imapclient.Client) error { return nil }) // the first log-in makes the mailbox
	return s
}

type cyrus struct {
	root, base string
	owner      *user.User        // whom the processes run as
	passwords  map[string]string // by user
	plain, tls int               // ports
	proof      proof
	admin      *admin // who may set rights
}

// prepare fills the folder, and gives it to the account that Cyrus runs as.
func (c *cyrus) prepare(t testing.TB, ca *authority, o options) {
	t.Helper()
	certificate := ca.issue(t, o.certificate)
	c.proof = newProof(certificate)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"conf/db", "conf/socket", "conf/proc", "conf/lock", "conf/log", "spool"} {
		if err := os.MkdirAll(filepath.Join(c.base, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{
		"server.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}),
		"server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"imapd.conf": []byte(c.config(o)),
	} {
		if err := os.WriteFile(filepath.Join(c.base, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	uid, gid := c.ids(t)
	err = filepath.WalkDir(c.base, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
	saslauthd(t, filepath.Join(c.base, "passwords"), func(user, password string) bool {
		want, known := c.passwords[user]
		return known && password == want
	})
}

func (c *cyrus) ids(t testing.TB) (uid, gid int) {
	t.Helper()
	return portOf(t, c.owner.Uid), portOf(t, c.owner.Gid)
}

// command returns the process that starts all others.
func (c *cyrus) command(t testing.TB) func(plain, tls int) *exec.Cmd {
	bin := filepath.Join(c.root, "usr/lib/cyrus/bin")
	libraries, err := filepath.Glob(filepath.Join(c.root, "usr/lib/*/libcyrus.so.0"))
	if err != nil || len(libraries) == 0 {
		t.Fatalf("there are no libraries of Cyrus in %s: %v", c.root, err)
	}
	uid, gid := c.ids(t)
	imapdConf, cyrusConf := filepath.Join(c.base, "imapd.conf"), filepath.Join(c.base, "cyrus.conf")
	return func(plain, tls int) *exec.Cmd {
		c.plain, c.tls = plain, tls
		services := fmt.Sprintf(`START {
  recover cmd="%[1]s/ctl_cyrusdb -C %[2]s -r"
}
SERVICES {
  imap cmd="%[1]s/imapd -C %[2]s" listen="127.0.0.1:%[3]d" prefork=1
  imaps cmd="%[1]s/imapd -C %[2]s -s" listen="127.0.0.1:%[4]d" prefork=0
}
`, bin, imapdConf, plain, tls)
		if err := os.WriteFile(cyrusConf, []byte(services), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(filepath.Join(bin, "master"), "-D", "-C", imapdConf, "-M", cyrusConf, "-p", filepath.Join(c.base, "master.pid"))
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Dir(libraries[0]))
		if os.Geteuid() == 0 {
			// A process that changes its user by itself is no longer ended with
			// its parent.
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		}
		return cmd
	}
}

// config returns imapd.conf. Options replace settings, since Cyrus accepts none twice.
func (c *cyrus) config(o options) string {
	settings := fmt.Sprintf(`configdirectory: %[1]s/conf
partition-default: %[1]s/spool
mboxname_lockpath: %[1]s/conf/lock
proc_path: %[1]s/conf/proc
cyrus_user: %[2]s
admins: %[3]s
servername: %[4]s.localhost
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: %[1]s/passwords
allowplaintext: yes
failedloginpause: 0
tls_server_cert: %[1]s/server.pem
tls_server_key: %[1]s/server.key
unixhierarchysep: yes
altnamespace: yes
autocreate_quota: 0
autocreate_inbox_folders: Spam
xlist-junk: Spam
implicit_owner_rights: la
duplicatesuppression: no
delete_mode: immediate
skiplist_unsafe: yes
`, c.base, c.owner.Username, cyrusAdmin, c.proof.greeting)
	var b strings.Builder
	for line := range strings.Lines(settings) {
		key, _, _ := strings.Cut(line, ":")
		if !strings.Contains("\n"+o.cyrusConfig, "\n"+key+":") {
			b.WriteString(line)
		}
	}
	return b.String() + o.cyrusConfig
}

// grant gives the user of s these rights to a folder, and no others.
func (c *cyrus) grant(t testing.TB, s *Server, owner, folder, rights string) {
	t.Helper()
	name := "user/" + owner
	if !strings.EqualFold(folder, "INBOX") {
		name += "/" + folder
	}
	asAdmin := *s
	asAdmin.admin = c.admin
	asAdmin.do(t, func(client *imapclient.Client) error {
		return client.SetACL(name, imap.RightsIdentifier(s.Username), imap.RightModificationReplace, imap.RightSet(rights)).Wait()
	})
}

// haveCyrus returns the folder of Cyrus and the account that it can run as. If there
// is none it skips the test, or fails it if the servers are required.
func haveCyrus(t testing.TB) (root string, owner *user.User) {
	t.Helper()
	skipIfShort(t)
	owner, err := user.Current()
	if err == nil && owner.Uid == "0" {
		owner, err = user.Lookup("nobody") // it refuses to be root
	}
	if err != nil {
		missing(t, fmt.Sprintf("Cyrus runs as a user with a name alone (%v): tests against a second real IMAP server are left out", err))
	}
	// Where install-cyrus.sh unpacks it, and where Debian installs it.
	for _, root := range []string{"/opt/tlsbrief-test/cyrus", "/"} {
		if _, err := os.Stat(filepath.Join(root, "usr/lib/cyrus/bin/master")); err == nil {
			return root, owner
		}
	}
	missing(t, "Cyrus is not here (internal/testing/imaptest/install-cyrus.sh unpacks it): tests against a second real IMAP server are left out")
	return "", nil
}
