package imaptest

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"tlsbrief/internal/testing/ports"
)

// Whoever listens on a port first may be a server of the same kind, with the same
// user and password.
func TestTheServerIsTheOneThatWasStarted(t *testing.T) {
	t.Parallel()
	for kind, start := range map[string]func(testing.TB, ...Option) *Server{KindDovecot: Dovecot, KindCyrus: Cyrus} {
		for name, taken := range map[string]func(t *testing.T) [2]int{
			"both ports, by a server of the kind": func(t *testing.T) [2]int {
				stranger, ours := start(t), [2]int{}
				if stranger.dovecot != nil {
					ours = [2]int{stranger.dovecot.plain, stranger.dovecot.tls}
				} else {
					ours = [2]int{stranger.cyrus.plain, stranger.cyrus.tls}
				}
				return ours
			},
			"the plain port":            func(t *testing.T) [2]int { return [2]int{greeter(t, nil), ports.Reserve(t)} },
			"the TLS port":              func(t *testing.T) [2]int { return [2]int{ports.Reserve(t), greeter(t, strangersTLS(t))} },
			"the TLS port, without TLS": func(t *testing.T) [2]int { return [2]int{ports.Reserve(t), greeter(t, nil)} },
		} {
			t.Run(fmt.Sprintf("%s, %s", kind, name), func(t *testing.T) {
				t.Parallel()
				offered := taken(t)
				next := offered[:]
				choose := func(o *options) {
					o.port = func(t testing.TB) int {
						if len(next) == 0 {
							return ports.Reserve(t)
						}
						port := next[0]
						next = next[1:]
						return port
					}
				}
				for _, mode := range []string{"none", "implicit"} {
					next = offered[:]
					s := start(t, choose, WithTLS(mode))
					if s.Port == offered[0] || s.Port == offered[1] {
						t.Errorf("%s: the server is on port %d of %v, which are a stranger's", mode, s.Port, offered)
					}
					s.CreateFolder(t, "Shared/Box")
					s.SetRights(t, "Shared/Box", "lr")
				}
			})
		}
	}
}

// greeter greets as an IMAP server on a port of its own, and says no more.
func greeter(t *testing.T, config *tls.Config) int {
	t.Helper()
	port := ports.Reserve(t)
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(daemonWait))
				_, _ = io.WriteString(conn, "* OK [CAPABILITY IMAP4rev1] IMAP server ready\r\n")
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	return port
}

func strangersTLS(t *testing.T) *tls.Config {
	t.Helper()
	return newAuthority(t, t.TempDir()).serverConfig(t, collectOptions(nil))
}
