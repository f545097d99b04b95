package poller_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller"
)

func TestFirstPollTakesTheUnseenAndLaterOnesAllAboveTheCursor(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		old := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		s.Append(t, "INBOX", []string{`\Seen`}, old, newReport(1)) // history: for backfill
		s.Append(t, "INBOX", nil, old, newReport(2))
		s.Append(t, "INBOX", nil, old, letter(3))
		r := newRig(t, s)
		r.poll(ingest.Totals{Examined: 2, Recorded: 1, Ignored: 1})
		r.want(id(2))
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: seen(), 3: unseen()})

		// A colleague opens the next report before the poll comes round.
		s.Append(t, "INBOX", []string{`\Seen`}, old, newReport(4))
		s.Append(t, "INBOX", nil, old, newReport(5))
		r.poll(ingest.Totals{Examined: 2, Recorded: 2})
		r.want(id(2), id(4), id(5))
		r.wantCursor("INBOX", 5)
		r.poll(ingest.Totals{})
	})
}

func TestSampleMailboxIsReadAsItIs(t *testing.T) {
	t.Parallel()
	mails, err := samples.Mailbox(time.Date(2026, 3, 20, 7, 0, 0, 0, time.UTC), samples.Unsigned)
	if err != nil {
		t.Fatal(err)
	}
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		want := ingest.Totals{Examined: int64(len(mails))}
		flags := map[uint32][]string{}
		for _, m := range mails {
			uid := s.Append(t, "INBOX", nil, m.Date, m.Data)
			flags[uid] = unseen()
			if m.Report {
				flags[uid] = seen()
				want.Recorded++
			} else {
				want.Ignored++
			}
		}
		newRig(t, s).poll(want)
		wantFlags(t, s, "INBOX", flags)
	})
}

func TestIdlePollCostsAConstantNumberOfRoundTrips(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", newReport(1))
		proxy := imaptest.NewProxy(t, s)
		r := newRig(t, s.Via(proxy))
		r.poll(ingest.Totals{Examined: 1, Recorded: 1})
		idle := func() []string {
			before := len(proxy.Commands())
			r.poll(ingest.Totals{})
			return names(proxy.Commands()[before:])
		}
		few := idle()
		for n := range 150 {
			deliver(t, s, "INBOX", letter(n))
		}
		r.poll(ingest.Totals{Examined: 150, Ignored: 150})
		many := idle()
		if diff := cmp.Diff(few, many); diff != "" {
			t.Errorf("commands of an idle poll, with 1 and 151 messages (-1 +151):\n%s", diff)
		}
		count := map[string]int{}
		for _, name := range many {
			count[name]++
		}
		login := count["LOGIN"] + count["AUTHENTICATE"]
		delete(count, "LOGIN")
		delete(count, "AUTHENTICATE")
		delete(count, "ID") // where the server offers it
		if diff := cmp.Diff(map[string]int{"STATUS": 1, "LOGOUT": 1, "CAPABILITY": count["CAPABILITY"]}, count); diff != "" || login != 1 || count["CAPABILITY"] > 2 {
			t.Errorf("commands of an idle poll: %q, want one login, ID, STATUS, LOGOUT and a CAPABILITY or two", many)
		}
	})
}

func TestRenumberedFolderIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		s.CreateFolder(t, "Reports")
		deliver(t, s, "Reports", newReport(1), newReport(2))
		r := newRig(t, s, folders("Reports"), after(poller.AfterKeyword, "$TLSRPT", ""))
		r.poll(ingest.Totals{Examined: 2, Recorded: 2})
		before := r.folder("Reports").Poll.UIDValidity

		s.Recreate(t, "Reports")
		now, long := time.Now(), time.Now().AddDate(0, -2, 0)
		s.Append(t, "Reports", []string{`\Seen`}, now, newReport(1))  // known, recent
		s.Append(t, "Reports", nil, long, newReport(2))               // known, unseen
		s.Append(t, "Reports", nil, long, newReport(3))               // new, unseen
		s.Append(t, "Reports", []string{`\Seen`}, now, newReport(4))  // new, recent
		s.Append(t, "Reports", []string{`\Seen`}, long, newReport(5)) // for backfill
		s.Append(t, "Reports", nil, now, letter(6))
		r.poll(ingest.Totals{Examined: 5, Recorded: 2, Duplicate: 2, Ignored: 1})
		r.want(id(1), id(2), id(3), id(4))
		if now := r.folder("Reports").Poll.UIDValidity; now == before {
			t.Errorf("the cursor still has UIDVALIDITY %d", now)
		}
		r.wantCursor("Reports", 6)
		wantFlags(t, s, "Reports", map[uint32][]string{
			1: {"$tlsrpt", `\seen`}, 2: {"$tlsrpt"}, 3: {"$tlsrpt"}, 4: {"$tlsrpt", `\seen`}, 5: seen(), 6: unseen(),
		})
		r.poll(ingest.Totals{})
	})
}

