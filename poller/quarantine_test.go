package poller_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
)

// jamming has a server do something to the connection where UID FETCH asks for a
// section of some UIDs that contains a word.
func (b *scriptedBox) jamming(word string, do func(*imaptest.Conn), uids ...int) func(*imaptest.Conn, imaptest.Command) bool {
	return func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if !strings.Contains(cmd.Args, word) {
			return false
		}
		for _, uid := range b.wantedUIDs(cmd) {
			if slices.Contains(uids, uid) {
				do(c)
			}
			c.Raw(b.response(uid, cmd.Args, ""))
		}
		c.OK(cmd)
		return true
	}
}

// A message at which the server breaks off costs three connections at its first poll and
// two at the three after it, then it is asked for alone and rarely; the others are read
// (M-A10, M-A11, M-A12).
func TestMessageThatJamsStopsNoOther(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it waits for timeouts")
	}
	t.Parallel()
	const most = 3
	for _, tt := range []struct {
		name, word string
		do         func(*imaptest.Conn)
	}{
		{"body, hangs up", "BODY.PEEK[]", func(c *imaptest.Conn) { c.Close() }},
		{"body, falls silent", "BODY.PEEK[]", func(c *imaptest.Conn) { c.Hang() }},
		{"body, half of it", "BODY.PEEK[]", func(c *imaptest.Conn) { c.Raw("* 3 FETCH (UID 3 BODY[]<0> {1000}\r\nshort"); c.Hang() }},
		{"header, hangs up", "HEADER", func(c *imaptest.Conn) { c.Close() }},
		{"header, falls silent", "HEADER", func(c *imaptest.Conn) { c.Hang() }},
		{"parts, hangs up", "MIME", func(c *imaptest.Conn) { c.Close() }},
		{"parts, falls silent", "MIME", func(c *imaptest.Conn) { c.Hang() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			jams := newReport(3)
			if tt.word == "MIME" {
				jams = mixedReport(3)
			}
			box := newScriptedBox(newReport(1), letter(2), jams, newReport(4), letter(5))
			box.on("UID FETCH", box.jamming(tt.word, tt.do, 3))
			s := box.start(t)
			proxy := imaptest.NewProxy(t, s)
			r := newRig(t, s.Via(proxy), timeout(500*time.Millisecond))
			r.poll(ingest.Totals{Examined: 5, Recorded: 2, Ignored: 2})
			r.want(id(1), id(4))
			unknown := " (unknown)"
			if tt.word == "BODY.PEEK[]" {
				unknown = ""
			}
			r.wantPending("3" + unknown + ": ")
			r.wantCursor("INBOX", 5)
			if n := proxy.Connections(); n > 1+most {
				t.Errorf("the poll took %d connections, want at most %d for the message", n, most)
			}
			before := proxy.Connections()
			r.poll(ingest.Totals{})
			r.poll(ingest.Totals{})
			r.wantPending("3 quarantined" + unknown + ": ")
			r.poll(ingest.Totals{})
			if n := proxy.Connections() - before; n > 6 {
				t.Errorf("the next three polls took %d connections, want at most 6", n)
			}
			before = proxy.Connections()
			r.poll(ingest.Totals{})
			if n := proxy.Connections() - before; n != 1 {
				t.Errorf("the next poll took %d connections, want 1", n)
			}

			box.on("UID FETCH", nil) // mended
			r.change(timeout(testWait))
			r.pass(2 * time.Hour)
			r.poll(ingest.Totals{Recorded: 1})
			r.want(id(1), id(3), id(4))
		})
	}
}

// A server that is silent for a while, or hangs up, says nothing of the message
// that it was asked for then.
func TestConnectionThatBreaksOffOnceBlamesNoMessage(t *testing.T) {
	t.Parallel()
	for _, action := range []imaptest.Action{imaptest.Stall, imaptest.CutBefore} {
		for _, word := range []string{"HEADER", "MIME", "BODY.PEEK[]"} {
			t.Run(word, func(t *testing.T) {
				t.Parallel()
				s := imaptest.Memory(t)
				deliver(t, s, "INBOX", newReport(1), mixedReport(2), letter(3))
				proxy := imaptest.NewProxy(t, s)
				proxy.OnCommand(once(word, action))
				r := newRig(t, s.Via(proxy), timeout(500*time.Millisecond))
				r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
				if !strings.Contains(r.log.String(), "broke off") {
					t.Errorf("the log does not say so:\n%s", r.log)
				}
			})
		}
	}
}

