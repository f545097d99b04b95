package imapbox_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// A moved connection is one that seems to lead to another address.
type moved struct {
	net.Conn
	to net.Addr
}

func (m moved) RemoteAddr() net.Addr { return m.to }

// M-I5: the name says localhost; the address that is connected to decides.
func TestPlainTextStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		host, ip string
		plain    bool // allowed
	}{
		"localhost elsewhere":     {"localhost", "192.0.2.1", false},
		"localhost elsewhere, v6": {"localhost", "2001:db8::1", false},
		"a name of this machine":  {"mail.example.test", "127.0.1.1", true},
		"localhost":               {"localhost", "::1", true},
	} {
		for _, tls := range []netclient.TLSMode{netclient.TLSNone, netclient.TLSStartTLS} {
			t.Run(name+", "+string(tls), func(t *testing.T) {
				t.Parallel()
				s := imaptest.Memory(t, imaptest.WithTLS(string(tls)))
				o := at(optionsFor(s), tt.host)
				dial := o.Dial
				o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := dial(ctx, network, address)
					return moved{conn, &net.TCPAddr{IP: net.ParseIP(tt.ip), Port: 143}}, err
				}
				if o.TLSConfig != nil {
					o.TLSConfig.ServerName = s.Host
				}
				asked := false
				auth := o.Auth
				o.Auth = func(ctx context.Context) (netclient.Credentials, error) { asked = true; return auth(ctx) }
				session, err := imapbox.Open(t.Context(), o)
				if err == nil {
					defer func() { _ = session.Close() }()
				}
				if tls != netclient.TLSNone || tt.plain {
					if err != nil || !asked {
						t.Errorf("Open: %v", err)
					}
					return
				}
				var plain *netclient.PlainError
				var step *imapbox.StepError
				if !errors.As(err, &plain) || !errors.As(err, &step) || step.Step != "connect" || imapbox.Temporary(err) {
					t.Fatalf("Open: %v; want a PlainError while connecting, for good", err)
				}
				for _, part := range []string{tt.ip + " is not on it: nothing was sent", `set tls = "implicit"`} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("Open: %v; want %q in it", err, part)
					}
				}
			})
		}
	}
}
