package poller_test

import (
	"strings"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

func TestRecordedReportIsMarkedAsAsked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		after func(*options)
		inbox map[uint32][]string // after the poll; 1 is a letter, 2 a report
		moved string
	}{
		{"seen", after(poller.AfterSeen, "", ""), map[uint32][]string{1: unseen(), 2: seen()}, ""},
		{"keyword", after(poller.AfterKeyword, "$TLSRPT", ""), map[uint32][]string{1: unseen(), 2: {"$tlsrpt"}}, ""},
		{"move to a folder that does not exist yet", after(poller.AfterMove, "", "Done/Reports"), map[uint32][]string{1: unseen()}, "Done/Reports"},
		{"none", after(poller.AfterNone, "", ""), map[uint32][]string{1: unseen(), 2: unseen()}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
				deliver(t, s, "INBOX", letter(1), newReport(2))
				r := newRig(t, s, tt.after)
				r.poll(ingest.Totals{Examined: 2, Recorded: 1, Ignored: 1})
				wantFlags(t, s, "INBOX", tt.inbox)
				if tt.moved != "" {
					wantFlags(t, s, tt.moved, map[uint32][]string{1: unseen()})
				}
				r.poll(ingest.Totals{}) // and nothing is owed
			})
		})
	}
}

// The process dies, or the connection does, between the record and the mark.
func TestMarkThatWasOwedIsMadeUpAtTheNextPoll(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		command string
		action  imaptest.Action
		after   func(*options)
	}{
		{"never sent", "UID STORE", imaptest.CutBefore, after(poller.AfterSeen, "", "")},
		{"made, but not heard of", "UID STORE", imaptest.CutAfterReply, after(poller.AfterSeen, "", "")},
		{"folder not opened", "SELECT", imaptest.CutBefore, after(poller.AfterSeen, "", "")},
		{"move never sent", "UID MOVE", imaptest.CutBefore, after(poller.AfterMove, "", "Done")},
		{"moved, but not heard of", "UID MOVE", imaptest.CutAfterReply, after(poller.AfterMove, "", "Done")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
				s.CreateFolder(t, "Done")
				deliver(t, s, "INBOX", newReport(1), letter(2))
				proxy := imaptest.NewProxy(t, s)
				r := newRig(t, s.Via(proxy), tt.after)
				proxy.OnCommand(once(tt.command, tt.action))
				r.pollFails(`mailbox "box"`, `folder "INBOX"`)
				r.want(id(1))
				if f := r.folder("INBOX"); f.LastError != "" || f.LastGoodPoll.IsZero() {
					t.Errorf("what is remembered: %+v; want a good poll, for all was read", f)
				}
				r.change() // a new process
				r.poll(ingest.Totals{})
				if strings.Contains(tt.command, "MOVE") {
					wantFlags(t, s, "INBOX", map[uint32][]string{2: unseen()})
					wantFlags(t, s, "Done", map[uint32][]string{1: unseen()})
				} else {
					wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: unseen()})
				}
				before := len(proxy.Commands())
				r.poll(ingest.Totals{})
				for _, name := range names(proxy.Commands()[before:]) {
					if name == "SELECT" {
						t.Error("a mark that was made is still owed")
					}
				}
			})
		})
	}
}

func TestRefusedMarkIsMadeUpAtTheNextPoll(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), letter(2))
	box.on("UID STORE", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		c.No(cmd, "[INUSE] not just now")
		return true
	})
	r := newRig(t, box.start(t))
	result, _ := r.pollFails(`mailbox "box"`, `folder "INBOX"`, "not just now")
	if c := result.Mailboxes[0]; c.Recorded != 1 || c.Error == "" {
		t.Errorf("counts = %+v, want the report, and the error", c)
	}
	r.want(id(1))
	if got := box.flagsOf(1); got != "" {
		t.Fatalf("flags of the report = %q before the server allowed any", got)
	}
	box.on("UID STORE", nil)
	r.poll(ingest.Totals{})
	if got := box.flagsOf(1); got != `\Seen` {
		t.Errorf("flags of the report = %q, want \\Seen", got)
	}
	if got := box.flagsOf(2); got != "" {
		t.Errorf("flags of the letter = %q, want none", got)
	}
}

// Some servers answer STORE with OK and do nothing.
func TestMarkCountsOnlyOnceTheServerShowsIt(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1))
	box.on("UID STORE", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		c.OK(cmd)
		return true
	})
	r := newRig(t, box.start(t))
	r.pollFails(`folder "INBOX"`, "do not show")
	box.on("UID STORE", nil)
	r.poll(ingest.Totals{})
	if got := box.flagsOf(1); got != `\Seen` {
		t.Errorf("flags of the report = %q, want \\Seen", got)
	}
}

