package poller_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// M-F2, M-F3, M-F5: verify fails where a poll could not move a report, with the same
// words, and says what it cannot know.
func TestVerifySaysWhetherReportsCanBeMoved(t *testing.T) {
	t.Parallel()
	const neither = "it offers neither MOVE nor UIDPLUS; use after = "
	const refuses = "it offers MOVE and refuses it (the server said BAD Command Error. 12), and does not offer UIDPLUS; use after = "
	for _, tt := range []struct {
		name, capabilities, want string // want: in verify's FAIL and in the poll's error
	}{
		{"neither", "", neither},
		{"MOVE, refused", "MOVE", refuses},
		{"MOVE, refused, and UIDPLUS", "MOVE UIDPLUS", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1))
			var moved atomic.Bool
			box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
				return moved.Load() && strings.Contains(cmd.Args, "FLAGS") && !strings.Contains(cmd.Args, "BODY") && answerOK(c, cmd, `* 1 FETCH (UID 1 FLAGS (\Deleted tlsbrief-moved))`)
			})
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				on := box.answers()
				on["LIST"] = func(c *imaptest.Conn, cmd imaptest.Command) {
					answerOK(c, cmd, `* LIST () "/" INBOX`, `* LIST () "/" Other`)
				}
				on["UID MOVE"] = func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " BAD Command Error. 12") }
				on["UID COPY"] = func(c *imaptest.Conn, cmd imaptest.Command) {
					moved.Store(true)
					c.Send(cmd.Tag + " OK [COPYUID 9 1 1] copied")
				}
				on["UID EXPUNGE"] = func(c *imaptest.Conn, cmd imaptest.Command) {
					box.remove(1)
					c.OK(cmd)
				}
				c.Play(imaptest.Play{Capabilities: "IMAP4rev1 AUTH=PLAIN SASL-IR " + tt.capabilities, On: on})
			})
			r := newRig(t, s, after(poller.AfterMove, "", "Done"))
			said := steps(t, r)
			if tt.want == "" && strings.Contains(said, "FAIL") || !strings.Contains(said, tt.want) {
				t.Errorf("Verify says\n%swant %q in it", said, tt.want)
			}
			if !strings.Contains(said, "whether the server lets it be made is not known before that") {
				t.Errorf("Verify does not say of the folder to move to that it may not be created:\n%s", said)
			}
			if tt.want != "" {
				r.pollFails(tt.want)
			} else {
				r.poll(ingest.Totals{Examined: 1, Recorded: 1})
			}
			r.want(id(1))
		})
	}
}

// M-A1: a folder that is larger than what the server answers for is told of.
func TestVerifyTellsOfALimit(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2), letter(3))
	r := newRig(t, box.startWith(t, "IMAP4rev1 AUTH=PLAIN SASL-IR MESSAGELIMIT=2", nil))
	if got, want := steps(t, r), "3 messages (the server answers for 2 at a time: they are read in several steps)"; !strings.Contains(got, want) {
		t.Errorf("Verify says\n%swant %q in it", got, want)
	}
	r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
	for _, asked := range box.asked() {
		if strings.HasPrefix(asked, "1:3 ") {
			t.Errorf("asked for three messages at a time: %s", asked)
		}
	}
}

// M-B7: where the server tells no UIDNEXT, messages that are moved away do not make
// the folder look like another one.
func TestFolderWithoutUIDNEXTIsPolledOn(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2))
	box.on("STATUS", func(c *imaptest.Conn, cmd imaptest.Command) bool { return answerOK(c, cmd, "* STATUS INBOX ()") })
	box.on("UID SEARCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		return cmd.Args == "UID *" && answerOK(c, cmd, "* SEARCH"+box.highest())
	})
	for _, command := range []string{"EXAMINE", "SELECT"} {
		box.on(command, func(c *imaptest.Conn, cmd imaptest.Command) bool {
			return answerOK(c, cmd, "* OK [UIDVALIDITY 7] ok")
		})
	}
	r := newRig(t, box.start(t))
	r.poll(ingest.Totals{Examined: 2, Recorded: 2})
	r.wantCursor("INBOX", 2)
	box.remove(2)
	r.poll(ingest.Totals{})
	r.wantCursor("INBOX", 2)
	box.deliver(newReport(3))
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	r.want(id(1), id(2), id(3))
	if strings.Contains(r.log.String(), "renumbered") {
		t.Errorf("the folder is taken to be renumbered:\n%s", r.log)
	}
}

// answerOK answers a command with lines and OK.
func answerOK(c *imaptest.Conn, cmd imaptest.Command, lines ...string) bool {
	c.Send(lines...)
	c.OK(cmd)
	return true
}

// remove takes a message away.
func (b *scriptedBox) remove(uid int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails[uid-1] = nil
}

// deliver adds a message.
func (b *scriptedBox) deliver(mail []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, mail)
}

// highest is the highest UID with a blank before it; empty if there is none.
func (b *scriptedBox) highest() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for uid := len(b.mails); uid > 0; uid-- {
		if b.mails[uid-1] != nil {
			return fmt.Sprint(" ", uid)
		}
	}
	return ""
}

// asked returns what UID FETCH asked for.
func (b *scriptedBox) asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.fetched...)
}