// A poll that never came to a good end says nothing of when the folder was
// looked at last.
func TestRenumberedFolderWithoutAGoodPollIsLookedAtWhole(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		s.CreateFolder(t, "Reports")
		deliver(t, s, "Reports", letter(1))
		proxy := imaptest.NewProxy(t, s)
		r := newRig(t, s.Via(proxy), folders("Reports"))
		_, err := r.db.Record(t.Context(), report.Batch{
			Mailbox: "box", Folder: "Reports", Via: report.ViaPoll, Cursor: &report.Cursor{UIDValidity: 1, LastUID: 9},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Append(t, "Reports", []string{`\Seen`}, time.Now().AddDate(-1, 0, 0), newReport(2))
		r.poll(ingest.Totals{Examined: 2, Recorded: 1, Ignored: 1})
		for _, line := range proxy.Commands() {
			if strings.Contains(line, "SINCE") {
				t.Errorf("the poll sent %q, though there is no time to go by", line)
			}
		}
	})
}

// A folder restored from a backup may keep its UIDVALIDITY and give out UIDs
// again.
func TestCursorBeyondUIDNEXTDoesNotHideNewMail(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", letter(1))
		r := newRig(t, s)
		r.poll(ingest.Totals{Examined: 1, Ignored: 1})
		validity := r.folder("INBOX").Poll.UIDValidity
		_, err := r.db.Record(t.Context(), report.Batch{
			Mailbox: "box", Folder: "INBOX", Via: report.ViaPoll, Cursor: &report.Cursor{UIDValidity: validity, LastUID: 1000},
		})
		if err != nil {
			t.Fatal(err)
		}
		deliver(t, s, "INBOX", newReport(2))
		r.poll(ingest.Totals{Examined: 2, Recorded: 1, Ignored: 1})
		r.wantCursor("INBOX", 2)
	})
}

func TestMessageThatArrivesDuringThePollIsFoundByTheNext(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		next := 2
		arrive := func(read.Found) report.Authenticity {
			deliver(t, s, "INBOX", newReport(next))
			next++
			return report.Authenticity{Result: report.AuthPass, Domain: "sender.example"}
		}
		deliver(t, s, "INBOX", newReport(1))
		r := newRig(t, s, judging(arrive))
		r.poll(ingest.Totals{Examined: 1, Recorded: 1}) // by what is unseen
		r.wantCursor("INBOX", 1)
		r.poll(ingest.Totals{Examined: 1, Recorded: 1}) // by the cursor
		r.wantCursor("INBOX", 2)
		r.change(authenticate(nil, ingest.Vouching{}))
		r.poll(ingest.Totals{Examined: 1, Recorded: 1})
		r.poll(ingest.Totals{})
		r.want(id(1)+" pass", id(2)+" pass", id(3))
	})
}

func TestReportIsRecordedOnceHoweverOftenItComes(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		s.CreateFolder(t, "Other")
		deliver(t, s, "INBOX", newReport(1), newReport(1))
		deliver(t, s, "Other", newReport(1))
		r := newRig(t, s, folders("INBOX", "Other"))
		r.poll(ingest.Totals{Examined: 3, Recorded: 1, Duplicate: 2})
		deliver(t, s, "INBOX", newReport(1))
		r.poll(ingest.Totals{Examined: 1, Duplicate: 1})
		r.want(id(1))
		// Copies are marked like the first.
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: seen(), 3: seen()})
		wantFlags(t, s, "Other", map[uint32][]string{1: seen()})

		result, err := r.p.Backfill(t.Context(), poller.Backfill{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ingest.Totals{Examined: 4, Duplicate: 4}, result.Totals); diff != "" {
			t.Errorf("totals of a backfill after the poll (-want +got):\n%s", diff)
		}
		r.want(id(1))
	})
}