func TestFolderThatMayNotBeWrittenIsStillReadAndThatIsSaidOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, rights string
		after        func(*options)
	}{
		{"read only", "lr", after(poller.AfterSeen, "", "")},
		{"no seen", "lrw", after(poller.AfterSeen, "", "")},
		{"no keywords", "lrs", after(poller.AfterKeyword, "$TLSRPT", "")},
		{"no moving away", "lrsw", after(poller.AfterMove, "", "Done")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			imaptest.EachInstalled(t, func(t *testing.T, s *imaptest.Server) {
				s.CreateFolder(t, "Shared")
				s.CreateFolder(t, "Done")
				deliver(t, s, "Shared", newReport(1))
				r := newRig(t, s, folders("Shared"), tt.after)
				s.SetRights(t, "Shared", tt.rights)
				r.poll(ingest.Totals{Examined: 1, Recorded: 1})
				r.poll(ingest.Totals{})
				r.poll(ingest.Totals{})
				if n := strings.Count(r.log.String(), "cannot be marked"); n != 1 {
					t.Errorf("said %d times that the folder cannot be marked, want once:\n%s", n, r.log)
				}
				wantFlags(t, s, "Shared", map[uint32][]string{1: unseen()})
				s.SetRights(t, "Shared", "lrwstipekxa")
				r.poll(ingest.Totals{}) // the mark is made up for
				if got := s.Flags(t, "Shared")[1]; got != nil && len(got) == 0 {
					t.Error("the mark was not made once it could be")
				}
			})
		})
	}
}

// PERMANENTFLAGS tells nothing of these rights: the server refuses the move itself.
func TestMoveThatTheRightsForbidLosesNothingAndSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, folder, rights string // what is forbidden where
		says                 string
	}{
		{"no expunging", "Shared", "lrswt", `"e" (to expunge) in folder "Shared"`},
		{"no inserting", "Done", "lrs", `"i" (to put messages there) in folder "Done"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			imaptest.EachInstalled(t, func(t *testing.T, s *imaptest.Server) {
				s.CreateFolder(t, "Shared")
				s.CreateFolder(t, "Done")
				deliver(t, s, "Shared", newReport(1), letter(2))
				r := newRig(t, s, folders("Shared"), after(poller.AfterMove, "", "Done"))
				s.SetRights(t, tt.folder, tt.rights)
				r.poll(ingest.Totals{Examined: 2, Recorded: 1, Ignored: 1})
				r.wantWarning(tt.says)
				r.want(id(1))
				if got := steps(t, r); !strings.Contains(got, tt.says) {
					t.Errorf("verify says\n%swant %s", got, tt.says)
				}
				wantFlags(t, s, "Shared", map[uint32][]string{1: unseen(), 2: unseen()})
				s.SetRights(t, tt.folder, "lrwstipekxa")
				r.poll(ingest.Totals{}) // what is owed is moved
				wantFlags(t, s, "Shared", map[uint32][]string{2: unseen()})
				wantFlags(t, s, "Done", map[uint32][]string{1: unseen()})
			})
		})
	}
}

func TestFolderToMoveToThatMayNotBeCreatedIsNamed(t *testing.T) {
	t.Parallel()
	imaptest.EachInstalled(t, func(t *testing.T, s *imaptest.Server) {
		parent := "Parent"
		if s.Kind == imaptest.KindCyrus { // there, one may always create among one's own
			s.As(t, "colleague").CreateFolder(t, "Box")
			s.Grant(t, "colleague", "Box", "lrs")
			parent = "Other Users/colleague/Box"
		} else {
			s.CreateFolder(t, parent)
			s.SetRights(t, parent, "lrs")
		}
		deliver(t, s, "INBOX", newReport(1))
		r := newRig(t, s, after(poller.AfterMove, "", parent+"/New"))
		r.poll(ingest.Totals{Examined: 1, Recorded: 1})
		r.wantWarning(`"k" (to create folders) in folder "` + parent + `"`)
		wantFlags(t, s, "INBOX", map[uint32][]string{1: unseen()})
		if s.Kind == imaptest.KindCyrus {
			s.Grant(t, "colleague", "Box", "lrswitek")
		} else {
			s.SetRights(t, parent, "lrswitek")
		}
		r.poll(ingest.Totals{})
		wantFlags(t, s, "INBOX", map[uint32][]string{})
		wantFlags(t, s, parent+"/New", map[uint32][]string{1: unseen()})
	}, imaptest.WithUsers("colleague"))
}

// wantWarning wants to have been told once why reports cannot be marked.
func (r *rig) wantWarning(says string) {
	r.t.Helper()
	log := strings.ReplaceAll(r.log.String(), `\`, "")
	if strings.Count(log, "cannot be marked") != 1 || !strings.Contains(log, says) {
		r.t.Errorf("want it said once that reports cannot be marked, and %s:\n%s", says, log)
	}
}

// A special use can turn out to be the folder that reports are moved to.
func TestReportThatLiesWhereReportsAreMovedToStaysThere(t *testing.T) {
	t.Parallel()
	s := imaptest.Dovecot(t)
	deliver(t, s, "INBOX", newReport(1))
	deliver(t, s, "Spam", newReport(2))
	r := newRig(t, s, folders("INBOX", `\Junk`), after(poller.AfterMove, "", "Spam"))
	r.poll(ingest.Totals{Examined: 3, Recorded: 2, Duplicate: 1})
	r.poll(ingest.Totals{})
	if n := len(s.Messages(t, "Spam")); n != 2 {
		t.Errorf("%d messages in the folder, want 2", n)
	}
	r.want(id(1), id(2))
}
