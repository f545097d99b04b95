// Package imaptest gives a test an IMAP server: Debian's Dovecot or Cyrus,
// go-imap's server in memory, or one that plays a script, and a proxy to put
// between.
//
// All of them listen on 127.0.0.1, on free ports, with certificates of a CA made
// for the test, and are gone when the test ends.
package imaptest

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"tlsbrief/internal/testing/memimap"
	"tlsbrief/internal/testing/ports"
)

// RequireDovecot is the environment variable that makes a missing Dovecot, or
// Cyrus, a failure instead of a reason to skip.
const RequireDovecot = "TLSBRIEF_REQUIRE_DOVECOT"

// Kinds of server.
const (
	KindCyrus    = "cyrus"
	KindDovecot  = "dovecot"
	KindMemory   = "memory"
	KindScripted = "scripted"
)

// A Server is what a client needs to know of it. Its methods work on the
// mailbox through a client of their own, as a colleague's would.
type Server struct {
	Kind     string
	Host     string // always "127.0.0.1", for which the certificate is good
	Port     int
	Addr     string // host and port
	TLS      string // "implicit", "starttls" or "none"
	CA       *x509.CertPool
	CAFile   string
	Username string
	Password string

	authority *authority // nil if it is another kind than Dovecot or Cyrus
	admin     *admin
	cyrus     *cyrus          // nil if it is another kind
	dovecot   *dovecot        // nil if it is another kind
	memory    *memimap.Server // nil if it is another kind
}

// TLSConfig returns a client configuration that trusts the server's CA.
func (s *Server) TLSConfig() *tls.Config {
	return &tls.Config{RootCAs: s.CA, MinVersion: tls.VersionTLS12}
}

// Via returns the server as it is reached through a proxy.
func (s *Server) Via(p *Proxy) *Server {
	through := *s
	through.Port, through.Addr = p.Port, p.Addr
	return &through
}

type options struct {
	tls          string
	certificate  *Certificate
	maxTLS       uint16
	config       string
	cyrusConfig  string
	capabilities []string
	users        []string
	port         func(testing.TB) int // chooses where a process listens
}

// An Option changes how a server is set up.
type Option func(*options)

// WithTLS sets the mode: "implicit", "starttls", or "none", which is the
// default.
func WithTLS(mode string) Option { return func(o *options) { o.tls = mode } }

// WithCertificate makes a certificate that is not the usual one, to be refused
// by clients.
func WithCertificate(c Certificate) Option { return func(o *options) { o.certificate = &c } }

// WithMaxTLS makes a server that speaks no newer TLS than a version, and any older
// one that Go has. Dovecot ignores it.
func WithMaxTLS(version uint16) Option { return func(o *options) { o.maxTLS = version } }

// WithDovecotConfig adds settings to dovecot.conf. The server is then not shared
// with other tests, and takes a moment longer to start.
func WithDovecotConfig(config string) Option { return func(o *options) { o.config += config + "\n" } }

// WithCyrusConfig adds lines to imapd.conf, or replaces some of its settings.
func WithCyrusConfig(config string) Option {
	return func(o *options) { o.cyrusConfig += config + "\n" }
}

// WithUsers gives Dovecot and Cyrus accounts beside the usual one. See Server.As.
func WithUsers(names ...string) Option {
	return func(o *options) { o.users = append(o.users, names...) }
}

// WithCapabilities replaces what the memory server offers beside IMAP4rev1.
// Other kinds ignore it.
func WithCapabilities(names ...string) Option {
	return func(o *options) { o.capabilities = append([]string{}, names...) }
}

func collectOptions(opts []Option) options {
	o := options{tls: "none", port: ports.Reserve}
	for _, set := range opts {
		set(&o)
	}
	return o
}

// Each runs a test against each kind of real server: in memory always, Dovecot and
// Cyrus where they are installed.
func Each(t *testing.T, test func(t *testing.T, s *Server), opts ...Option) {
	t.Helper()
	t.Run(KindMemory, func(t *testing.T) {
		t.Parallel()
		test(t, Memory(t, opts...))
	})
	EachInstalled(t, test, opts...)
}

// EachInstalled runs a test against Dovecot and Cyrus, for what the memory server
// cannot do: rights, and special uses.
func EachInstalled(t *testing.T, test func(t *testing.T, s *Server), opts ...Option) {
	t.Helper()
	t.Run(KindDovecot, func(t *testing.T) {
		t.Parallel()
		test(t, Dovecot(t, opts...))
	})
	t.Run(KindCyrus, func(t *testing.T) {
		t.Parallel()
		test(t, Cyrus(t, opts...))
	})
}

// haveDovecot skips the test, or fails it where Dovecot is required.
func haveDovecot(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("dovecot")
	why := ""
	switch {
	case err != nil:
		why = "dovecot is not installed (Debian: dovecot-imapd): tests against a real IMAP server are left out"
	case os.Geteuid() != 0:
		why = "dovecot can only be started by root: tests against a real IMAP server are left out"
	default:
		return path
	}
	missing(t, why)
	return ""
}

// missing skips a test that lacks a server, or fails it where servers are
// required.
func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv(RequireDovecot) != "" {
		t.Fatalf("%s is set, and %s", RequireDovecot, why)
	}
	t.Skip(why)
}

// Eventually waits until a condition holds, and fails the test if it never does.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	const most = time.Minute // which a busy machine does not need
	deadline := time.NewTimer(most)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("after %s it is still not so: %s", most, what)
		}
	}
}

func portOf(t testing.TB, port string) int {
	t.Helper()
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
