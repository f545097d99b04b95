package poller_test

import (
	"testing"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// However Dovecot keeps its mail, and whatever of MOVE and UIDPLUS it lacks, each
// report is recorded once, and moved where the server can do that.
func TestEveryKindOfDovecotIsReadAndMovedFrom(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config string
		moved  int // of two
	}{
		"sdbox":                   {"mail_location = sdbox:~/sdbox", 2},
		"mdbox":                   {"mail_location = mdbox:~/mdbox", 2},
		"without MOVE":            {"imap_capability = IMAP4rev1 LITERAL+ SASL-IR UIDPLUS", 2},
		"without MOVE or UIDPLUS": {"imap_capability = IMAP4rev1 LITERAL+ SASL-IR", 0},
		"with nothing to spare":   {"imap_capability = IMAP4rev1 MOVE", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Dovecot(t, imaptest.WithDovecotConfig(tt.config))
			deliver(t, s, "INBOX", newReport(1), newReport(2))
			r := newRig(t, s, after(poller.AfterMove, "", "Done/报告"))
			result, err := r.p.Poll(t.Context(), "")
			if (err == nil) != (tt.moved > 0) {
				t.Errorf("Poll: %v; want an error only where nothing can be moved", err)
			}
			if result.Totals.Recorded != 2 {
				t.Errorf("%+v, want 2 recorded", result.Totals)
			}
			if left := len(s.Flags(t, "INBOX")); left != 2-tt.moved {
				t.Errorf("%d messages left, want %d", left, 2-tt.moved)
			}
		})
	}
}
