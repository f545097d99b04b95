package poller_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// rewriting has a server change each of its answers to UID FETCH.
func (b *scriptedBox) rewriting(change func(uid int, args, response string) string) func(*imaptest.Conn, imaptest.Command) bool {
	return func(c *imaptest.Conn, cmd imaptest.Command) bool {
		for _, uid := range b.wantedUIDs(cmd) {
			c.Raw(change(uid, cmd.Args, b.response(uid, cmd.Args, "")))
		}
		c.OK(cmd)
		return true
	}
}

// partsInFull has a scripted box tell the parts of its mails as a server does, but for
// what change makes of the header of one.
func (b *scriptedBox) partsInFull(change func(part, header string) string) func(*imaptest.Conn, imaptest.Command) bool {
	literal := regexp.MustCompile(`BODY\[([\d.]+)\.MIME\]<0> \{0\}\r\n`)
	return b.rewriting(func(uid int, _, response string) string {
		return literal.ReplaceAllStringFunc(response, func(empty string) string {
			part := literal.FindStringSubmatch(empty)[1]
			header, ok := mimeHeader(string(b.mails[uid-1]), part)
			if !ok {
				return "BODY[" + part + ".MIME]<0> NIL"
			}
			return "BODY[" + part + ".MIME]<0> " + change(part, imaptest.Literal(header))
		})
	})
}

// mimeHeader returns the MIME header of a part of a mail of this package's tests, as
// IMAP numbers parts.
func mimeHeader(mail, path string) (string, bool) {
	boundary := regexp.MustCompile(`boundary="([^"]+)"`)
	head, body, _ := strings.Cut(mail, "\r\n\r\n")
	for _, n := range strings.Split(path, ".") {
		if strings.Contains(strings.ToLower(head), "message/rfc822") {
			head, body, _ = strings.Cut(body, "\r\n\r\n")
		}
		marks := boundary.FindStringSubmatch(head)
		if marks == nil {
			return "", false
		}
		var number int
		_, _ = fmt.Sscan(n, &number)
		parts := strings.Split(body, "--"+marks[1])
		if number >= len(parts)-1 {
			return "", false
		}
		head, body, _ = strings.Cut(strings.TrimPrefix(parts[number], "\r\n"), "\r\n\r\n")
	}
	return head + "\r\n\r\n", true
}

// A container of which no part is told is no answer (M-A6, M-A7): the whole message
// tells. A mail whose parts are told is never fetched in full (P9).
func TestPartsThatAreNotToldAreNoAnswer(t *testing.T) {
	t.Parallel()
	mails := func() [][]byte {
		return [][]byte{mixedReport(1), forwarded(newReport(2)), newReport(3), letter(4), withAttachment(5, 900)}
	}
	inner := regexp.MustCompile(`^\d+\.\d`)
	for _, tt := range []struct {
		name    string
		change  func(part, header string) string
		foreign bool // the mail with the attachment is fetched in full
	}{
		{"all are told", func(_, header string) string { return header }, false},
		{"NIL for every part", func(string, string) string { return "NIL" }, true},
		{"no octets for every part", func(string, string) string { return "{0}\r\n" }, true},
		{"NIL for inner parts", func(part, header string) string {
			if inner.MatchString(part) {
				return "NIL"
			}
			return header
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(mails()...)
			var whole atomic.Bool
			answer := box.partsInFull(tt.change)
			box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
				for _, uid := range box.wantedUIDs(cmd) {
					if uid == 5 && strings.Contains(cmd.Args, "BODY.PEEK[]") {
						whole.Store(true)
					}
				}
				return answer(c, cmd)
			})
			r := newRig(t, box.start(t))
			r.poll(ingest.Totals{Examined: 5, Recorded: 3, Ignored: 2})
			r.want(id(1), id(2), id(3))
			filled := newRig(t, box.start(t))
			filled.backfill(poller.Backfill{}, ingest.Totals{Examined: 5, Recorded: 3, Ignored: 2})
			if whole.Load() != tt.foreign {
				t.Errorf("somebody else's mail fetched in full: %v, want %v", whole.Load(), tt.foreign)
			}
		})
	}
}

