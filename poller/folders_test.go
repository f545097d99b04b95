package poller_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

func TestPatternStandsForTheFoldersThatMatch(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		for i, name := range []string{"Berichte/TLS", "Berichte/报告", "Berichte/Fertig", "Other"} {
			s.CreateFolder(t, name)
			if name != "Berichte/Fertig" {
				deliver(t, s, name, report(i+1))
			}
		}
		r := newRig(t, s, folders("INBOX", "Berichte/*"), func(o *poller.Options) {
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
		deliver(t, s, name, report(i+1), letter(i+1))
	}
	r := newRig(t, s, folders("INBOX", "INBOX/Berichte/*", `\Junk`), after(poller.AfterMove, "", "INBOX.Fertig.TLS"))
	r.poll(poller.Totals{Examined: 6, Recorded: 3, Ignored: 3})
	for _, name := range []string{"INBOX.Berichte.TLS", "INBOX.Berichte.报告", "INBOX.Spam"} {
		wantFlags(t, s, name, map[uint32][]string{2: unseen()})
	}
	wantFlags(t, s, "INBOX.Fertig.TLS", map[uint32][]string{1: unseen(), 2: unseen(), 3: unseen()})
	r.poll(poller.Totals{})
}

func TestFolderToMoveToThatLiesWhereNoneCanBeIsSaidToLieThere(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"Fertig.TLS", "Fertig/TLS", "INBOX/Fertig/TLS"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			s := dotted(t)
			deliver(t, s, "INBOX", report(1))
			r := newRig(t, s, after(poller.AfterMove, "", to))
			const says = `begin with "INBOX.": "INBOX.Fertig.TLS" can be created`
			if got := steps(t, r); !strings.Contains(got, says) {
				t.Errorf("verify says\n%swant %s", got, says)
			}
			r.poll(poller.Totals{Examined: 1, Recorded: 1})
			r.wantWarning(says)
			wantFlags(t, s, "INBOX", map[uint32][]string{1: unseen()})
			r.change(after(poller.AfterMove, "", "INBOX.Fertig.TLS"))
			r.poll(poller.Totals{})
			wantFlags(t, s, "INBOX", map[uint32][]string{})
			wantFlags(t, s, "INBOX.Fertig.TLS", map[uint32][]string{1: unseen()})
		})
	}
}
