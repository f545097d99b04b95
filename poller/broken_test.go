package poller_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller"
	"tlsbrief/poller/imapbox"
)

func TestConnectionCutInTheMiddleOfABodyRecordsNothingShort(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		proxy := imaptest.NewProxy(t, s)
		r := newRig(t, s.Via(proxy))
		r.poll(ingest.Totals{}) // so that the cursor may move with each batch
		deliver(t, s, "INBOX", newReport(1), letter(2), newReport(3))
		bodies := 0
		proxy.OnReply(func(line string) bool {
			if line == middle {
				bodies++
			}
			return bodies == 2 // of the second report only the beginning came
		})
		// No new connection comes about: what came whole is recorded, and no more.
		r.pollFails(`mailbox "box"`, `folder "INBOX"`, "connection was lost")
		r.want(id(1))
		r.wantCursor("INBOX", 2)
		if f := r.folder("INBOX"); f.FailingSince.IsZero() || !strings.Contains(f.LastError, "connection was lost") {
			t.Errorf("what is remembered: %+v, want the lost connection", f)
		}
		proxy.OnReply(nil)
		r.poll(ingest.Totals{Examined: 1, Recorded: 1})
		r.want(id(1), id(3))
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: unseen(), 3: seen()})
	})
}

func TestCutAnywhereLosesNothingAndDoublesNothing(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", newReport(1), letter(2), mixedReport(3), newReport(1), withAttachment(4, 5000))
	proxy := imaptest.NewProxy(t, s)
	r := newRig(t, s.Via(proxy))
	polls := 0
	for cut := int64(0); ; cut += 97 {
		proxy.CutAfter(cut)
		_, err := r.p.Poll(t.Context(), "")
		if polls++; err == nil && proxy.Cuts() < polls {
			break // it came through before the cut
		}
	}
	if polls < 10 {
		t.Fatalf("only %d polls were cut short", polls)
	}
	proxy.CutAfter(-1)
	r.poll(ingest.Totals{})
	r.want(id(1), id(3))
	wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: unseen(), 3: seen(), 4: seen(), 5: unseen()})
}

// Bodies come in groups, and the cursor moves with each: never past one that is
// still to come.
func TestCursorCoversOnlyWhatIsRecorded(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	proxy := imaptest.NewProxy(t, s)
	r := newRig(t, s.Via(proxy))
	r.poll(ingest.Totals{})
	padding := []byte("--b\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 120_000) + "--b--\r\n")
	for n := 1; n <= 2; n++ { // too much for one group
		deliver(t, s, "INBOX", slices.Concat(bytes.TrimSuffix(newReport(n), []byte("--b--\r\n")), padding))
	}
	bodies := 0
	proxy.OnReply(func(line string) bool {
		if line == middle {
			bodies++
		}
		return bodies == 2
	})
	r.pollFails("connection was lost")
	r.want(id(1))
	r.wantCursor("INBOX", 1)
	proxy.OnReply(nil)
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	r.want(id(1), id(2))
	wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: seen()})
}

func TestServerThatFallsSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	// At UID FETCH a message may be the reason: see quarantine_test.go.
	for _, command := range []string{"STATUS", "EXAMINE", "UID SEARCH", "SELECT", "UID STORE"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Memory(t)
			deliver(t, s, "INBOX", newReport(1))
			proxy := imaptest.NewProxy(t, s)
			r := newRig(t, s.Via(proxy), timeout(300*time.Millisecond))
			proxy.OnCommand(once(command, imaptest.Stall))
			start := time.Now()
			_, err := r.pollFails(`mailbox "box"`, `folder "INBOX"`)
			if !errors.Is(err, imapbox.ErrTimeout) {
				t.Errorf("Poll: %v, want a timeout", err)
			}
			if d := time.Since(start); d > testWait/2 {
				t.Errorf("it took %s to give up", d)
			}
			r.change(timeout(testWait))
			if _, err := r.p.Poll(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			r.want(id(1))
			wantFlags(t, s, "INBOX", map[uint32][]string{1: seen()})
		})
	}
}