// A mail that is attached in a transfer encoding shows no parts: the whole tells (M-A9).
func TestForwardedMailInATransferEncoding(t *testing.T) {
	t.Parallel()
	quoted := strings.NewReplacer("=", "=3D", "\r\n", "=0D=0A=\r\n")
	for name, encoded := range map[string]string{
		"base64":           wrapped(newReport(1)),
		"quoted-printable": quoted.Replace(string(newReport(1))),
	} {
		mail := []byte(head(1, "alex@example.com", "Fwd: a report") + "Content-Type: multipart/mixed; boundary=\"f\"\r\n\r\n" +
			"--f\r\nContent-Type: text/plain\r\n\r\nLook.\r\n--f\r\nContent-Type: message/rfc822; name=\"r.eml\"\r\nContent-Transfer-Encoding: " + name + "\r\n\r\n" +
			encoded + "\r\n--f--\r\n")
		s := imaptest.Memory(t)
		deliver(t, s, "INBOX", mail)
		r := newRig(t, s)
		r.poll(ingest.Totals{Examined: 1, Recorded: 1})
		r.want(id(1))
		filled := newRig(t, s)
		filled.backfill(poller.Backfill{}, ingest.Totals{Examined: 1, Recorded: 1})
	}
}

// standIn is what Exchange gives for a message that it cannot convert yet.
func standIn(uid int) []byte {
	return []byte("MIME-Version: 1.0\r\nFrom: Microsoft Exchange Server 2010\r\nSubject: Retrieval using the IMAP4 protocol failed for the following\r\n message: " +
		fmt.Sprint(uid) + "\r\nContent-Type: text/plain\r\n\r\nThe server couldn't retrieve the following message:\r\n")
}

// A stand-in is no answer, in whatever part of a message it stands (M-A3).
func TestStandInIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"HEADER", "MIME", "BODY", "all"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			real := newReport(2)
			if kind == "MIME" {
				real = mixedReport(2)
			}
			box := newScriptedBox(newReport(1), real, newReport(3), letter(4))
			instead := newScriptedBox(newReport(1), standIn(2), newReport(3), letter(4))
			parts := func(b *scriptedBox, cmd imaptest.Command) func(*imaptest.Conn, imaptest.Command) bool {
				return b.partsInFull(func(_, header string) string { return header })
			}
			box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
				of := box
				asksBody := strings.Contains(cmd.Args, "BODY.PEEK[]")
				if kind == "all" && strings.Contains(cmd.Args, "BODY.PEEK") || kind == "BODY" && asksBody || kind == "MIME" && asksBody || strings.Contains(cmd.Args, kind) {
					of = instead
				}
				if strings.Contains(cmd.Args, "1.MIME") && of == instead {
					c.Raw(strings.ReplaceAll(string(mimeOfStandIn(2)), "\n", "\r\n"))
					c.OK(cmd)
					return true
				}
				return parts(of, cmd)(c, cmd)
			})
			r := newRig(t, box.start(t))
			r.poll(ingest.Totals{Examined: 4, Recorded: 2, Ignored: 1})
			r.wantPending("2…stand-in")
			box.on("UID FETCH", box.partsInFull(func(_, header string) string { return header }))
			r.poll(ingest.Totals{Recorded: 1})
			r.want(id(1), id(2), id(3))
		})
	}
}

func mimeOfStandIn(uid int) string {
	return fmt.Sprintf("* %d FETCH (UID %d BODY[1.MIME]<0> {28}\nContent-Type: text/plain\n\n BODY[2.MIME]<0> NIL BODY[3.MIME]<0> NIL BODY[4.MIME]<0> NIL "+
		"BODY[5.MIME]<0> NIL BODY[6.MIME]<0> NIL BODY[7.MIME]<0> NIL BODY[8.MIME]<0> NIL)\n", uid, uid)
}

