package imapbox_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

func TestCertificatesThatAreNotAcceptable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		certificate imaptest.Certificate
		trust       bool
		says        []string
	}{
		{"unknown issuer", imaptest.Certificate{}, false, []string{`signed by "CN=imaptest CA"`, "set ca_file"}},
		{"another host", imaptest.Certificate{Names: []string{"mail.example.test", "10.0.0.1"}}, true, []string{"is for mail.example.test, 10.0.0.1, not for 127.0.0.1", "set host"}},
		{"expired", imaptest.Certificate{Expired: true}, true, []string{"valid from", "have it renewed"}},
	} {
		for _, mode := range []netclient.TLSMode{netclient.TLSImplicit, netclient.TLSStartTLS} {
			t.Run(tt.name+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
					o := optionsFor(s)
					if !tt.trust {
						o.TLSConfig = nil
					}
					_, err := imapbox.Open(t.Context(), o)
					var bad *netclient.CertificateError
					if !errors.As(err, &bad) || imapbox.Temporary(err) {
						t.Fatalf("Open: %v; want one about the certificate, for good", err)
					}
					for _, part := range tt.says {
						if !strings.Contains(err.Error(), part) {
							t.Errorf("Open: %v; want %q in it", err, part)
						}
					}
				}, imaptest.WithTLS(string(mode)), imaptest.WithCertificate(tt.certificate))
			})
		}
	}
}

func TestTLSAndPlainTextMixedUp(t *testing.T) {
	t.Parallel()
	t.Run("TLS to a plain port", func(t *testing.T) {
		t.Parallel()
		o := optionsFor(imaptest.Memory(t))
		o.TLS = netclient.TLSImplicit
		_, err := imapbox.Open(t.Context(), o)
		if !errors.Is(err, imapbox.ErrProtocol) || !strings.Contains(err.Error(), "does not speak TLS on this port") {
			t.Errorf("Open: %v", err)
		}
	})
	t.Run("plain to a TLS port", func(t *testing.T) {
		t.Parallel()
		o := optionsFor(imaptest.Memory(t, imaptest.WithTLS(string(netclient.TLSImplicit))))
		o.TLS, o.Timeout = netclient.TLSNone, later
		_, err := imapbox.Open(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "greeting") {
			t.Errorf("Open: %v, want an error at the greeting", err)
		}
	})
}

func TestTLSHandshakeThatIsCutIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) { c.Raw("\x16\x03\x03") })
	o := optionsFor(s)
	o.TLS = netclient.TLSImplicit
	if _, err := imapbox.Open(t.Context(), o); !errors.Is(err, imapbox.ErrLost) || !imapbox.Temporary(err) {
		t.Errorf("Open: %v; want ErrLost, for now", err)
	}
}

func TestTLSIsNeverOlderThan12(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) { c.Play(imaptest.Play{}) },
		imaptest.WithTLS(string(netclient.TLSImplicit)), imaptest.WithMaxTLS(tls.VersionTLS11))
	o := optionsFor(s)
	o.TLSConfig.MinVersion = tls.VersionTLS10
	if _, err := imapbox.Open(t.Context(), o); err == nil || imapbox.Temporary(err) || !strings.Contains(err.Error(), "must offer TLS 1.2") {
		t.Errorf("Open with a server of TLS 1.1: %v", err)
	}
	if o.TLSConfig.MinVersion != tls.VersionTLS10 || o.TLSConfig.ServerName != "" {
		t.Error("Open changed the caller's configuration")
	}
}

func TestSTARTTLSNeverFallsBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script func(c *imaptest.Conn, secret chan<- string)
		want   error
	}{
		{"refused", func(c *imaptest.Conn, secret chan<- string) {
			c.Send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready")
			cmd := c.Next()
			c.Send(cmd.Tag + " BAD unknown command")
			secret <- c.Line()
		}, imapbox.ErrNoStartTLS},
		{"PREAUTH makes it impossible", func(c *imaptest.Conn, secret chan<- string) {
			c.Send("* PREAUTH welcome")
			secret <- c.Line()
		}, imapbox.ErrPreauth},
		{"text slipped in before the handshake", func(c *imaptest.Conn, secret chan<- string) {
			c.Send("* OK ready")
			cmd := c.Next()
			c.Raw(cmd.Tag + " OK go ahead\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
			secret <- c.Line()
		}, imapbox.ErrProtocol},
		{"another tag", func(c *imaptest.Conn, secret chan<- string) {
			c.Send("* OK ready")
			c.Next()
			c.Send("* OK wait", "X OK go ahead")
			secret <- c.Line()
		}, imapbox.ErrProtocol},
		{"no answer but noise", func(c *imaptest.Conn, secret chan<- string) {
			c.Send("* OK ready")
			c.Next()
			for {
				c.Send("* OK wait")
			}
		}, imapbox.ErrProtocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			said := make(chan string, 1)
			s := imaptest.Scripted(t, func(c *imaptest.Conn) { tt.script(c, said) }, imaptest.WithTLS(string(netclient.TLSStartTLS)))
			_, err := imapbox.Open(t.Context(), optionsFor(s))
			if !errors.Is(err, tt.want) || imapbox.Temporary(err) {
				t.Errorf("Open: %v; want %v, for good", err, tt.want)
			}
			select {
			case line := <-said:
				t.Errorf("the client went on in plain text: %q", line)
			default:
			}
		})
	}
}

func TestSTARTTLSForgetsWhatWasSaidInPlainText(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Send("* OK [CAPABILITY IMAP4rev1 STARTTLS MOVE LOGINDISABLED] ready")
		c.OK(c.Next())
		c.StartTLS()
		for {
			cmd := c.Next()
			if cmd.Name == "CAPABILITY" {
				c.Send("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR")
			}
			c.OK(cmd)
		}
	}, imaptest.WithTLS(string(netclient.TLSStartTLS)))
	session := open(t, s)
	if session.Has("MOVE") || !session.Has("AUTH=PLAIN") {
		t.Error("capabilities that were said in plain text are believed")
	}
}