func TestMessageThatIsTooLargeIsRejectedUnread(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		large := slices.Concat(newReport(1), []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 40_000)))
		deliver(t, s, "INBOX", large, newReport(2))
		proxy := imaptest.NewProxy(t, s)
		r := newRig(t, s.Via(proxy), maxMessage(10_000))
		r.poll(ingest.Totals{Examined: 2, Recorded: 1, Rejected: 1})
		for _, line := range proxy.Commands() {
			if strings.Contains(line, "UID FETCH 1") && strings.Contains(line, "BODY.PEEK[]") {
				t.Errorf("the poll sent %q", line)
			}
		}
		r.wantRejected(1, "larger than reports.max_message (10000 bytes)")
		if got := r.rejected()[0]; got.From == "" || got.Subject == "" || got.MessageID == "" || got.ReceivedAt.IsZero() {
			t.Errorf("the rejected message is named %+v, want From, Subject, Message-ID and time", got)
		}
		wantFlags(t, s, "INBOX", map[uint32][]string{1: unseen(), 2: seen()})

		// Raising the limit and a backfill read it, as the reason says.
		r.change(maxMessage(10 << 20))
		r.poll(ingest.Totals{})
		if _, err := r.p.Backfill(t.Context(), poller.Backfill{}); err != nil {
			t.Fatal(err)
		}
		r.want(id(1), id(2))
	})
}

func TestUnreadableReportIsRejectedNamedAndLeftAlone(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", newReport(1), reportOf(2, `{"organization-name":"Sender","report-id":"x","policies":"none"}`), newReport(3))
		proxy := imaptest.NewProxy(t, s)
		r := newRig(t, s.Via(proxy))
		r.poll(ingest.Totals{Examined: 3, Recorded: 2, Rejected: 1})
		r.want(id(1), id(3))
		r.wantRejected(2, "")
		got := r.rejected()[0]
		if got.Text == "" || got.From != "tls@sender.example" || got.MessageID != "2@sender.example" || got.Folder != "INBOX" || got.Mailbox != "box" {
			t.Errorf("the rejected message is named %+v, want reason, From, Message-ID and place", got)
		}
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: unseen(), 3: seen()})
		before := len(proxy.Commands())
		r.poll(ingest.Totals{})
		if all := names(proxy.Commands()[before:]); slices.Contains(all, "UID FETCH") {
			t.Errorf("commands of the next poll = %q, want that it is not looked at again", all)
		}
	})
}

func TestPollThatIsStoppedReturnsSoonAndRecordsNothingHalf(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", newReport(1), newReport(2), newReport(3))
		ctx, cancel := context.WithCancel(t.Context())
		asked := 0
		r := newRig(t, s, judging(func(read.Found) report.Authenticity {
			if asked++; asked == 2 {
				cancel() // and DNS gives no answer any more
				return report.Authenticity{Result: report.AuthUnknown, Domain: "sender.example"}
			}
			return report.Authenticity{Result: report.AuthPass, Domain: "sender.example"}
		}))
		_, err := r.p.Poll(ctx, "")
		if !isCanceled(err) {
			t.Fatalf("Poll: %v, want that it was cancelled", err)
		}
		if asked > 2 {
			t.Errorf("%d reports were authenticated, 2 of them before the stop", asked)
		}
		if f := r.folder("INBOX"); f.LastError != "" || f.Poll != nil {
			t.Errorf("what is remembered: %+v, want neither a failure nor a cursor", f)
		}
		r.want()
		r.poll(ingest.Totals{Examined: 3, Recorded: 3})
		r.want(id(1)+" pass", id(2)+" pass", id(3)+" pass")
	})
}

