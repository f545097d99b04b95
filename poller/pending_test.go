package poller_test

import (
	"database/sql"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// A message that the server does not give stops no other (M-B2): it is pending for three
// polls, then it is asked for alone, and rejected only after a week (DESIGN 5).
func TestMessageThatDoesNotComeIsPendingThenQuarantinedThenRejected(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fetch  func(*scriptedBox) func(*imaptest.Conn, imaptest.Command) bool
		reason string
		known  bool // that it is a report
	}{
		{"no body", func(b *scriptedBox) func(*imaptest.Conn, imaptest.Command) bool { return b.withholding("BODY", 2) },
			"the server gives no body for it", true},
		{"no header", func(b *scriptedBox) func(*imaptest.Conn, imaptest.Command) bool {
			return b.withholding("HEADER BODY", 2)
		},
			"the server gives no header for it", false},
		{"body refused", func(b *scriptedBox) func(*imaptest.Conn, imaptest.Command) bool {
			return b.refusing("BODY.PEEK[]", "[SERVERBUG] internal error", 2)
		}, "internal error", true},
		{"header refused", func(b *scriptedBox) func(*imaptest.Conn, imaptest.Command) bool {
			return b.refusing("BODY.PEEK[", "cannot read it", 2)
		}, "cannot read it", false},
		{"body jams", func(b *scriptedBox) func(*imaptest.Conn, imaptest.Command) bool {
			return b.jamming("BODY.PEEK[]", func(c *imaptest.Conn) { c.Close() }, 2)
		}, "the connection was lost", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), newReport(2), newReport(3), letter(4))
			box.on("UID FETCH", tt.fetch(box))
			r := newRig(t, box.start(t))
			r.poll(ingest.Totals{Examined: 4, Recorded: 2, Ignored: 1})
			r.want(id(1), id(3))
			r.wantCursor("INBOX", 4)
			r.poll(ingest.Totals{})
			r.poll(ingest.Totals{})
			unknown := map[bool]string{true: "", false: " (unknown)"}[tt.known]
			r.wantPending("2 quarantined" + unknown + ": …" + tt.reason)
			fetches := box.count("UID FETCH")
			r.poll(ingest.Totals{})
			if n := box.count("UID FETCH") - fetches; n == 0 {
				t.Error("a quarantined message was not asked for at the next poll")
			}
			fetches = box.count("UID FETCH")
			r.poll(ingest.Totals{})
			if n := box.count("UID FETCH") - fetches; n != 0 {
				t.Errorf("a quarantined message was asked for again at once, %d times", n)
			}
			for range 20 {
				r.pass(11 * time.Hour)
				if _, err := r.p.Poll(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
			}
			if tt.known {
				r.wantRejected(2, tt.reason)
				r.wantPending()
			} else {
				r.wantPending("2 quarantined (unknown)")
				if all := r.rejected(); len(all) > 0 {
					t.Errorf("rejected: %+v, though nothing says that it is a report (M-C2)", all)
				}
			}
			if got := box.flagsOf(2); got != "" {
				t.Errorf("flags of the message = %q", got)
			}
		})
	}
}

// A quarantined message that comes after all is recorded and marked.
func TestQuarantinedMessageThatComesIsRecorded(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2))
	box.on("UID FETCH", box.refusing("BODY.PEEK[]", "cannot read it", 2))
	r := newRig(t, box.start(t))
	for range 3 {
		if _, err := r.p.Poll(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	r.wantPending("2 quarantined")
	box.on("UID FETCH", nil)
	r.pass(2 * time.Hour)
	r.poll(ingest.Totals{Recorded: 1})
	r.want(id(1), id(2))
	r.wantPending()
	if got := box.flagsOf(2); got != `\Seen` {
		t.Errorf("flags = %q, want \\Seen", got)
	}
}

func TestPendingMessageIsRecordedAndMarkedOnceItsBodyComes(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"BODY", "HEADER BODY"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), letter(2))
			box.on("UID FETCH", box.withholding(kind, 1))
			r := newRig(t, box.start(t))
			r.poll(ingest.Totals{Examined: 2, Ignored: 1})
			r.poll(ingest.Totals{})
			box.on("UID FETCH", nil)
			r.poll(ingest.Totals{Recorded: 1})
			r.want(id(1))
			if got := box.flagsOf(1); got != `\Seen` {
				t.Errorf("flags = %q, want \\Seen", got)
			}
			r.poll(ingest.Totals{})
		})
	}
}