// Where the server breaks off at every message, none of them is to blame, and it is
// not waited for at each of them.
func TestServerThatBreaksOffAtEveryMessageQuarantinesNone(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it waits for timeouts")
	}
	t.Parallel()
	for _, word := range []string{"HEADER", "BODY.PEEK[]"} {
		for _, way := range []struct {
			name  string
			count int
			do    func(*imaptest.Conn)
			says  string
		}{
			{"two, hangs up", 2, func(c *imaptest.Conn) { c.Close() }, "connection was lost"},
			{"twenty, hangs up", 20, func(c *imaptest.Conn) { c.Close() }, "connection was lost"},
			{"two, silent", 2, func(c *imaptest.Conn) { c.Hang() }, "did not answer"},
			{"twenty, silent", 20, func(c *imaptest.Conn) { c.Hang() }, "did not answer"},
		} {
			t.Run(word+", "+way.name, func(t *testing.T) {
				t.Parallel()
				var mails [][]byte
				var uids []int
				for n := 1; n <= way.count; n++ {
					mails, uids = append(mails, newReport(n)), append(uids, n)
				}
				box := newScriptedBox(mails...)
				box.on("UID FETCH", box.jamming(word, way.do, uids...))
				r := newRig(t, box.start(t), timeout(300*time.Millisecond))
				start := time.Now()
				r.pollFails(way.says)
				if d := time.Since(start); d > testWait/2 {
					t.Errorf("it took %s to give up", d)
				}
				r.want()
				if f := r.folder("INBOX"); f.Poll != nil || len(r.rejected()) > 0 {
					t.Errorf("cursor %+v, rejected %+v; want neither", f.Poll, r.rejected())
				}
				box.on("UID FETCH", nil)
				r.change(timeout(testWait))
				r.poll(ingest.Totals{Examined: int64(way.count), Recorded: int64(way.count)})
			})
		}
	}
}

// Connections that break are no reason to reject a message, whichever and how many (P1).
func TestBrokenConnectionsRejectNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many polls")
	}
	t.Parallel()
	for _, word := range []string{"HEADER", "BODY.PEEK[]"} {
		for breaks := 1; breaks <= 9; breaks++ {
			box := newScriptedBox(newReport(1), newReport(2), letter(3))
			var left atomic.Int64
			left.Store(int64(breaks))
			box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
				if strings.Contains(cmd.Args, word) && left.Add(-1) >= 0 {
					c.Close()
				}
				return false
			})
			r := newRig(t, box.start(t))
			for left.Load() >= 0 {
				if _, err := r.p.Poll(t.Context(), ""); err != nil && !strings.Contains(err.Error(), "connection was lost") {
					t.Fatal(err)
				}
			}
			if _, err := r.p.Poll(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			r.want(id(1), id(2))
			r.wantPending()
			r.wantCursor("INBOX", 3)
			if all := r.rejected(); len(all) > 0 {
				t.Errorf("%d breaks at %s: rejected %+v", breaks, word, all)
			}
		}
	}
}

// After three bad polls the first sound one records all. A message that was asked for
// alone in vain by then waits for an hour, for it may be what breaks the connection (P1).
func TestFirstSoundPollAfterBadPollsRecordsAll(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"HEADER", "BODY.PEEK[]"} {
		for _, bad := range []int{1, 2, 3, 4, 6} {
			t.Run(fmt.Sprintf("%s, %d bad polls", word, bad), func(t *testing.T) {
				t.Parallel()
				box := newScriptedBox(newReport(1), newReport(2), letter(3), newReport(4))
				box.on("UID FETCH", box.jamming(word, func(c *imaptest.Conn) { c.Close() }, 2))
				r := newRig(t, box.start(t))
				for range bad {
					if _, err := r.p.Poll(t.Context(), ""); err != nil {
						t.Fatal(err)
					}
				}
				r.want(id(1), id(4))
				box.on("UID FETCH", nil)
				if bad > 3 {
					r.poll(ingest.Totals{})
					r.wantPending("2 quarantined")
					r.pass(time.Hour)
				}
				r.poll(ingest.Totals{Recorded: 1})
				r.want(id(1), id(2), id(4))
				r.wantPending()
				if got := box.flagsOf(2); got != `\Seen` {
					t.Errorf("flags = %q, want \\Seen", got)
				}
			})
		}
	}
}

// A server that hangs up where it is asked for the parts of many messages is soon
// asked for those of one at a time.
func TestServerThatHangsUpAtThePartsOfManyIsAskedOneByOne(t *testing.T) {
	t.Parallel()
	const mails, most = 1100, 12
	var all [][]byte
	for n := range mails {
		all = append(all, withAttachment(n, 10))
	}
	box := newScriptedBox(all...)
	var many atomic.Int64
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if !strings.Contains(cmd.Args, "MIME") || len(box.wantedUIDs(cmd)) == 1 {
			return false
		}
		many.Add(1)
		c.Close()
		return true
	})
	r := newRig(t, box.start(t))
	r.poll(ingest.Totals{Examined: mails, Ignored: mails})
	if n := many.Load(); n > most {
		t.Errorf("the parts of many messages were asked for %d times, want at most %d", n, most)
	}
}
