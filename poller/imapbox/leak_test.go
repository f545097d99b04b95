package imapbox_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/race"
	"tlsbrief/poller/imapbox"
)

// Not parallel: it counts goroutines, and other tests have their own.
func TestFailingSessionsLeaveNothingBehind(t *testing.T) {
	ends := map[string]func(c *imaptest.Conn, cmd imaptest.Command){
		"cut in a literal": func(c *imaptest.Conn, _ imaptest.Command) {
			c.Raw("* 1 FETCH (UID 1 BODY[]<0> {1000}\r\nshort")
			c.Close()
		},
		"silent in a literal": func(c *imaptest.Conn, _ imaptest.Command) {
			c.Raw("* 1 FETCH (UID 1 BODY[]<0> {1000}\r\nshort")
			c.Hang()
		},
		"silent":   func(c *imaptest.Conn, _ imaptest.Command) { c.Hang() },
		"not IMAP": func(c *imaptest.Conn, _ imaptest.Command) { c.Send("* XFOO"); c.Hang() },
		"refused":  func(c *imaptest.Conn, cmd imaptest.Command) { c.No(cmd, "no") },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			s := fetchScript(t, end)
			once := func() {
				session, err := imapbox.Open(t.Context(), optionsFor(s))
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = session.Close() }()
				examine(t, session, "INBOX")
				imapbox.SetTimeouts(session, 10*time.Millisecond, testWait)
				if err := session.Bodies(t.Context(), []uint32{1}, 1<<20, func(imapbox.Body) error { return nil }); err == nil {
					t.Error("Bodies: no error")
				}
			}
			once()
			before := settled()
			heap := heapInUse()
			for range 50 {
				once()
			}
			imaptest.Eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before+2 })
			if grown := heapInUse() - heap; grown > 2<<20 && !race.Enabled {
				t.Errorf("50 failing sessions left %d bytes", grown)
			}
		})
	}
}

// settled waits until the number of goroutines stays the same for a while.
func settled() int {
	const rounds = 20
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	last, same := runtime.NumGoroutine(), 0
	for same < rounds {
		<-tick.C
		if n := runtime.NumGoroutine(); n == last {
			same++
		} else {
			last, same = n, 0
		}
	}
	return last
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestOpeningThatFailsLeavesNothingBehind(t *testing.T) {
	for name, script := range map[string]func(c *imaptest.Conn){
		"hangs up": func(*imaptest.Conn) {},
		"no":       func(c *imaptest.Conn) { c.Send("* BYE no"); c.Hang() },
		"not IMAP": func(c *imaptest.Conn) { c.Raw(strings.Repeat("x", 100_000)); c.Hang() },
		"no login": func(c *imaptest.Conn) {
			c.Send("* OK [CAPABILITY IMAP4rev1] hi")
			cmd := c.Next()
			c.No(cmd, "no")
			c.Hang()
		},
		"disabled":   func(c *imaptest.Conn) { c.Send("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi"); c.Hang() },
		"hangs up 2": func(c *imaptest.Conn) { c.Send("* OK hi") },
	} {
		t.Run(name, func(t *testing.T) {
			s := imaptest.Scripted(t, script)
			once := func() {
				ctx, cancel := context.WithTimeout(t.Context(), testWait)
				defer cancel()
				if _, err := imapbox.Open(ctx, optionsFor(s)); err == nil {
					t.Error("Open: no error")
				}
			}
			once()
			before := settled()
			for range 30 {
				once()
			}
			imaptest.Eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before+2 })
		})
	}
}