// A mail whose header came late is still not ours to download.
func TestPendingMessageThatIsNoReportIsNotFetched(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(letter(1), letter(2))
	box.on("UID FETCH", box.withholding("HEADER BODY", 1))
	r := newRig(t, box.start(t))
	r.poll(ingest.Totals{Examined: 2, Ignored: 1})
	r.wantPending("1 (unknown)")
	box.on("UID FETCH", box.refusing("BODY.PEEK[]", "this is not yours", 1))
	r.poll(ingest.Totals{Ignored: 1})
	if all := r.rejected(); len(all) > 0 {
		t.Errorf("rejected: %+v; somebody's private mail would be named in a digest", all)
	}
	r.poll(ingest.Totals{})
	if got := box.flagsOf(1); got != "" {
		t.Errorf("flags = %q", got)
	}
}

// What a colleague deletes before its body was read is forgotten (M-C3).
func TestMessageThatIsDeletedBeforeItWasReadIsForgotten(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2))
	box.on("UID FETCH", box.withholding("BODY", 1))
	r := newRig(t, box.start(t))
	r.poll(ingest.Totals{Examined: 2, Recorded: 1})
	r.wantPending("1: the server gives no body")
	box.mu.Lock()
	box.mails[0] = nil
	box.mu.Unlock()
	r.poll(ingest.Totals{Ignored: 1})
	r.wantPending()
	box.more(newReport(3), newReport(4))
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if strings.Contains(cmd.Args, "BODY.PEEK[]") {
			box.mu.Lock()
			box.mails[2] = nil // between the fetch of its header and that of its body
			box.mu.Unlock()
		}
		return false
	})
	r.poll(ingest.Totals{Examined: 2, Recorded: 1, Ignored: 1})
	r.want(id(2), id(4))
	if all := r.rejected(); len(all) > 0 || len(r.pending()) > 0 {
		t.Errorf("rejected %+v, pending %q; want neither", all, r.pending())
	}
}