func TestSpecialUseFolderIsFoundOrPassedOver(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", newReport(1))
		want := []ingest.Counts{{Mailbox: "box", Folder: "INBOX", Examined: 1, Recorded: 1}}
		if s.Kind != imaptest.KindMemory {
			deliver(t, s, "Spam", newReport(2))
			want = append(want, ingest.Counts{Mailbox: "box", Folder: "Spam", Examined: 1, Recorded: 1})
		}
		r := newRig(t, s, folders("INBOX", `\Junk`, "INBOX"))
		result, err := r.p.Poll(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, result.Mailboxes); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
	})
}

func TestFolderThatFailsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", newReport(1))
		r := newRig(t, s, folders("Missing", "INBOX"))
		result, _ := r.pollFails(`mailbox "box"`, `folder "Missing"`)
		r.want(id(1))
		if c := result.Mailboxes; len(c) != 2 || c[0].Error == "" || c[1].Error != "" || c[1].Recorded != 1 {
			t.Errorf("counts = %+v, want an error for Missing alone, and a report for INBOX", c)
		}
		f := r.folder("Missing")
		if f.LastError == "" || f.FailingSince.IsZero() || !f.LastGoodPoll.IsZero() {
			t.Errorf("what is remembered of Missing: %+v, want that it fails", f)
		}
		if f := r.folder("INBOX"); f.LastError != "" || f.LastGoodPoll.IsZero() {
			t.Errorf("what is remembered of INBOX: %+v, want that it is well", f)
		}
		s.CreateFolder(t, "Missing")
		r.poll(ingest.Totals{})
		if f := r.folder("Missing"); f.LastError != "" || !f.FailingSince.IsZero() || f.LastGoodPoll.IsZero() {
			t.Errorf("what is remembered of Missing once it is there: %+v, want that it is well", f)
		}
	})
}

func TestMailboxThatFailsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", newReport(1))
	broken := mailboxOn(s, "broken")
	broken.IMAP.Port = 1
	r := newRig(t, s, func(o *options) { o.Mailboxes = slices.Insert(o.Mailboxes, 0, broken) })
	result, err := r.pollFails(`mailbox "broken"`, "connect")
	r.want(id(1))
	if c := result.Mailboxes; len(c) != 2 || c[0].Mailbox != "broken" || c[0].Folder != "INBOX" || c[0].Error != err.Error() || c[1].Recorded != 1 {
		t.Errorf("counts = %+v, want the error for the mailbox that is broken, and a report of the other", c)
	}
	f, err := r.db.Folder(t.Context(), "broken", "INBOX")
	if err != nil || f.FailingSince.IsZero() {
		t.Errorf("what is remembered of the broken mailbox: %+v (%v), want that it fails", f, err)
	}
	if _, err := r.p.Poll(t.Context(), "box"); err != nil {
		t.Errorf("Poll of the other alone: %v", err)
	}
	if _, err := r.p.Poll(t.Context(), "nobody"); err == nil {
		t.Error("Poll of a mailbox that is not configured: no error")
	}
}

// A poll reconnects where the folder before broke the connection; where that
// does not work, the next folder has failed too, and that is remembered.
func TestFolderBehindALostConnectionIsRememberedAsFailing(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	s.CreateFolder(t, "Other")
	proxy := imaptest.NewProxy(t, s)
	r := newRig(t, s.Via(proxy), folders("INBOX", "Other"))
	r.poll(ingest.Totals{})
	cut := false
	proxy.OnCommand(func(line string) imaptest.Action {
		if cut = cut || slices.Contains(names([]string{line}), "STATUS"); cut {
			return imaptest.CutBefore
		}
		return imaptest.Forward
	})
	result, _ := r.pollFails(`mailbox "box"`)
	if c := result.Mailboxes; len(c) != 2 || c[0].Error == "" || c[1].Error == "" {
		t.Errorf("counts = %+v, want an error for both", c)
	}
	for _, name := range []string{"INBOX", "Other"} {
		if r.folder(name).FailingSince.IsZero() {
			t.Errorf("%s is not remembered as failing", name)
		}
	}
}
