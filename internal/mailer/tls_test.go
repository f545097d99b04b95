package mailer_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/mailer"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/smtpsink"
)

// trusting returns a TLS configuration for the sink's CA; nil where it has none.
func trusting(sink *smtpsink.Sink) *tls.Config {
	if sink.CA() == nil {
		return nil
	}
	return &tls.Config{RootCAs: sink.CA().Pool()}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options smtpsink.Options
		stray   bool // whether the client does not know the CA
		hint    string
	}{
		{name: "a certificate that is right"},
		{name: "a certificate of nobody we know", stray: true, hint: `the server's certificate is signed by "CN=tlsbrief local CA", which this machine does not trust; if that is a private CA, set ca_file to its certificate`},
		{name: "a certificate for another name", options: smtpsink.Options{Names: []string{"mail.example.net", "192.0.2.1"}},
			hint: "the server's certificate is for mail.example.net, 192.0.2.1, not for 127.0.0.1; set host, or server_name, to one that it is for"},
		{name: "TLS 1.2", options: smtpsink.Options{MaxTLSVersion: tls.VersionTLS12}},
		{name: "TLS 1.1", options: smtpsink.Options{MaxTLSVersion: tls.VersionTLS11}, hint: "TLS 1.2"},
	}
	for _, mode := range []smtpsink.Mode{smtpsink.STARTTLS, smtpsink.Implicit} {
		for _, tt := range tests {
			t.Run(tt.name+", "+string(mode), func(t *testing.T) {
				t.Parallel()
				so := tt.options
				so.Mode, so.User, so.Password = mode, user, password
				sink := smtpsink.New(t, so)
				o := protected(sink, mode)
				o.TLSConfig.MinVersion = tls.VersionTLS10 // to be raised
				if tt.stray {
					o.TLSConfig = nil
				}
				if tt.hint == "" {
					results, err := mailer.New(o).Send(t.Context(), sender, []string{alice}, letter)
					if err != nil || results[0].Err != nil {
						t.Fatalf("Send = %v, %v", results, err)
					}
					if m := sink.Mails()[0]; !m.TLS || m.HELO != "client.example.com" || m.User != user {
						t.Errorf("arrived: %+v, want it over TLS from client.example.com, logged in", m)
					}
					return
				}
				e := sendOne(t, o)
				if e.Step != mailer.StepTLS || !e.Temporary || !strings.Contains(e.Error(), tt.hint) || strings.Contains(e.Error(), "x509: ") || strings.Contains(e.Error(), "tls: tls: ") {
					t.Errorf("error = %v (step %s, temporary %t), want a temporary one at tls that says %q, in plain words", e, e.Step, e.Temporary, tt.hint)
				}
				if n := len(sink.Mails()); n != 0 {
					t.Errorf("%d mails arrived", n)
				}
			})
		}
	}
}

func TestStartTLSIsNeverDoneWithout(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password})
	o := options(sink, true)
	o.TLS = netclient.TLSStartTLS
	e := sendOne(t, o)
	if e.Step != mailer.StepStartTLS || !e.Temporary || !strings.Contains(e.Error(), "does not offer STARTTLS") {
		t.Errorf("error = %v (step %s, temporary %t)", e, e.Step, e.Temporary)
	}
	if n := len(sink.Mails()); n != 0 {
		t.Errorf("%d mails arrived", n)
	}
}

// TestPlainTextBehindStartTLS has someone on the way add an answer in plain text
// behind that to STARTTLS, to be taken for the server's under TLS.
func TestPlainTextBehindStartTLS(t *testing.T) {
	t.Parallel()
	port := serve(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		_, _ = fmt.Fprint(conn, "220 mail.example.com\r\n")
		_, _ = r.ReadString('\n')
		_, _ = fmt.Fprint(conn, "250-mail.example.com\r\n250 starttls\r\n")
		_, _ = r.ReadString('\n')
		_, _ = fmt.Fprint(conn, "220 2.0.0 Go\r\n250-mail.example.com\r\n250 AUTH PLAIN\r\n")
		_, _ = r.ReadString('\n')
	})
	e := sendOne(t, mailer.Options{Host: "127.0.0.1", Port: port, TLS: netclient.TLSStartTLS, Timeout: testTimeout})
	if e.Step != mailer.StepStartTLS || !strings.Contains(e.Error(), "out of turn") {
		t.Errorf("error = %v (step %s), want it found out at starttls", e, e.Step)
	}
}

func TestWrongKindOfPort(t *testing.T) {
	t.Parallel()
	t.Run("plain text where TLS is expected", func(t *testing.T) {
		t.Parallel()
		sink := smtpsink.New(t, smtpsink.Options{})
		o := options(sink, false)
		o.TLS = netclient.TLSImplicit
		if e := sendOne(t, o); e.Step != mailer.StepTLS || !strings.Contains(e.Hint, "starttls") {
			t.Errorf("error = %v (step %s), want a hint at starttls", e, e.Step)
		}
	})
	t.Run("TLS where plain text is expected", func(t *testing.T) {
		t.Parallel()
		sink := smtpsink.New(t, smtpsink.Options{Mode: smtpsink.Implicit})
		o := options(sink, false)
		o.TLS, o.Timeout = netclient.TLSStartTLS, time.Second
		if e := sendOne(t, o); e.Step != mailer.StepGreeting || !strings.Contains(e.Hint, "implicit") {
			t.Errorf("error = %v (step %s), want a hint at implicit", e, e.Step)
		}
	})
}

func TestHELO(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{})
	o := options(sink, false)
	o.HELO = ""
	if _, err := mailer.New(o).Send(t.Context(), sender, []string{alice}, letter); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if got := sink.Mails()[0].HELO; got != "[127.0.0.1]" && !strings.Contains(got, ".") || got == "localhost" {
		t.Errorf("HELO %q, want a full name or an address literal", got)
	}
	for _, mode := range []netclient.TLSMode{netclient.TLSNone, netclient.TLSStartTLS} {
		o.HELO, o.TLS = "a\r\nMAIL FROM:<x@example.com>", mode
		if e := sendOne(t, o); e.Step != mailer.StepEHLO || !strings.Contains(e.Error(), "not a host name") {
			t.Errorf("error = %v (step %s), want the name refused", e, e.Step)
		}
	}
}