// A batch without a single header is the server's fault (P3): nothing is taken for read,
// and verify says so (M-G1), before and after other mail was read.
func TestNoHeaderAtAllIsTheServersFault(t *testing.T) {
	t.Parallel()
	for _, read := range []bool{false, true} {
		box := newScriptedBox(newReport(1), newReport(2), letter(3))
		none := box.withholding("HEADER BODY", 1, 2, 3, 4, 5)
		r := newRig(t, box.start(t))
		if read {
			r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
			box.more(newReport(4), letter(5))
		}
		cursor := r.folder("INBOX").Poll
		box.on("UID FETCH", none)
		logins := box.count("AUTHENTICATE") + box.count("LOGIN")
		for range 4 {
			r.pollFails(`mailbox "box"`, `folder "INBOX"`, "gives no headers")
			if got := steps(t, r); !strings.Contains(got, "FAIL") || !strings.Contains(got, "gives no headers") {
				t.Errorf("verify says\n%s", got)
			}
		}
		if n := box.count("AUTHENTICATE") + box.count("LOGIN") - logins; n > 8 {
			t.Errorf("%d log-ins in four polls and four verifies", n)
		}
		if len(r.pending()) > 0 || len(r.rejected()) > 0 || fmt.Sprint(r.folder("INBOX").Poll) != fmt.Sprint(cursor) {
			t.Errorf("pending %q, rejected %+v, cursor %+v", r.pending(), r.rejected(), r.folder("INBOX").Poll)
		}
		box.on("UID FETCH", nil)
		if _, err := r.p.Poll(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
}

// One message whose header does not come is a note of verify, as a poll goes on without
// it (M-G2).
func TestVerifyGoesOnWithoutAMessageThatDoesNotCome(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), letter(2))
	box.on("UID FETCH", box.withholding("HEADER BODY", 2))
	got := steps(t, newRig(t, box.start(t)))
	if strings.Contains(got, "FAIL") || !strings.Contains(got, "UID 2") {
		t.Errorf("Verify says\n%swant a note on UID 2 and no fault", got)
	}
}

// A connection that breaks at every FETCH is made at most three times a poll (M-B9).
func TestServerThatBreaksAtEveryFetchIsLeftAlone(t *testing.T) {
	t.Parallel()
	var mails [][]byte
	for n := 1; n <= 22; n++ {
		mails = append(mails, newReport(n))
	}
	for name, do := range map[string]func(*imaptest.Conn, imaptest.Command){
		"hangs up":    func(c *imaptest.Conn, _ imaptest.Command) { c.Close() },
		"no IMAP":     func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* 1 FETCH (UID 1 RFC822.SIZE 1x))"); c.OK(cmd) },
		"falls short": func(c *imaptest.Conn, _ imaptest.Command) { c.Raw("* 1 FETCH (UID 1 BODY[] {500}\r\nx"); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(mails...)
			box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool { do(c, cmd); return true })
			s := box.start(t)
			proxy := imaptest.NewProxy(t, s)
			r := newRig(t, s.Via(proxy))
			r.pollFails(`folder "INBOX"`)
			if n := proxy.Connections(); n > 3 {
				t.Errorf("%d connections in one poll, want at most 3", n)
			}
			if len(r.pending()) > 0 || len(r.rejected()) > 0 || r.folder("INBOX").Poll != nil {
				t.Errorf("pending %q, rejected %+v, cursor %+v; want nothing of them", r.pending(), r.rejected(), r.folder("INBOX").Poll)
			}
			box.on("UID FETCH", nil)
			r.poll(ingest.Totals{Examined: 22, Recorded: 22})
		})
	}
}

// Every connection dies after so many bytes: what fits through is recorded at the first
// poll, what does not is pending, and nothing is rejected (M-A13).
func TestLineThatDiesAfterSomeBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many polls")
	}
	t.Parallel()
	for _, after := range []int64{195_000, 292_000} {
		s := imaptest.Memory(t)
		var ids []string
		for n := 1; n <= 300; n++ {
			mail := append(newReport(n), strings.Repeat("x", 60*(n%90))...)
			if n == 170 {
				mail = append(mail, strings.Repeat("x", 1_190_000)...)
			}
			deliver(t, s, "INBOX", mail)
			ids = append(ids, id(n))
		}
		proxy := imaptest.NewProxy(t, s)
		proxy.CutEach(after)
		r := newRig(t, s.Via(proxy))
		_, err := r.p.Poll(t.Context(), "")
		if err != nil && !strings.Contains(err.Error(), "connection was lost") {
			t.Fatal(err)
		}
		r.want(without(ids, id(170))...)
		r.wantPending("170: …connection was lost")
		filled := newRig(t, s.Via(proxy))
		_, _ = filled.p.Backfill(t.Context(), poller.Backfill{})
		filled.want(without(ids, id(170))...)
		proxy.CutEach(0)
		if _, err := r.p.Poll(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		r.want(ids...)
		if all := r.rejected(); len(all) > 0 || len(r.pending()) > 0 {
			t.Errorf("rejected %+v, pending %q; want neither", all, r.pending())
		}
	}
}

func without(ids []string, one string) []string {
	var all []string
	for _, id := range ids {
		if id != one {
			all = append(all, id)
		}
	}
	return all
}

