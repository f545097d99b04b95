package poller_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/imaptest"
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
