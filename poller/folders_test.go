package poller_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

func TestPatternStandsForTheFoldersThatMatch(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		for i, name := range []string{"Berichte/TLS", "Berichte/报告", "Berichte/Fertig", "Other"} {
			s.CreateFolder(t, name)
			if name != "Berichte/Fertig" {
				deliver(t, s, name, newReport(i+1))
			}
		}
		r := newRig(t, s, folders("INBOX", "Berichte/*"), func(o *options) {
			o.Mailboxes[0].After, o.Mailboxes[0].MoveTo = poller.AfterMove, "Berichte/Fertig"
		})
		result, err := r.p.Poll(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		var read []string
		for _, c := range result.Mailboxes {
			read = append(read, c.Folder)
		}
		if diff := cmp.Diff([]string{"INBOX", "Berichte/TLS", "Berichte/报告"}, read); diff != "" {
			t.Errorf("folders read (-want +got):\n%s", diff)
		}
		if n := len(s.Flags(t, "Berichte/Fertig")); n != 2 {
			t.Errorf("%d messages where reports are moved to, want 2", n)
		}
	})
}

func TestFolderThatIsNotThereIsNamedWithTheNearest(t *testing.T) {
	t.Parallel()
	s := imaptest.Dovecot(t)
	s.CreateFolder(t, "TLS Reports")
	r := newRig(t, s, folders("TLS-Report"))
	if _, err := r.p.Poll(t.Context(), ""); err == nil || !strings.Contains(err.Error(), `is it "TLS Reports"?`) {
		t.Errorf("Poll: %v", err)
	}
}

// dotted is a Cyrus as it was set up before 3.0.
func dotted(t *testing.T) *imaptest.Server {
	return imaptest.Cyrus(t, imaptest.WithCyrusConfig("unixhierarchysep: no\naltnamespace: no"))
}

func TestFoldersOfAServerWhoseNamesBeginWithINBOX(t *testing.T) {
	t.Parallel()
	s := dotted(t)
	for i, name := range []string{"INBOX.Berichte.TLS", "INBOX.Berichte.报告", "INBOX.Spam"} {
		if name != "INBOX.Spam" {
			s.CreateFolder(t, name)
		}
		deliver(t, s, name, newReport(i+1), letter(i+1))
	}
	r := newRig(t, s, folders("INBOX", "INBOX/Berichte/*", `\Junk`), after(poller.AfterMove, "", "INBOX.Fertig.TLS"))
	r.poll(ingest.Totals{Examined: 6, Recorded: 3, Ignored: 3})
	for _, name := range []string{"INBOX.Berichte.TLS", "INBOX.Berichte.报告", "INBOX.Spam"} {
		wantFlags(t, s, name, map[uint32][]string{2: unseen()})
	}
	wantFlags(t, s, "INBOX.Fertig.TLS", map[uint32][]string{1: unseen(), 2: unseen(), 3: unseen()})
	r.poll(ingest.Totals{})
}

func TestFolderToMoveToThatLiesWhereNoneCanBeIsSaidToLieThere(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"Fertig.TLS", "Fertig/TLS", "INBOX/Fertig/TLS"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			s := dotted(t)
			deliver(t, s, "INBOX", newReport(1))
			r := newRig(t, s, after(poller.AfterMove, "", to))
			const says = `begin with "INBOX.": "INBOX.Fertig.TLS" can be created`
			if got := steps(t, r); !strings.Contains(got, says) {
				t.Errorf("verify says\n%swant %s", got, says)
			}
			r.poll(ingest.Totals{Examined: 1, Recorded: 1})
			r.wantWarning(says)
			wantFlags(t, s, "INBOX", map[uint32][]string{1: unseen()})
			r.change(after(poller.AfterMove, "", "INBOX.Fertig.TLS"))
			r.poll(ingest.Totals{})
			wantFlags(t, s, "INBOX", map[uint32][]string{})
			wantFlags(t, s, "INBOX.Fertig.TLS", map[uint32][]string{1: unseen()})
		})
	}
}

// A special use that cannot be looked up does not stop the other folders, and the error
// names the mailbox and what helps (M-G3, P6): whether the server refuses or hangs up.
func TestSpecialUseThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*imaptest.Conn, imaptest.Command){
		"refused":  func(c *imaptest.Conn, cmd imaptest.Command) { c.No(cmd, "not now") },
		"hangs up": func(c *imaptest.Conn, _ imaptest.Command) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), letter(2))
			box.on("LIST", func(c *imaptest.Conn, cmd imaptest.Command) bool { do(c, cmd); return true })
			r := newRig(t, box.start(t), folders("INBOX", `\Junk`))
			_, err := r.pollFails(`\Junk`, "leave", "out")
			if !strings.HasPrefix(err.Error(), `mailbox "box": `) {
				t.Errorf("the error does not begin with the mailbox: %v", err)
			}
			r.want(id(1))
			if f := r.folder("INBOX"); f.LastError != "" || f.Poll == nil {
				t.Errorf("INBOX: %+v, want it read", f)
			}
			box.on("LIST", nil)
			r.poll(ingest.Totals{})
		})
	}
}