// After the server renumbered the folder, what was pending is found as a new message,
// however long ago it came.
func TestPendingMessageOfARenumberedFolderIsFoundAgain(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	s.CreateFolder(t, "Reports")
	deliver(t, s, "Reports", letter(1))
	r := newRig(t, s, folders("Reports"))
	r.poll(ingest.Totals{Examined: 1, Ignored: 1})
	validity := r.folder("Reports").Poll.UIDValidity
	came := time.Now().AddDate(0, 0, -9)
	_, err := r.db.Record(t.Context(), report.Batch{Mailbox: "box", Folder: "Reports", Via: report.ViaPoll, Messages: []report.Message{{
		Place:   report.Place{Mailbox: "box", Folder: "Reports", UIDValidity: validity, UID: 77},
		Pending: "no body", Claimed: true, ReceivedAt: came,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	s.Recreate(t, "Reports")
	s.Append(t, "Reports", []string{`\Seen`}, came, newReport(77))
	result, err := r.p.Poll(t.Context(), "")
	if err != nil || result.Totals.Recorded != 1 {
		t.Fatalf("Poll: %+v, %v", result.Totals, err)
	}
	r.want(id(77))
	r.wantPending()
	if all := r.rejected(); len(all) > 0 {
		t.Errorf("rejected: %+v", all)
	}
}

// What a backfill without --mark found keeps its flags, even if it is a poll
// that gets the body.
func TestPendingMessageOfABackfillKeepsItsFlags(t *testing.T) {
	t.Parallel()
	for _, mark := range []bool{false, true} {
		box := newScriptedBox(letter(1), newReport(2))
		r := newRig(t, box.start(t))
		box.flags[2] = `\Seen`
		r.change(after(poller.AfterKeyword, "$TLSRPT", ""))
		r.poll(ingest.Totals{Examined: 1, Ignored: 1}) // the report is history
		box.on("UID FETCH", box.withholding("BODY", 2))
		if _, err := r.p.Backfill(t.Context(), poller.Backfill{Mark: mark}); err != nil {
			t.Fatal(err)
		}
		box.on("UID FETCH", nil)
		r.poll(ingest.Totals{Recorded: 1})
		r.want(id(2))
		if got, want := box.flagsOf(2), map[bool]string{false: `\Seen`, true: "$TLSRPT"}[mark]; got != want {
			t.Errorf("backfill with Mark %v: flags = %q, want %q", mark, got, want)
		}
	}
}

// Some servers give no part headers: the whole message then tells, and nothing of
// it is a report's fault.
func TestMessageWhosePartsAreRefusedIsLookedAtWhole(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"NO", "BAD"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(mixedReport(1), newReport(2), withAttachment(3, 1000))
			box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
				if !strings.Contains(cmd.Args, "MIME") {
					return false
				}
				c.Send(cmd.Tag + " " + status + " what is a part?")
				return true
			})
			r := newRig(t, box.start(t))
			r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
			r.poll(ingest.Totals{})
			if flags := box.flagsOf(3); flags != "" {
				t.Errorf("the other mail has the flags %q", flags)
			}
			box.mu.Lock()
			defer box.mu.Unlock()
			for _, args := range box.fetched {
				if strings.Contains(args, "BODY[") {
					t.Errorf("asked without PEEK: %s", args)
				}
			}
		})
	}
}

// RFC822.SIZE is left out by some; what is fetched has its bound all the same.
func TestServerThatTellsNoSizesIsReadWithinBounds(t *testing.T) {
	t.Parallel()
	const bound = 10_000
	long := append(newReport(3), []byte(strings.Repeat("x", 2*bound))...)
	box := newScriptedBox(newReport(1), newReport(2), long)
	size := regexp.MustCompile(` RFC822\.SIZE \d+`)
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		for _, uid := range box.wantedUIDs(cmd) {
			response := size.ReplaceAllString(box.response(uid, cmd.Args, ""), "")
			if start := strings.Index(response, "BODY[]<0> {"); start >= 0 && uid == 3 {
				// As a server does that is asked for so many bytes and no more.
				asked := regexp.MustCompile(`BODY\.PEEK\[\]<0\.(\d+)>`).FindStringSubmatch(cmd.Args)
				n, err := strconv.Atoi(asked[1])
				if err != nil {
					return false
				}
				response = response[:start] + "BODY[]<0> " + imaptest.Literal(string(long[:min(n, len(long))])) + ")\r\n"
			}
			c.Raw(response)
		}
		c.OK(cmd)
		return true
	})
	r := newRig(t, box.start(t), func(o *options) { o.Reading.Limits.MaxMessage = bound })
	r.poll(ingest.Totals{Examined: 3, Recorded: 2, Rejected: 1})
}

// Asked for a message whose file it cannot read, Dovecot hangs up.
func TestDamagedMessageThatMakesTheServerHangUpStopsNothing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		damaged []byte
		text    string
	}{
		{"a report", newReport(2), "Message-ID: <2@"},
		{"a mail that may hold one", mixedReport(2), "Message-ID: <2@"},
		{"a letter", letter(2), "Message-ID: <2@"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Dovecot(t)
			deliver(t, s, "INBOX", newReport(1), tt.damaged, mixedReport(3), letter(4), newReport(5))
			s.Damage(t, "INBOX", tt.text)
			r := newRig(t, s)
			for range 4 {
				if _, err := r.p.Poll(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
				r.want(id(1), id(3), id(5))
			}
			if tt.name == "a report" {
				r.wantPending("2 quarantined")
			} else if all := r.pending(); len(all) > 1 {
				t.Errorf("pending: %q", all)
			}
			if all := r.rejected(); len(all) > 0 {
				t.Errorf("rejected: %+v", all)
			}
		})
	}
}

