package digest

import (
	"strings"
	"testing"
	"time"
)

func TestWhatIsSaidOfAMailboxThatWasNotRead(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		f    Folder
		want string
	}{
		{"since when and why", Folder{Since: at, Error: "broken"}, "Mailbox reports could not be read since Saturday 21 November 2026 06:00 UTC: broken"},
		{"one folder", Folder{Name: "INBOX", Since: at}, "Folder INBOX of mailbox reports could not be read since"},
		{"no poll for long", Folder{LastGood: at}, "it was last read on Saturday 21 November 2026"},
		{"no poll at all is no fault", Folder{}, "has not been polled yet (tlsbrief run does that, or tlsbrief poll)"},
		{"polls that never worked", Folder{Error: "broken"}, "has never been read: no poll of it has worked yet: broken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := unreadSentence((Unread{Mailbox: "reports", Folder: tt.f})); !strings.Contains(got, tt.want) {
				t.Errorf("sentence() = %q, want %q in it", got, tt.want)
			}
		})
	}
}
