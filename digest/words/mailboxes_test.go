package words

import (
	"strings"
	"testing"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// TestAFolderThatFailsIsNamed: also where another of the mailbox can be read, and
// whatever the verdict.
func TestAFolderThatFailsIsNamed(t *testing.T) {
	t.Parallel()
	inbox := facts.Folder{Name: "INBOX", Since: nov(9).Time(), LastGood: nov(8).Time(), Error: "NO permission denied"}
	const line = "Folder INBOX of mailbox reports could not be read since Monday 9 November 2026 00:00 UTC: NO permission denied."
	for name, rows := range map[string][]*report.PolicyRow{
		"nothing else is known": nil,
		"reports came":          {row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, 0)},
	} {
		m := materialOf(rows...)
		m.Mailboxes = []facts.Mailbox{mailboxOf("reports", inbox, facts.Folder{Name: "Junk", LastGood: m.Now})}
		r, err := Render(loadTemplates(t), judge.Judge(m, judge.Rules{}), exampleOptions())
		if err != nil {
			t.Fatal(err)
		}
		squeezed := strings.Join(strings.Fields(line), "")
		if !strings.Contains(strings.Join(strings.Fields(r.Text), ""), squeezed) || !strings.Contains(wordsOf(t, r.HTML), squeezed) {
			t.Errorf("%s: it does not say %q:\n%s", name, line, r.Text)
		}
		if blind := "[TLS] example.com: reports not read - folder INBOX of mailbox reports cannot be read"; (r.Subject == blind) != (rows == nil) {
			t.Errorf("%s: subject %q", name, r.Subject)
		}
	}
}

func TestWhatIsSaidOfAMailboxThatWasNotRead(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		f    facts.Folder
		want string
	}{
		{"since when and why", facts.Folder{Since: at, Error: "broken"}, "Mailbox reports could not be read since Saturday 21 November 2026 06:00 UTC: broken"},
		{"one folder", facts.Folder{Name: "INBOX", Since: at}, "Folder INBOX of mailbox reports could not be read since"},
		{"no poll for long", facts.Folder{LastGood: at}, "it was last read on Saturday 21 November 2026"},
		{"no poll at all is no fault", facts.Folder{}, "has not been polled yet (tlsbrief run does that, or tlsbrief poll)"},
		{"polls that never worked", facts.Folder{Error: "broken"}, "has never been read: no poll of it has worked yet: broken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := unreadSentence((judge.Unread{Mailbox: "reports", Folder: tt.f})); !strings.Contains(got, tt.want) {
				t.Errorf("sentence() = %q, want %q in it", got, tt.want)
			}
		})
	}
}