func TestStoppedBeforeItBeganIsNoFailureOfTheMailbox(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	r := newRig(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.p.Poll(ctx, ""); !isCanceled(err) {
		t.Fatalf("Poll: %v, want that it was cancelled", err)
	}
	if f := r.folder("INBOX"); f.LastError != "" || !f.LastPoll.IsZero() {
		t.Errorf("what is remembered: %+v, want nothing", f)
	}
}

func TestMailboxThatIsLockedIsNotTouched(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	proxy := imaptest.NewProxy(t, s)
	held := errors.New("held by another")
	r := newRig(t, s.Via(proxy), func(o *options) {
		o.Lock = func(context.Context, string) (func(), error) { return nil, held }
	})
	if _, err := r.pollFails(`mailbox "box"`); !errors.Is(err, held) {
		t.Errorf("Poll: %v, want the lock's error", err)
	}
	if n := proxy.Connections(); n > 0 {
		t.Errorf("%d connections to a mailbox that is locked", n)
	}
	locked := 0
	r.change(func(o *options) {
		o.Lock = func(_ context.Context, name string) (func(), error) {
			if locked++; name != "box" || locked != 1 {
				t.Errorf("lock %q, the %d. at the same time", name, locked)
			}
			return func() { locked-- }, nil
		}
	})
	r.poll(ingest.Totals{})
	r.poll(ingest.Totals{})
	if locked != 0 {
		t.Error("the lock was not released")
	}
}

// A long backfill holds the lock: the mailbox is not blind for that.
func TestMailboxThatIsBusyIsPassedOver(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", newReport(1))
	r := newRig(t, s, func(o *options) {
		o.Mailboxes = append(o.Mailboxes, mailboxOn(s, "other"))
		o.Lock = func(_ context.Context, name string) (func(), error) {
			if name == "box" {
				return nil, fmt.Errorf("%w: backfill since noon", poller.ErrBusy)
			}
			return func() {}, nil
		}
	})
	r.poll(ingest.Totals{Examined: 1, Recorded: 1}) // the other one's
	if f := r.folder("INBOX"); !f.LastPoll.IsZero() || f.LastError != "" {
		t.Errorf("what is remembered: %+v, want nothing", f)
	}
	if log := r.log.String(); !strings.Contains(log, "level=INFO") || !strings.Contains(log, "backfill since noon") {
		t.Errorf("the log does not say so:\n%s", log)
	}
	if _, err := r.p.Backfill(t.Context(), poller.Backfill{Mailbox: "box"}); !errors.Is(err, poller.ErrBusy) {
		t.Errorf("Backfill: %v; want ErrBusy, for somebody waits for it", err)
	}
}

// Eight mails of a few kilobytes unpack to 96 MiB.
func TestReportsThatUnpackToMuchAreNotHeldTogether(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: large reports")
	}
	s := imaptest.Memory(t)
	const mails, each = 8, 12 << 20
	var ids []string
	for n := range mails {
		text := strings.Replace(reportJSON(n, "example.com"), `"policies"`, strings.Repeat(" ", each)+`"policies"`, 1)
		deliver(t, s, "INBOX", reportOf(n, text))
		ids = append(ids, id(n)+" pass")
	}
	var most uint64
	r := newRig(t, s, judging(func(read.Found) report.Authenticity {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
		return report.Authenticity{Result: report.AuthPass, Domain: "sender.example"}
	}))
	r.poll(ingest.Totals{Examined: mails, Recorded: mails})
	r.want(ids...)
	if most > 5*each {
		t.Errorf("%d MiB were held at once for reports of %d MiB each", most>>20, each>>20)
	}
}

func TestErrorsNameEachFolderThatFailed(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	var missing []string
	for n := range 3 {
		missing = append(missing, fmt.Sprintf("Missing %d", n))
	}
	r := newRig(t, s, folders(missing...))
	_, err := r.pollFails(missing...)
	if n := strings.Count(err.Error(), `mailbox "box"`); n != 3 {
		t.Errorf("Poll: %v; the mailbox is named %d times, want once a folder", err, n)
	}
}

// A server that claims to have four billion messages is not believed, and does
// not fill the memory.
func TestFolderThatClaimsFourBillionMessagesIsAnError(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1))
	endless := func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if cmd.Name == "STATUS" {
			c.Send("* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 4294967295 MESSAGES 1)")
		} else {
			c.Send("* 1 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4294967295] ok")
		}
		c.OK(cmd)
		return true
	}
	box.on("STATUS", endless)
	box.on("EXAMINE", endless)
	box.on("UID SEARCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if strings.Contains(cmd.Args, "UNSEEN") {
			return false
		}
		c.Send(`* ESEARCH (TAG "` + cmd.Tag + `") UID ALL 1:4294967294`)
		c.OK(cmd)
		return true
	})
	r := newRig(t, box.start(t))
	// Renumbered, and never polled to a good end: all messages may be new.
	_, err := r.db.Record(t.Context(), report.Batch{Mailbox: "box", Folder: "INBOX", Via: report.ViaPoll, Cursor: &report.Cursor{UIDValidity: 6, LastUID: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.pollFails("messages"); !errors.Is(err, imapbox.ErrProtocol) {
		t.Errorf("Poll: %v, want ErrProtocol", err)
	}
}