// After one drop the rest is asked for together again (M-H3).
func TestOneDropCostsFewRoundTrips(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many mails")
	}
	t.Parallel()
	s := imaptest.Memory(t)
	for n := 1; n <= 400; n++ {
		deliver(t, s, "INBOX", newReport(n))
	}
	fetches := func(action imaptest.Action) int {
		proxy := imaptest.NewProxy(t, s)
		proxy.OnCommand(once("BODY.PEEK[]", action))
		r := newRig(t, s.Via(proxy), after(poller.AfterNone, "", ""))
		r.poll(ingest.Totals{Examined: 400, Recorded: 400})
		n := 0
		for _, name := range names(proxy.Commands()) {
			if name == "UID FETCH" {
				n++
			}
		}
		return n
	}
	if calm, broken := fetches(imaptest.Forward), fetches(imaptest.CutBefore); broken > calm+4 {
		t.Errorf("%d FETCHes with one drop, %d without", broken, calm)
	}
}

// A process that ends while it has a certain body in hand does not begin with it for
// ever: after two deaths it is quarantined, and the others are read (M-E6).
func TestProcessThatDiesOfAMessage(t *testing.T) {
	t.Parallel()
	for _, backfill := range []bool{false, true} {
		box := newScriptedBox(newReport(1), letter(2), newReport(3), newReport(4), newReport(5))
		s := box.start(t)
		r := newRig(t, s)
		work := func() error {
			var err error
			if backfill {
				_, err = r.p.Backfill(t.Context(), poller.Backfill{})
			} else {
				_, err = r.p.Poll(t.Context(), "")
			}
			return err
		}
		box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
			for _, uid := range box.wantedUIDs(cmd) {
				if uid == 3 && strings.Contains(cmd.Args, "BODY.PEEK[]") {
					_ = r.db.Close() // as where the process ends: it records nothing any more
				}
			}
			return false
		})
		for range 2 {
			if err := work(); err == nil {
				t.Fatal("it did not die")
			}
			r.reopen()
		}
		_ = work() // it may die once more, when all else is done
		r.reopen()
		r.want(id(1), id(4), id(5))
		r.wantPending("3 quarantined…ended twice")
		if err := work(); err != nil {
			t.Fatal(err)
		}
		box.on("UID FETCH", nil)
		r.pass(5 * time.Hour)
		if _, err := r.p.Poll(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		r.want(id(1), id(3), id(4), id(5))
	}
}

// A process that is killed again and again, at whatever message, loses none: a
// quarantined message is asked for at once, after all others, and then rarely.
func TestProcessThatDiesAtAnyMessageLosesNone(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2), newReport(3), newReport(4))
	r := newRig(t, box.start(t))
	var at atomic.Int64
	box.on("UID FETCH", func(_ *imaptest.Conn, cmd imaptest.Command) bool {
		for _, uid := range box.wantedUIDs(cmd) {
			if int64(uid) == at.Load() && strings.Contains(cmd.Args, "BODY.PEEK[]") {
				_ = r.db.Close()
			}
		}
		return false
	})
	for _, uid := range []int64{2, 2, 1, 3, 3, 4, 1} {
		at.Store(uid)
		_, _ = r.p.Poll(t.Context(), "")
		r.reopen()
	}
	at.Store(0)
	for range 2 {
		if _, err := r.p.Poll(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		r.pass(90 * time.Minute)
	}
	r.want(id(1), id(2), id(3), id(4))
	r.wantPending()
}

// A header that does not come may stand at the beginning of the message, which does; and
// a message may have none, and be no report.
func TestHeaderStandsAtTheBeginningOfTheMessage(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), letter(2), []byte("\r\nA letter without a header.\r\n"))
	box.on("UID FETCH", box.withholding("HEADER", 1, 2, 3))
	r := newRig(t, box.start(t))
	r.poll(ingest.Totals{Examined: 3, Recorded: 1, Ignored: 2})
	r.want(id(1))
	alone := newScriptedBox([]byte("\r\nA letter without a header.\r\n"))
	newRig(t, alone.start(t)).poll(ingest.Totals{Examined: 1, Ignored: 1})
}

