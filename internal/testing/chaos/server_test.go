package chaos

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/race"
	"tlsbrief/poller/imapbox"
)

// at has the proxy do something, once, before it passes a command on whose line
// contains a word, until the function returned is called, which wants it done.
func (sc *scene) at(t *testing.T, word string, do func()) (over func()) {
	t.Helper()
	var once sync.Once
	var done atomic.Bool
	sc.proxy.OnCommand(func(line string) imaptest.Action {
		if strings.Contains(line, word) {
			once.Do(func() { do(); done.Store(true) })
		}
		return imaptest.Forward
	})
	return func() {
		t.Helper()
		sc.proxy.OnCommand(nil)
		if !done.Load() {
			t.Fatalf("there was no command with %s: %q", word, sc.proxy.Commands())
		}
	}
}

// moments of a poll at which others may do something, each a part of a command.
func commands() []string {
	return []string{"STATUS", "EXAMINE", "UID SEARCH", "HEADER", "MIME", "BODY.PEEK[]", "SELECT", "UID STORE", "FLAGS)"}
}

func TestServer(t *testing.T) {
	t.Parallel()
	server := accounts(t, 80)
	n := 0
	eachMoment := func(name string, server func(*testing.T) *imaptest.Server, f func(t *testing.T, sc *scene, word string) string) {
		for _, word := range commands() {
			if n++; few(n, 7) {
				continue
			}
			fault(t, "server", fmt.Sprintf("%s before %s", name, word), func(t *testing.T) string {
				account := server(t)
				sc := emptyScene(t, account, "seen")
				sc.folder = "Reports"
				account.CreateFolder(t, sc.folder)
				sc.fill(t)
				return f(t, sc, word)
			})
		}
	}
	eachMoment("folder deleted", server.next, folderDeleted)
	eachMoment("folder renamed", server.next, folderRenamed)
	// Dovecot's maildir gets itself into trouble, the other session's as well.
	memory := func(t *testing.T) *imaptest.Server { return imaptest.Memory(t) }
	eachMoment("folder made anew (UIDVALIDITY)", memory, folderRecreated)
	eachMoment("messages expunged by others", server.next, expunged)
	one := func(name string, f func(t *testing.T, account *imaptest.Server) string) {
		account := server.next(t)
		fault(t, "server", name, func(t *testing.T) string { return f(t, account) })
	}
	one("read-only folder", readOnly)
	one("quota of the target full", quotaFull)
	one("a UID that never yields its body", neverABody)
}

func folderDeleted(t *testing.T, sc *scene, word string) string {
	p := newPoll(t, sc)
	over := sc.at(t, word, func() { sc.imap.DeleteFolder(t, sc.folder) })
	err := p.once(t)
	over()
	again := p.once(t)
	if again == nil || !errors.Is(again, imapbox.ErrNoFolder) && !strings.Contains(again.Error(), sc.folder) {
		t.Errorf("the poll of a folder that is gone: %v, want an error that names it", again)
	}
	have := recorded(t, p.db)
	sc.imap.CreateFolder(t, sc.folder)
	sc.reports, sc.letters = map[uint32]int{}, nil
	for n := 1; n <= sc.mailed; n++ {
		if have[n] == 0 {
			have[n] = 1 // lost with the folder: nothing can have been recorded of it
		}
	}
	sc.report(t)
	if err := p.once(t); err != nil {
		t.Errorf("the poll of the new folder: %v", err)
	}
	if got := recorded(t, p.db); got[sc.mailed] != 1 {
		t.Errorf("the report in the new folder is recorded %d times", got[sc.mailed])
	}
	if err == nil {
		return "the poll did not notice; the next: " + fmt.Sprint(again)
	}
	return err.Error()
}

func folderRenamed(t *testing.T, sc *scene, word string) string {
	p := newPoll(t, sc)
	over := sc.at(t, word, func() { sc.imap.RenameFolder(t, sc.folder, "Elsewhere") })
	err := p.once(t)
	over()
	again := p.once(t)
	if again == nil || !strings.Contains(again.Error(), sc.folder) {
		t.Errorf("the poll of a folder that is gone: %v, want an error that names it", again)
	}
	sc.imap.RenameFolder(t, "Elsewhere", sc.folder)
	p.checkMarks(t, p.db)
	p.recovers(t)
	if err == nil {
		return "the poll did not notice; the next: " + fmt.Sprint(again)
	}
	return err.Error()
}

// folderRecreated has other mail under the same UIDs: letters where reports were.
func folderRecreated(t *testing.T, sc *scene, word string) string {
	p := newPoll(t, sc)
	over := sc.at(t, word, func() {
		sc.imap.Recreate(t, sc.folder)
		sc.reports, sc.letters, sc.mailed = map[uint32]int{}, nil, 0
		for range 4 {
			sc.letter(t)
		}
		sc.fill(t)
	})
	err := p.once(t)
	over()
	p.checkMarks(t, p.db)
	p.recovers(t)
	if err == nil {
		return "the poll got over it"
	}
	return err.Error()
}

func expunged(t *testing.T, sc *scene, word string) string {
	p := newPoll(t, sc)
	over := sc.at(t, word, func() { sc.imap.Expunge(t, sc.folder, 1, 2) })
	err := p.once(t)
	over()
	if err != nil {
		t.Errorf("the poll: %v; want that it takes no notice", err)
	}
	have := recorded(t, p.db)
	if have[2] != 1 || have[3] != 1 {
		t.Errorf("recorded are %v, want the reports that are still there", have)
	}
	delete(sc.reports, 1) // report 1 lay there
	sc.letters = nil
	flags := sc.imap.Flags(t, sc.folder)
	for uid := range sc.reports {
		if len(flags[uid]) != 1 {
			t.Errorf("UID %d has the flags %v", uid, flags[uid])
		}
	}
	if err := p.once(t); err != nil {
		t.Errorf("the next poll: %v", err)
	}
	return fmt.Sprintf("the poll takes no notice; %d reports recorded", len(have))
}

