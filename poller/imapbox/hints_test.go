package imapbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/ports"
	"tlsbrief/poller/imapbox"
)

// dialing makes every connection one that dial gives.
func dialing(tls netclient.TLSMode, dial func() (net.Conn, error)) imapbox.Options {
	return imapbox.Options{
		Name: "box", Host: "imap.example.test", Port: 993, TLS: tls,
		Auth: func(context.Context) (netclient.Credentials, error) { return netclient.Credentials{}, nil },
		Dial: func(context.Context, string, string) (net.Conn, error) { return dial() },
	}
}

// silent is a server that waits for us to speak.
func silent(t *testing.T) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { _ = theirs.Close() })
		return ours, nil
	}
}

func TestASilentGreetingIsToldWhatToTry(t *testing.T) {
	t.Parallel()
	const hint = `try tls = "implicit" (port 993)`
	for _, tt := range []struct {
		name   string
		tls    netclient.TLSMode
		port   int
		wait   time.Duration
		hinted bool
	}{
		{"STARTTLS where TLS is usual", netclient.TLSStartTLS, 993, 10 * time.Second, true},
		{"no TLS where it is usual", netclient.TLSNone, 993, 10 * time.Second, true},
		{"STARTTLS where it is usual", netclient.TLSStartTLS, 143, time.Minute, true},
		{"no TLS on a port of one's own", netclient.TLSNone, 10143, time.Minute, true},
		{"TLS where it is usual", netclient.TLSImplicit, 993, time.Minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := dialing(tt.tls, silent(t))
				o.Port = tt.port
				start := time.Now()
				_, err := imapbox.Open(t.Context(), o)
				if !errors.Is(err, imapbox.ErrTimeout) || !imapbox.Temporary(err) {
					t.Fatalf("Open: %v; want ErrTimeout, for now", err)
				}
				if waited := time.Since(start); waited != tt.wait || !strings.Contains(err.Error(), "did not answer within "+tt.wait.String()) {
					t.Errorf("Open: %v after %s, want it after %s", err, waited, tt.wait)
				}
				if strings.Contains(err.Error(), hint) != tt.hinted {
					t.Errorf("Open: %v; says %q: %t, want %t", err, hint, !tt.hinted, tt.hinted)
				}
			})
		})
	}
}

func TestASlowGreetingIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := dialing(netclient.TLSNone, func() (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				time.Sleep(9 * time.Second)
				_, _ = theirs.Write([]byte("*"))
				time.Sleep(9 * time.Second)
				_, _ = theirs.Write([]byte(" BYE [UNAVAILABLE] later\r\n"))
				_ = theirs.Close()
			}()
			return ours, nil
		})
		var reply *imapbox.Reply
		if _, err := imapbox.Open(t.Context(), o); !errors.As(err, &reply) || reply.Code != "UNAVAILABLE" {
			t.Errorf("Open: %v; want the server's BYE", err)
		}
	})
}

func TestAnErrorBeforeTheLoginNamesTheServerAndWhatToDo(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, tt := range []struct {
		name      string
		err       error
		says      string
		temporary bool
	}{
		{"refused", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)),
			`mailbox "box": connect: imap.example.test:993: connection refused (nothing listens there: check host and port)`, true},
		{"no such host", dial(&net.DNSError{Err: "no such host", Name: "imap.example.test", IsNotFound: true}),
			`mailbox "box": connect: imap.example.test:993: lookup imap.example.test: no such host (check the host's spelling)`, false},
		{"DNS out of order", dial(&net.DNSError{Err: "server misbehaving", Name: "imap.example.test", IsTemporary: true}),
			`mailbox "box": connect: imap.example.test:993: lookup imap.example.test: server misbehaving (the name could not be looked up: check this machine's DNS)`, true},
		{"no way there", dial(syscall.EHOSTUNREACH),
			`mailbox "box": connect: imap.example.test:993: no route to host`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := imapbox.Open(t.Context(), dialing(netclient.TLSImplicit, func() (net.Conn, error) { return nil, tt.err }))
			if err == nil || err.Error() != tt.says || imapbox.Temporary(err) != tt.temporary || !errors.Is(err, tt.err) {
				t.Errorf("Open: %v (temporary %t), want %q", err, imapbox.Temporary(err), tt.says)
			}
		})
	}
	t.Run("refused by a port that nobody listens on", func(t *testing.T) {
		t.Parallel()
		o := dialing(netclient.TLSImplicit, nil)
		o.Dial, o.Host, o.Port = nil, "127.0.0.1", ports.Reserve(t)
		if _, err := imapbox.Open(t.Context(), o); !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), fmt.Sprintf("127.0.0.1:%d: ", o.Port)) || !strings.Contains(err.Error(), "nothing listens there") {
			t.Errorf("Open: %v", err)
		}
	})
	t.Run("no answer to the connection", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := dialing(netclient.TLSImplicit, nil)
			o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, dial(ctx.Err())
			}
			_, err := imapbox.Open(t.Context(), o)
			const want = `mailbox "box": connect: imap.example.test:993: the server did not answer within 1m0s (check host, port and firewalls)`
			if err == nil || err.Error() != want {
				t.Errorf("Open: %v, want %q", err, want)
			}
		})
	})
	t.Run("TLS", func(t *testing.T) {
		t.Parallel()
		s := imaptest.Memory(t, imaptest.WithTLS(string(netclient.TLSImplicit)))
		o := optionsFor(s)
		o.TLSConfig = nil
		if _, err := imapbox.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "tls: "+net.JoinHostPort(s.Host, strconv.Itoa(s.Port))+": the server's certificate") {
			t.Errorf("Open: %v", err)
		}
	})
	t.Run("a refused login, and what to do about it", func(t *testing.T) {
		t.Parallel()
		s := imaptest.Memory(t)
		o := optionsFor(s)
		o.Auth = func(context.Context) (netclient.Credentials, error) {
			return netclient.Credentials{Username: s.Username, Password: "wrong"}, nil
		}
		if _, err := imapbox.Open(t.Context(), o); !errors.Is(err, imapbox.ErrAuth) || !strings.Contains(err.Error(), "check username and password") {
			t.Errorf("Open: %v", err)
		}
	})
}
