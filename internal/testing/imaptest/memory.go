package imaptest

import (
	"testing"

	"tlsbrief/internal/testing/memimap"
)

// Memory starts go-imap's server in memory. It lower-cases keywords and stores
// flags under EXAMINE.
func Memory(t testing.TB, opts ...Option) *Server {
	t.Helper()
	o := collectOptions(opts)
	ca := newAuthority(t, t.TempDir())
	s := &Server{
		Kind: KindMemory, Host: "127.0.0.1", TLS: o.tls, CA: ca.pool, CAFile: ca.file,
		Username: "reports@example.test", Password: "memory secret",
	}
	settings := memimap.Options{
		Username: s.Username, Password: s.Password,
		Implicit: o.tls == "implicit", Capabilities: o.capabilities,
	}
	if o.tls != "none" {
		settings.TLS = ca.serverConfig(t, o)
	}
	server, err := memimap.Start(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("stopping the IMAP server: %v", err)
		}
	})
	s.Port, s.Addr, s.memory = server.Port(), server.Addr(), server
	s.admin = newAdmin(t, s, ca)
	return s
}
