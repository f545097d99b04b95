package digest

import (
	"testing"
	"time"

	"tlsbrief/internal/report"
)

func TestWarnAfterSaysWhenADigestIsBlind(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		warnAfter, unread time.Duration
		named, blind      bool
	}{
		"a day, where nothing is said": {0, 25 * time.Hour, true, true},
		"not yet a day":                {0, 23 * time.Hour, true, false},
		"sooner where asked":           {2 * time.Hour, 3 * time.Hour, true, true},
		"later where asked":            {72 * time.Hour, 71 * time.Hour, true, false},
		"but then":                     {72 * time.Hour, 73 * time.Hour, true, true},
	} {
		m := &material{Now: now, Current: true, LastRun: now.Add(-24 * time.Hour)}
		since := now.Add(-tt.unread)
		m.Mailboxes = []mailboxState{{Name: "m", WarnAfter: tt.warnAfter, Folders: []folderState{{"INBOX", since, since, "refused"}}}}
		all := m.unread()
		if got := len(all) > 0; got != tt.named {
			t.Errorf("%s: named %t, want %t", name, got, tt.named)
		}
		if got := len(blind(all)) > 0; got != tt.blind {
			t.Errorf("%s: blind %t, want %t", name, got, tt.blind)
		}
	}
}

// A pattern that stood for folders while the server could not be asked is not told
// of once its folders are read.
func TestPatternIsForgottenOnceItsFoldersAreRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC)
	states := mailboxStates([]string{"m"}, []report.Folder{
		{Mailbox: "m", Folder: "Reports/*", LastPoll: now.Add(-time.Hour), LastError: "refused"},
		{Mailbox: "m", Folder: "Reports/TLS", LastPoll: now, LastGoodPoll: now},
	})
	if len(states[0].Folders) != 1 || states[0].Folders[0].Name != "Reports/TLS" {
		t.Errorf("folders: %+v", states[0].Folders)
	}
}
