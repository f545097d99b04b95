package imaptest_test

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
)

// through connects to a scripted server by way of a proxy.
func through(t *testing.T, s *imaptest.Server) (*imaptest.Proxy, *client) {
	t.Helper()
	p := imaptest.NewProxy(t, s)
	return p, dial(t, s.Via(p).Addr)
}

// counting is a server that counts the NOOPs that it carries out.
func counting(t *testing.T) (*imaptest.Server, chan struct{}) {
	t.Helper()
	done := make(chan struct{}, 100)
	return imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"NOOP": func(c *imaptest.Conn, cmd imaptest.Command) {
				done <- struct{}{}
				c.Send("* 1 EXISTS")
				c.OK(cmd)
			},
		}})
	}), done
}

func TestProxyRecordsAndCounts(t *testing.T) {
	t.Parallel()
	s, done := counting(t)
	p, c := through(t, s)
	if got := c.line(); got != "* OK ready" {
		t.Fatalf("greeting = %q", got)
	}
	if diff := cmp.Diff([]string{"* 1 EXISTS", "a OK NOOP done"}, c.command("NOOP")); diff != "" {
		t.Errorf("NOOP (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a NOOP"}, p.Commands()); diff != "" {
		t.Errorf("Commands (-want +got):\n%s", diff)
	}
	imaptest.Eventually(t, "all bytes are counted", func() bool {
		toClient, toServer := p.Bytes()
		return toClient == int64(len("* OK ready\r\n* 1 EXISTS\r\na OK NOOP done\r\n")) && toServer == int64(len("a NOOP\r\n"))
	})
	if p.Connections() != 1 || p.Cuts() != 0 || len(done) != 1 {
		t.Errorf("%d connections, %d cuts, %d commands done", p.Connections(), p.Cuts(), len(done))
	}
}

func TestProxyActions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		action  imaptest.Action
		carried int // commands that the server carries out
	}{
		{"cut before", imaptest.CutBefore, 0},
		{"cut after the reply", imaptest.CutAfterReply, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, done := counting(t)
			p, c := through(t, s)
			_ = c.line()
			p.OnCommand(func(line string) imaptest.Action {
				if strings.HasSuffix(line, " NOOP") {
					return tt.action
				}
				return imaptest.Forward
			})
			if got := c.command("CAPABILITY"); len(got) != 2 {
				t.Errorf("another command = %q", got)
			}
			if got := c.command("NOOP"); got != nil {
				t.Errorf("NOOP = %q, want nothing", got)
			}
			if len(done) != tt.carried || p.Cuts() != 1 {
				t.Errorf("%d commands carried out, %d cuts; want %d and 1", len(done), p.Cuts(), tt.carried)
			}
		})
	}
}

func TestProxyStalls(t *testing.T) {
	t.Parallel()
	s, done := counting(t)
	p, c := through(t, s)
	_ = c.line()
	p.OnCommand(func(string) imaptest.Action { return imaptest.Stall })
	if err := c.conn.SetDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if got := c.command("NOOP"); got != nil || len(done) != 0 || p.Cuts() != 0 {
		t.Errorf("NOOP = %q, %d carried out, %d cuts; want silence", got, len(done), p.Cuts())
	}
}

func TestProxyCutsAtAByteOrALine(t *testing.T) {
	t.Parallel()
	t.Run("byte", func(t *testing.T) {
		t.Parallel()
		s, _ := counting(t)
		p, c := through(t, s)
		_ = c.line()
		p.CutAfter(int64(len("* 1 EXI")))
		if diff := cmp.Diff([]string{"* 1 EXI"}, c.command("NOOP")); diff != "" {
			t.Errorf("NOOP (-want +got):\n%s", diff)
		}
		// Only once.
		again := dial(t, s.Via(p).Addr)
		_ = again.line()
		if got := again.command("NOOP"); len(got) != 2 || p.Cuts() != 1 {
			t.Errorf("NOOP afterwards = %q, %d cuts", got, p.Cuts())
		}
	})
	t.Run("line", func(t *testing.T) {
		t.Parallel()
		s, done := counting(t)
		p, c := through(t, s)
		_ = c.line()
		p.OnReply(func(line string) bool { return strings.HasPrefix(line, "a OK") })
		if diff := cmp.Diff([]string{"* 1 EXISTS"}, c.command("NOOP")); diff != "" || len(done) != 1 {
			t.Errorf("NOOP (-want +got):\n%s", diff)
		}
	})
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		s, _ := counting(t)
		p, c := through(t, s)
		_ = c.line()
		p.CloseAll()
		if got := c.line(); got != "" {
			t.Errorf("line = %q, want the end", got)
		}
	})
}

func TestProxyDelays(t *testing.T) {
	t.Parallel()
	const delay = 30 * time.Millisecond
	s, _ := counting(t)
	p, c := through(t, s)
	_ = c.line()
	p.Delay(delay)
	start := time.Now()
	if got := c.command("NOOP"); len(got) != 2 {
		t.Errorf("NOOP = %q", got)
	}
	if took := time.Since(start); took < 2*delay {
		t.Errorf("two lines took %s, want at least %s", took, 2*delay)
	}
}

func TestProxyCutsSeveralTimesByBytes(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	proxy := imaptest.NewProxy(t, s)
	proxy.CutAfterEach(3, 0, 5)
	var got []int
	for range 3 {
		conn, err := net.Dial("tcp", proxy.Addr)
		if err != nil {
			t.Fatal(err)
		}
		greeting, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, len(greeting))
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	if want := []int{3, 0, 5}; !slices.Equal(got, want) {
		t.Errorf("bytes that came over three connections: %v, want %v", got, want)
	}
	if n := proxy.Cuts(); n != 3 {
		t.Errorf("%d cuts, want 3", n)
	}
}

func TestUIDsOfASet(t *testing.T) {
	t.Parallel()
	got, err := imaptest.UIDs("1,3:5,9")
	if want := []uint32{1, 3, 4, 5, 9}; err != nil || !slices.Equal(got, want) {
		t.Errorf("UIDs = %v, %v; want %v", got, err, want)
	}
	if got, err := imaptest.UIDs("1:*"); err == nil {
		t.Errorf("UIDs of a set without an end = %v, want an error", got)
	}
}