// A server that refuses a question for a part that is not there is asked part by part, and
// nobody else's mail is fetched in full (M-C1), as real servers do (mox).
func TestPartThatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"NO", "BAD"} {
		var mails [][]byte
		for n := 1; n <= 6; n++ {
			mails = append(mails, withAttachment(n, 100*n))
		}
		mails = append(mails, mixedReport(7), newReport(8), forwarded(newReport(9)), letter(10))
		box := newScriptedBox(mails...)
		asked := regexp.MustCompile(`BODY\.PEEK\[([\d.]+)\.MIME\]`)
		var foreign atomic.Int64
		answer := box.partsInFull(func(_, header string) string { return header })
		box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
			for _, uid := range box.wantedUIDs(cmd) {
				if uid <= 6 && strings.Contains(cmd.Args, "BODY.PEEK[]") {
					foreign.Add(1)
				}
				for _, part := range asked.FindAllStringSubmatch(cmd.Args, -1) {
					if _, there := mimeHeader(string(mails[uid-1]), part[1]); !there {
						c.Send(cmd.Tag + " " + word + " UID FETCH processing fetch attribute: requested part does not exist")
						return true
					}
				}
			}
			return answer(c, cmd)
		})
		r := newRig(t, box.start(t))
		r.poll(ingest.Totals{Examined: 10, Recorded: 3, Ignored: 7})
		r.want(id(7), id(8), id(9))
		if n := foreign.Load(); n != 0 {
			t.Errorf("%s: %d mails of others were fetched in full", word, n)
		}
	}
}

// A server that hangs up at the parts within parts costs few connections, and nothing that
// lies behind (P6, P11).
func TestServerThatHangsUpAtInnerParts(t *testing.T) {
	t.Parallel()
	var mails [][]byte
	for n := 1; n <= 20; n++ {
		mails = append(mails, forwarded(letter(n)))
	}
	mails = append(mails, newReport(21), forwarded(newReport(22)))
	box := newScriptedBox(mails...)
	inner := regexp.MustCompile(`BODY\.PEEK\[\d+\.\d[\d.]*\.MIME\]`)
	answer := box.partsInFull(func(_, header string) string { return header })
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if inner.MatchString(cmd.Args) {
			c.Close()
		}
		return answer(c, cmd)
	})
	s := box.start(t)
	proxy := imaptest.NewProxy(t, s)
	r := newRig(t, s.Via(proxy))
	r.poll(ingest.Totals{Examined: 22, Recorded: 2, Ignored: 18})
	r.want(id(21), id(22))
	r.wantPending("1 (unknown)", "2 (unknown)")
	if n := proxy.Connections(); n > 3 {
		t.Errorf("%d connections, want at most 3", n)
	}
}

// Where the server renumbers the folder while it is read, nothing is read under the UIDs
// of before.
func TestFolderThatIsRenumberedWhileItIsRead(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2))
	var renumbered, whole atomic.Bool
	box.on("EXAMINE", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if !renumbered.Load() {
			return false
		}
		c.Send("* 2 EXISTS", "* OK [UIDVALIDITY 8] ok", "* OK [UIDNEXT 3] ok")
		c.OK(cmd)
		return true
	})
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if renumbered.Load() {
			whole.Store(whole.Load() || strings.Contains(cmd.Args, "BODY.PEEK["))
			return false
		}
		renumbered.Store(true)
		c.Close()
		return true
	})
	r := newRig(t, box.start(t))
	r.pollFails("renumbered the folder")
	if whole.Load() || len(r.pending())+len(r.rejected()) > 0 || r.folder("INBOX").Poll != nil {
		t.Errorf("something was read of the folder as it is numbered now: pending %q, rejected %+v", r.pending(), r.rejected())
	}
}

// What the server was silent about before its questions ended is not taken for deleted.
func TestSilenceBeforeARefusedLogInHidesNothing(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(letter(1))
	r := newRig(t, box.start(t))
	r.poll(ingest.Totals{Examined: 1, Ignored: 1})
	box.more(newReport(2), newReport(3), newReport(4), newReport(5))
	var asked atomic.Int64
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if !strings.Contains(cmd.Args, "HEADER") {
			return false
		}
		switch asked.Add(1) {
		case 1:
			c.Close()
		case 2: // says nothing of UID 4
			for _, uid := range box.wantedUIDs(cmd) {
				if uid != 4 {
					c.Raw(box.response(uid, cmd.Args, ""))
				}
			}
			c.OK(cmd)
		default:
			c.No(cmd, "[LIMIT] try again later")
		}
		return true
	})
	_, _ = r.p.Poll(t.Context(), "")
	box.on("UID FETCH", nil)
	for range 2 {
		if _, err := r.p.Poll(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	r.want(id(2), id(3), id(4), id(5))
}
