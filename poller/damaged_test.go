package poller_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
)

// more delivers into a scripted box.
func (b *scriptedBox) more(mails ...[]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, mails...)
}

func TestSeveralDamagedMessagesStopNoOther(t *testing.T) {
	t.Parallel()
	hangUp := func(word string, uids ...int) func(*scriptedBox) func(*imaptest.Conn, imaptest.Command) bool {
		return func(b *scriptedBox) func(*imaptest.Conn, imaptest.Command) bool {
			return func(c *imaptest.Conn, cmd imaptest.Command) bool {
				damaged := strings.Contains(cmd.Args, word) && slices.ContainsFunc(b.wantedUIDs(cmd), func(uid int) bool { return slices.Contains(uids, uid) })
				if damaged {
					c.Close()
				}
				return damaged
			}
		}
	}
	refuse := func(word, text string, uids ...int) func(*scriptedBox) func(*imaptest.Conn, imaptest.Command) bool {
		return func(b *scriptedBox) func(*imaptest.Conn, imaptest.Command) bool {
			return b.refusing(word, text, uids...)
		}
	}
	const serverBug = "[SERVERBUG] Internal error occurred"
	for _, tt := range []struct {
		name  string
		fetch func(*scriptedBox) func(*imaptest.Conn, imaptest.Command) bool
		count int // damaged messages, from UID 4 on
		fails int // polls that fail, since three connections in a row bring nothing
	}{
		{"two bodies refused", refuse("BODY.PEEK[]", serverBug, 4, 5), 2, 0},
		{"two headers refused", refuse("BODY.PEEK[", serverBug, 4, 5), 2, 0},
		{"two bodies refused in other words", refuse("BODY.PEEK[]", "cannot read it", 4, 5), 2, 0},
		{"fifteen bodies refused", refuse("BODY.PEEK[]", serverBug, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18), 15, 0},
		{"fifteen headers refused", refuse("BODY.PEEK[", serverBug, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18), 15, 0},
		{"hangs up at two bodies", hangUp("BODY.PEEK[]", 4, 5), 2, 1},
		{"hangs up at twelve headers", hangUp("HEADER", 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), 12, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), newReport(2), letter(3))
			r := newRig(t, box.start(t))
			r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
			for n := range tt.count {
				box.more(newReport(4 + n))
			}
			box.on("UID FETCH", tt.fetch(box))
			box.more(newReport(99))
			fails := 0
			for r.folder("INBOX").Poll.LastUID < uint32(4+tt.count) && fails <= tt.fails {
				if _, err := r.p.Poll(t.Context(), ""); err != nil {
					fails++
				}
				r.want(id(1), id(2), id(99)) // at the first poll, whatever it failed at
			}
			if fails > tt.fails {
				t.Errorf("%d polls failed, want at most %d", fails, tt.fails)
			}
			if n := len(r.pending()); n != tt.count {
				t.Errorf("%d messages are pending, want %d", n, tt.count)
			}
			for range 3 {
				r.poll(ingest.Totals{})
			}
			for _, line := range r.pending() {
				if !strings.Contains(line, "quarantined") && tt.fails < 2 {
					t.Errorf("after three polls: %s", line)
				}
			}
			if all := r.rejected(); len(all) > 0 {
				t.Errorf("rejected: %+v", all)
			}
			box.on("UID FETCH", nil)
			r.pass(2 * time.Hour)
			for range 5 {
				if _, err := r.p.Poll(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
			}
			r.wantPending()
		})
	}
}

// The server refuses what it gave before, too: it is out of order.
func TestServerThatRefusesWhatItGaveBeforeIsAskedAgain(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2))
	r := newRig(t, box.start(t))
	r.poll(ingest.Totals{Examined: 2, Recorded: 2})
	box.more(newReport(3), newReport(4))
	for _, text := range []string{"[SERVERBUG] Internal error occurred", "[UNAVAILABLE] later", "no"} {
		for _, word := range []string{"BODY.PEEK[", "BODY.PEEK[]"} {
			box.on("UID FETCH", box.refusing(word, text, 1, 2, 3, 4))
			for range 2 {
				r.pollFails(`folder "INBOX"`)
			}
		}
	}
	if all := r.rejected(); len(all) > 0 {
		t.Errorf("rejected: %+v, want nothing", all)
	}
	box.on("UID FETCH", nil)
	r.poll(ingest.Totals{Examined: 2, Recorded: 2})
}

// Where nothing else is there to ask for, a day tells.
func TestDamagedMessagesAreSetAsideAfterADayWithoutACanary(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2), letter(3))
	box.on("UID FETCH", box.refusing("BODY.PEEK[]", "[SERVERBUG] Internal error occurred", 1, 2))
	r := newRig(t, box.start(t))
	for range 3 {
		r.pollFails("Internal error")
	}
	if _, err := openRaw(t, r.path).Exec("UPDATE folder SET failing_since = failing_since - 90000"); err != nil {
		t.Fatal(err)
	}
	r.poll(ingest.Totals{Examined: 3, Ignored: 1})
	r.wantPending("1: …Internal error", "2: …Internal error")
}
