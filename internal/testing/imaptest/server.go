// Package imaptest gives a test an IMAP server: Debian's Dovecot or Cyrus,
// go-imap's server in memory, or one that follows a script; and a proxy in front of
// it.
//
// All of them listen on 127.0.0.1, on free ports, with certificates of a CA made
// for the test, and end with the test.
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

// A Server holds what a client needs to connect. Its methods work on the mailbox
// through a client of their own, as another user does.
type Server struct {
	Kind     string
	Host     string // always "127.0.0.1", which the certificate names
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

// Via returns the server with the address of a proxy in front of it.
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

// WithCertificate replaces the usual certificate, by one that clients refuse.
func WithCertificate(c Certificate) Option { return func(o *options) { o.certificate = &c } }

// WithMaxTLS bounds the TLS version of a server, which then accepts any older one
// that Go has. Dovecot ignores it.
func WithMaxTLS(version uint16) Option { return func(o *options) { o.maxTLS = version } }

// WithDovecotConfig adds settings to dovecot.conf. The server is then not shared
// with other tests, and starts more slowly.
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

// Each runs a test against each kind of server: in memory always, Dovecot and Cyrus
// if they are installed.
func Each(t *testing.T, test func(t *testing.T, s *Server), opts ...Option) {
	t.Helper()
	t.Run(KindMemory, func(t *testing.T) {
		t.Parallel()
		test(t, Memory(t, opts...))
	})
	EachInstalled(t, test, opts...)
}

// EachInstalled runs a test against Dovecot and Cyrus, for rights and special uses,
// which the memory server lacks.
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

// haveDovecot skips the test without Dovecot, or fails it if Dovecot is required.
func haveDovecot(t testing.TB) string {
	t.Helper()
	skipIfShort(t)
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

// skipIfShort leaves out a test that starts a real server.
func skipIfShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: tests against a real IMAP server are left out")
	}
}

// missing skips a test that lacks a server, or fails it if servers are required.
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
	const most = time.Minute // more than a busy machine needs
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
