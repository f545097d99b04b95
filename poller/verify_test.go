package poller_test

import (
	"strings"
	"testing"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// steps joins what Verify says, a line each.
func steps(t *testing.T, r *rig) string {
	t.Helper()
	var b strings.Builder
	for _, s := range r.p.Verify(t.Context(), "box") {
		b.WriteString(s.Name + ": " + s.Detail)
		if s.Err != nil {
			b.WriteString(" FAIL " + s.Err.Error())
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestVerifySaysWhatAPollWillDo(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", newReport(1))
	r := newRig(t, s, folders("INBOX", "Nowhere", `\Junk`), after(poller.AfterMove, "", "Done"))
	got := steps(t, r)
	for _, want := range []string{
		`folder "INBOX": 1 message, can be marked, TLS reports among the last 1: 1`,
		`folder "Nowhere":  FAIL `,
		`folder "\\Junk": the server names none for this use`,
		`move_to "Done": not there yet`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("Verify says\n%swant %q in it", got, want)
		}
	}
	if flags := s.Flags(t, "INBOX"); len(flags[1]) != 0 {
		t.Errorf("Verify changed flags: %v", flags)
	}
}

func TestVerifySaysThatAFolderCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := imaptest.Dovecot(t)
	s.CreateFolder(t, "Shared")
	s.SetRights(t, "Shared", "lr")
	r := newRig(t, s, folders("Shared"))
	if got := steps(t, r); !strings.Contains(got, "cannot be marked") {
		t.Errorf("Verify says\n%swant that the folder cannot be marked in", got)
	}
}
