package poller_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsbrief/internal/imaptest"
	"tlsbrief/poller"
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

// A message at which the server breaks off costs what it takes to find that out,
// once: the connection it was first asked for on, and one of its own.
func TestMessageThatJamsIsQuarantinedAtOnce(t *testing.T) {
	t.Parallel()
	const most = 2
	for _, tt := range []struct {
		name, word string
		do         func(*imaptest.Conn)
	}{
		{"body, hangs up", "BODY.PEEK[]", func(c *imaptest.Conn) { c.Close() }},
		{"body, falls silent", "BODY.PEEK[]", func(c *imaptest.Conn) { c.Hang() }},
		{"body, half of it", "BODY.PEEK[]", func(c *imaptest.Conn) { c.Raw("* 3 FETCH (UID 3 BODY[]<0> {1000}\r\nshort"); c.Hang() }},
		{"body, not IMAP", "BODY.PEEK[]", func(c *imaptest.Conn) { c.Send("* 3 FETCH (UID 3 NONSENSE))"); c.Hang() }},
		{"header, hangs up", "HEADER", func(c *imaptest.Conn) { c.Close() }},
		{"header, falls silent", "HEADER", func(c *imaptest.Conn) { c.Hang() }},
		{"parts, hangs up", "MIME", func(c *imaptest.Conn) { c.Close() }},
		{"parts, falls silent", "MIME", func(c *imaptest.Conn) { c.Hang() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			jams := report(3)
			if tt.word == "MIME" {
				jams = mixedReport(3)
			}
			box := newScriptedBox(report(1), letter(2), jams, report(4), letter(5))
			box.on("UID FETCH", box.jamming(tt.word, tt.do, 3))
			s := box.start(t)
			proxy := imaptest.NewProxy(t, s)
			r := newRig(t, s.Via(proxy), timeout(500*time.Millisecond))
			r.poll(poller.Totals{Examined: 5, Recorded: 2, Rejected: 1, Ignored: 2})
			r.want(id(1), id(4))
			r.wantRejected(3, "quarantined")
			r.wantCursor("INBOX", 5)
			if n := proxy.Connections(); n > 1+most {
				t.Errorf("the poll took %d connections, want at most %d for the message", n, most)
			}
			before := proxy.Connections()
			r.poll(poller.Totals{})
			if n := proxy.Connections() - before; n != 1 {
				t.Errorf("the next poll took %d connections, want 1", n)
			}

			if tt.word == "MIME" {
				return // this server tells nothing of parts
			}
			box.on("UID FETCH", nil) // mended: a backfill asks for it again
			r.change(timeout(testWait))
			if _, err := r.p.Backfill(t.Context(), poller.Backfill{}); err != nil {
				t.Fatal(err)
			}
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
				deliver(t, s, "INBOX", report(1), mixedReport(2), letter(3))
				proxy := imaptest.NewProxy(t, s)
				proxy.OnCommand(once(word, action))
				r := newRig(t, s.Via(proxy), timeout(500*time.Millisecond))
				r.poll(poller.Totals{Examined: 3, Recorded: 2, Ignored: 1})
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
					mails, uids = append(mails, report(n)), append(uids, n)
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
				r.poll(poller.Totals{Examined: int64(way.count), Recorded: int64(way.count)})
			})
		}
	}
}

// A connection that breaks at one message after another, and at no other since, is
// no reason to reject the last of them.
func TestMessageAfterWhichNothingCameIsNotQuarantined(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(report(1), report(2))
	var came atomic.Bool // the header of the first, alone
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if !strings.Contains(cmd.Args, "HEADER") {
			return false
		}
		if uids := box.wantedUIDs(cmd); len(uids) == 1 && uids[0] == 1 && came.CompareAndSwap(false, true) {
			return false
		} else if len(uids) == 2 {
			for _, uid := range uids {
				c.Raw(box.response(uid, cmd.Args, "")) // both whole: no telling at which it broke off
			}
		}
		c.Close()
		return true
	})
	r := newRig(t, box.start(t))
	r.poll(poller.Totals{Examined: 2, Recorded: 1})
	box.on("UID FETCH", nil)
	r.poll(poller.Totals{Recorded: 1})
}

// A server that hangs up where it is asked for the parts of many messages is soon
// asked for those of one at a time.
func TestServerThatHangsUpAtThePartsOfManyIsAskedOneByOne(t *testing.T) {
	t.Parallel()
	const mails, most = 1100, 3
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
	r.poll(poller.Totals{Examined: mails, Ignored: mails})
	if n := many.Load(); n != most {
		t.Errorf("the parts of many messages were asked for %d times, want %d", n, most)
	}
}