func readOnly(t *testing.T, account *imaptest.Server) string {
	sc := emptyScene(t, account, "seen")
	sc.folder = "Shared"
	account.CreateFolder(t, sc.folder)
	sc.fill(t)
	account.SetRights(t, sc.folder, "lr")
	p := newPoll(t, sc)
	if err := p.once(t); err != nil {
		t.Errorf("the poll: %v; a folder that may only be read is read", err)
	}
	if got := recorded(t, p.db); len(got) != 3 {
		t.Errorf("recorded are %v, want three reports", got)
	}
	p.checkMarks(t, p.db)
	said := p.log.String()
	if !strings.Contains(said, "cannot be marked") {
		t.Errorf("the log does not say that nothing can be marked:\n%s", said)
	}
	account.SetRights(t, sc.folder, "lrswite")
	p.recovers(t)
	return said
}

func quotaFull(t *testing.T, account *imaptest.Server) string {
	p := newPoll(t, newScene(t, account, "move"))
	p.proxy.Inject(imaptest.Fault{At: "UID MOVE", Kind: imaptest.Refuse, Text: "NO [OVERQUOTA] Quota exceeded (mailbox for user is full)"})
	err := p.once(t)
	if !p.proxy.Struck() || err == nil || !strings.Contains(err.Error(), "Quota exceeded") {
		t.Errorf("the poll: %v; want the server's words about the quota", err)
	}
	p.checkMarks(t, p.db)
	p.proxy.Inject(imaptest.Fault{})
	p.recovers(t)
	return fmt.Sprint(err)
}

func neverABody(t *testing.T, account *imaptest.Server) string {
	sc := newScene(t, account, "seen")
	account.Damage(t, "INBOX", "sender-1.example")
	p := newPoll(t, sc)
	if err := p.once(t); err != nil {
		t.Errorf("the poll: %v; want that the others are read", err)
	}
	if got := recorded(t, p.db); got[2] != 1 || got[3] != 1 || got[1] != 0 {
		t.Errorf("recorded are %v, want reports 2 and 3", got)
	}
	for range 3 {
		if err := p.once(t); err != nil {
			t.Error(err)
		}
	}
	before := p.proxy.Connections()
	if err := p.once(t); err != nil {
		t.Error(err)
	}
	if n := p.proxy.Connections() - before; n != 1 {
		t.Errorf("the fifth poll took %d connections, want 1", n)
	}
	return quarantined(t, p.db, 1)
}

// A server that lists a million messages in one answer is read, within bounds.
func TestMillionMessages(t *testing.T) {
	race.SkipMemory(t)
	count := 50_000
	if whole() { // which takes half a minute
		count = 1_000_000
	}
	run(t, "server", fmt.Sprintf("%d UIDs in one SEARCH", count), func(t *testing.T) string {
		var list strings.Builder
		list.WriteString("* SEARCH")
		for n := range count {
			fmt.Fprintf(&list, " %d", 2*n+1) // no ranges to be made of them
		}
		state := []string{"UIDVALIDITY 7", fmt.Sprintf("UIDNEXT %d", 2*count+1)}
		s := imaptest.Scripted(t, func(c *imaptest.Conn) {
			c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
				"STATUS": func(c *imaptest.Conn, cmd imaptest.Command) {
					c.Send(fmt.Sprintf("* STATUS INBOX (%s MESSAGES %d)", strings.Join(state, " "), count))
					c.OK(cmd)
				},
				"EXAMINE": func(c *imaptest.Conn, cmd imaptest.Command) {
					c.Send(fmt.Sprintf("* %d EXISTS", count), "* OK ["+state[0]+"] ok", "* OK ["+state[1]+"] ok")
					c.OK(cmd)
				},
				"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(list.String()); c.OK(cmd) },
				"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
					set, rest, _ := strings.Cut(cmd.Args, " ")
					uids, err := imaptest.UIDs(set)
					if err != nil {
						c.No(cmd, err.Error())
						return
					}
					var b strings.Builder
					section := rest[strings.Index(rest, "HEADER"):strings.Index(rest, "]")]
					for _, uid := range uids {
						fmt.Fprintf(&b, "* %d FETCH (UID %d RFC822.SIZE 900 INTERNALDATE \"02-Mar-2026 04:00:00 +0000\" BODY[%s]<0> %s)\r\n",
							uid, uid, section, imaptest.Literal("Content-Type: text/plain\r\nSubject: Lunch?\r\n\r\n"))
					}
					c.Raw(b.String())
					c.OK(cmd)
				},
			}})
		})
		p := newPoll(t, emptyScene(t, s, "none"))
		runtime.GC()
		before, stop := heap(), make(chan struct{})
		most := watchHeap(stop)
		err := p.once(t)
		close(stop)
		peak := <-most
		if err != nil {
			t.Fatal(err)
		}
		f, err := p.db.Folder(t.Context(), "reports", "INBOX")
		if err != nil || f.Poll == nil || f.Poll.LastUID != uint32(2*count) {
			t.Errorf("cursor %+v, %v", f.Poll, err)
		}
		if grown := int64(peak) - int64(before); grown > 64<<20 {
			t.Errorf("the heap grew by %d MiB", grown>>20)
		}
		return fmt.Sprintf("all looked at, with %d MiB of heap more", (int64(peak)-int64(before))>>20)
	})
}