func TestDamagedMessageDoesNotStopABackfill(t *testing.T) {
	t.Parallel()
	s := imaptest.Dovecot(t)
	deliver(t, s, "INBOX", newReport(1), newReport(2), newReport(3))
	s.Damage(t, "INBOX", "Message-ID: <2@")
	r := newRig(t, s)
	r.backfill(poller.Backfill{}, ingest.Totals{Examined: 3, Recorded: 2})
	r.want(id(1), id(3))
	r.wantPending("2 ")
}

// A server that refuses everything says nothing of the messages: they must not
// end up as rejected.
func TestServerThatRefusesEverythingIsAskedAgain(t *testing.T) {
	t.Parallel()
	one, several := [][]byte{newReport(1)}, [][]byte{newReport(1), newReport(2), letter(3)}
	tests := []struct {
		name, section, text string
		mails               [][]byte
	}{
		{"unavailable", "HEADER", "[UNAVAILABLE] later", one},
		{"without a code", "HEADER", "no", one},
		{"throttled", "HEADER", "[LIMIT] too many commands", several},
		{"no permission", "HEADER", "[NOPERM] not for you", several},
		{"bodies", "BODY.PEEK[]", "no", several},
		{"bodies, throttled", "BODY.PEEK[]", "account exceeded bandwidth limits", one},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(tt.mails...)
			box.on("UID FETCH", box.refusing(tt.section, tt.text, 1, 2, 3))
			r := newRig(t, box.start(t))
			for range 4 {
				r.pollFails(`mailbox "box"`, `folder "INBOX"`)
			}
			if f := r.folder("INBOX"); f.Poll != nil || len(r.rejected()) > 0 {
				t.Errorf("cursor %+v, rejected %+v; want neither", f.Poll, r.rejected())
			}
			box.on("UID FETCH", nil)
			if _, err := r.p.Poll(t.Context(), ""); err != nil {
				t.Error(err)
			}
			r.want([]string{id(1), id(2)}[:min(len(tt.mails), 2)]...)
		})
	}
}

func TestMessageDeletedBetweenListAndFetchIsNoMatter(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2))
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		box.mu.Lock()
		defer box.mu.Unlock()
		box.mails[0] = nil
		return false
	})
	r := newRig(t, box.start(t))
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	r.want(id(2))
	if all := r.rejected(); len(all) > 0 {
		t.Errorf("rejected: %+v, want nothing", all)
	}
}

func TestMessageRefusedByAnOlderReaderIsLookedAtAgainOnce(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", reportAbout(1, "elsewhere.example"), reportOf(2, "{}"))
		proxy := imaptest.NewProxy(t, s)
		// What stands for the older reader: it takes no report about this domain.
		own := func(domains ...string) func(*options) {
			return func(o *options) { o.Reading.Domains = domains }
		}
		r := newRig(t, s.Via(proxy), own("example.com"))
		r.poll(ingest.Totals{Examined: 2, Rejected: 2})
		r.change(own())
		r.poll(ingest.Totals{}) // the same reader
		if _, err := openRaw(t, r.path).Exec("UPDATE message SET reader_version = 0"); err != nil {
			t.Fatal(err)
		}
		r.poll(ingest.Totals{Recorded: 1, Rejected: 1})
		r.want(id(1))
		r.wantRejected(2, "")
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: unseen()})
		before := len(proxy.Commands())
		r.poll(ingest.Totals{})
		if n := len(proxy.Commands()) - before; n > 6 {
			t.Errorf("%d commands at the next poll, want that nothing is looked at any more", n)
		}
	})
}

// openRaw opens the database beside package db, which registers the driver.
func openRaw(t *testing.T, path string) *sql.DB {
	t.Helper()
	d, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}
