package chaos

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/smtpsink"
)

// asks has the proxy do something with each UID FETCH that is for one message, or
// for several with it among them, and for a section that contains a word.
func asks(uid uint32, word string, action imaptest.Action) func(string) imaptest.Action {
	return func(line string) imaptest.Action {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[1] != "UID" || fields[2] != "FETCH" || !strings.Contains(line, word) {
			return imaptest.Forward
		}
		uids, err := imaptest.UIDs(fields[3])
		for _, u := range uids {
			if err == nil && u == uid {
				return action
			}
		}
		return imaptest.Forward
	}
}

// A message that jams the connection, whichever of its parts is asked for, costs a few
// connections at four polls, and then one a day or so: it is pending, then quarantined,
// with its reason, and the others are read.
func TestPoison(t *testing.T) {
	t.Parallel()
	server := accounts(t, 30)
	n := 0
	for _, way := range []struct {
		name   string
		action imaptest.Action
	}{{"hangs up", imaptest.CutBefore}, {"falls silent", imaptest.Stall}} {
		for _, word := range []string{"BODY.PEEK[]", "HEADER.FIELDS", "MIME"} {
			if n++; few(n, 4) {
				continue
			}
			account := server.next(t)
			fault(t, "poison", fmt.Sprintf("the server %s at %s of a message", way.name, word), func(t *testing.T) string {
				const bundled = 3 // the UID of the one of whose parts the headers are asked for
				p := newPoll(t, newScene(t, account, "seen"))
				p.timeout = shortTimeout
				p.proxy.OnCommand(asks(bundled, word, way.action))
				if err := p.once(t); err != nil {
					t.Errorf("the poll: %v; want that it goes on without the message", err)
				}
				// The poll's, one to ask for the others, one to ask for it alone, and one to go on.
				if n := p.proxy.Connections(); n > 4 {
					t.Errorf("%d connections, want at most 4", n)
				}
				for poll, most := range []int{2, 2, 2, 1} {
					if most == 1 {
						p.timeout = testTimeout // nothing is waited for in vain any more
					}
					before := p.proxy.Connections()
					if err := p.once(t); err != nil {
						t.Error(err)
					}
					if n := p.proxy.Connections() - before; n > most {
						t.Errorf("poll %d after it took %d connections, want at most %d", poll+1, n, most)
					}
				}
				have := recorded(t, p.db)
				if len(have) != 2 || have[2] != 0 {
					t.Errorf("recorded are %v, want all but the poison", have)
				}
				p.checkMarks(t, p.db)
				return quarantined(t, p.db, bundled)
			})
		}
	}
	account := server.next(t)
	fault(t, "poison", "a file that the server cannot read, as status shows it", func(t *testing.T) string {
		p := newProcess(t, newScene(t, account, "seen"), smtpsink.Options{}, "")
		account.Damage(t, "INBOX", "sender-1.example")
		p.must(t, "poll")
		p.must(t, "poll")
		p.must(t, "poll")
		var s struct {
			Mailboxes []struct{ Unread int }
			Rejected  []struct{}
		}
		if err := json.Unmarshal([]byte(p.must(t, "status", "--json")), &s); err != nil {
			t.Fatal(err)
		}
		if len(s.Rejected) != 0 || len(s.Mailboxes) != 1 || s.Mailboxes[0].Unread != 1 {
			t.Fatalf("status has %+v, want one message that does not come", s)
		}
		return "1 message does not come, and may be no report"
	})
	// LAB.md, trap 1: asked for its structure, these end go-imap's connection.
	for name, head := range map[string]string{
		"a parameter without a name": "Content-Type: text/plain; =x\r\n",
		"a part with one":            "Content-Type: multipart/mixed; boundary=p; =x\r\n",
	} {
		account := server.next(t)
		fault(t, "poison", name, func(t *testing.T) string {
			p := newPoll(t, newScene(t, account, "seen"))
			uid := account.Append(t, "INBOX", nil, time.Time{}, []byte("From: a@example.net\r\nSubject: boom\r\nMIME-Version: 1.0\r\n"+head+
				"\r\n--p\r\nContent-Type: text/plain; =x\r\n\r\nboom\r\n--p--\r\n"))
			p.letters = append(p.letters, uid)
			p.recovers(t)
			if n := p.proxy.Connections(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
			return "read like any other mail, over one connection"
		})
	}
}

// quarantined wants one message to be pending, in quarantine, and none to be rejected. It
// returns why.
func quarantined(t *testing.T, d *db.DB, uid uint32) string {
	t.Helper()
	var all []report.PendingMessage
	err := d.EachPending(t.Context(), func(m report.PendingMessage) error {
		all = append(all, m)
		return nil
	})
	if err != nil || len(all) != 1 || all[0].UID != uid || all[0].NextTry.IsZero() {
		t.Fatalf("pending: %+v, %v; want UID %d in quarantine", all, err, uid)
	}
	if rejected, err := d.RejectedMessages(t.Context(), 0, 0); err != nil || len(rejected) > 0 {
		t.Errorf("rejected: %+v, %v; want none", rejected, err)
	}
	return all[0].Text
}
