package poller_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// What the server lacks is done without, and what it offers beyond is left alone.
func TestReadsAndMarksWhateverTheServerOffers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, capabilities string }{
		{"nothing but the log-in", "IMAP4rev1 AUTH=PLAIN"},
		{"only the LOGIN command", "IMAP4rev1"},
		{"no ESEARCH, no CONDSTORE", "IMAP4rev1 AUTH=PLAIN SASL-IR UIDPLUS MOVE SPECIAL-USE LIST-EXTENDED"},
		{"no UIDPLUS, no MOVE", "IMAP4rev1 AUTH=PLAIN SASL-IR CONDSTORE SPECIAL-USE"},
		{"much that is not used", "IMAP4rev1 AUTH=PLAIN SASL-IR CONDSTORE QRESYNC COMPRESS=DEFLATE NOTIFY IDLE UTF8=ACCEPT OBJECTID X-GM-EXT-1 BINARY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), withAttachment(2, 1000), newReport(3))
			s := box.startWith(t, tt.capabilities, nil)
			proxy := imaptest.NewProxy(t, s)
			r := newRig(t, s.Via(proxy))
			r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
			r.poll(ingest.Totals{})
			for uid, want := range map[int]string{1: `\Seen`, 2: "", 3: `\Seen`} {
				if got := box.flagsOf(uid); got != want {
					t.Errorf("flags of UID %d: %q, want %q", uid, got, want)
				}
			}
			wantHarmless(t, proxy.Commands())
		})
	}
}

// wantHarmless wants no command among those sent that is known to lose mail, to
// kill the connection or to be answered wrongly (DESIGN 5).
func wantHarmless(t *testing.T, commands []string) {
	t.Helper()
	if len(commands) == 0 {
		t.Error("no commands were seen, so nothing is tested")
	}
	for i, name := range names(commands) {
		if slices.Contains([]string{"EXPUNGE", "CLOSE", "SEARCH", "STORE", "FETCH", "ENABLE", "COMPRESS", "IDLE"}, name) {
			t.Errorf("command %d is %s", i, name)
		}
	}
	for _, line := range commands {
		for _, word := range []string{"BODYSTRUCTURE", "ENVELOPE", " BODY[", " RFC822 ", "SEARCH HEADER", "HEADER TLS-REPORT-DOMAIN \""} {
			if strings.Contains(strings.ToUpper(line), word) {
				t.Errorf("%q has %q in it", line, word)
			}
		}
	}
}

// Some servers leave messages out of the answer to a large FETCH, without a word.
func TestServerThatLosesMailInLargeBatchesIsAskedForLess(t *testing.T) {
	t.Parallel()
	const mails, most = 130, 25
	var all [][]byte
	for n := 1; n <= mails; n++ {
		all = append(all, newReport(n))
	}
	box := newScriptedBox(all...)
	var mu sync.Mutex
	fetches := 0
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		mu.Lock()
		fetches++
		mu.Unlock()
		for i, uid := range box.wantedUIDs(cmd) {
			if i < most {
				c.Raw(box.response(uid, cmd.Args, ""))
			}
		}
		c.OK(cmd)
		return true
	})
	r := newRig(t, box.start(t), after(poller.AfterNone, "", ""))
	r.poll(ingest.Totals{Examined: mails, Recorded: mails})
	mu.Lock()
	defer mu.Unlock()
	if fetches > mails/2 {
		t.Errorf("%d FETCHes for %d messages: one by one was not needed", fetches, mails)
	}
}

// A keyword that the server does not keep is not set, which is said once; the
// reports count all the same.
func TestServerThatKeepsNoKeywords(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1))
	keepsFew := func(c *imaptest.Conn, cmd imaptest.Command) bool {
		c.Send("* 1 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 2] ok", `* OK [PERMANENTFLAGS (\Seen \Deleted)] no keywords here`)
		c.OK(cmd)
		return true
	}
	box.on("SELECT", keepsFew)
	box.on("EXAMINE", keepsFew)
	box.on("UID STORE", func(_ *imaptest.Conn, cmd imaptest.Command) bool {
		t.Errorf("STORE %s, of what the server does not keep", cmd.Args)
		return false
	})
	r := newRig(t, box.start(t), after(poller.AfterKeyword, "$TLSRPT", ""))
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	r.poll(ingest.Totals{})
	if n := strings.Count(r.log.String(), "does not keep the flag $TLSRPT"); n != 1 {
		t.Errorf("said %d times, want once:\n%s", n, r.log)
	}
}

// A server that is out of order or overloaded is left alone for a while by a
// worker, however it says so.
func TestServerThatSendsEverybodyAwayIsLeftAloneForAWhile(t *testing.T) {
	t.Parallel()
	on := func(command, answer string) func(c *imaptest.Conn) {
		return func(c *imaptest.Conn) {
			c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
				command: func(c *imaptest.Conn, cmd imaptest.Command) {
					if strings.HasPrefix(answer, "* BYE") {
						c.Send(answer)
						c.Close()
					}
					c.No(cmd, answer)
				},
			}})
		}
	}
	for _, tt := range []struct {
		name   string
		script func(c *imaptest.Conn)
	}{
		{"BYE for a greeting", func(c *imaptest.Conn) { c.Send("* BYE overloaded") }},
		{"UNAVAILABLE for a greeting", func(c *imaptest.Conn) { c.Send("* BYE [UNAVAILABLE] maintenance") }},
		{"THROTTLED at the log-in", on("AUTHENTICATE", "[THROTTLED] slow down")},
		{"UNAVAILABLE at the log-in", on("AUTHENTICATE", "[UNAVAILABLE] try again later")},
		{"BYE at the log-in", on("AUTHENTICATE", "* BYE too many connections")},
		{"THROTTLED at a folder", on("STATUS", "[THROTTLED] slow down")},
		{"too many commands, without a code", on("STATUS", "Request is throttled. Suggested Backoff Time: 299961 milliseconds")},
		{"BYE at a folder", on("STATUS", "* BYE Too many commands, disconnecting")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			connections := 0
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				mu.Lock()
				connections++
				mu.Unlock()
				tt.script(c)
			})
			r := newRig(t, s, func(o *options) { o.Backoff = true })
			r.pollFails("mailbox \"box\"")
			mu.Lock()
			before := connections
			mu.Unlock()
			r.poll(ingest.Totals{})
			mu.Lock()
			defer mu.Unlock()
			if connections != before {
				t.Errorf("%d connections at the second poll", connections-before)
			}
			if log := r.log.String(); !strings.Contains(log, "left alone for a while") {
				t.Errorf("the log does not say so:\n%s", log)
			}
			if f := r.folder("INBOX"); f.LastError == "" {
				t.Errorf("the folder's record does not say why: %+v", f)
			}
		})
	}
}
