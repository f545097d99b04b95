package digest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// mailboxOf is a mailbox with these folders.
func mailboxOf(name string, folders ...folderState) mailboxState {
	return mailboxState{Name: name, Folders: folders}
}

// TestUnread holds what a digest of 23 November 07:00 says of mailboxes, the last
// one having run a day before.
func TestUnread(t *testing.T) {
	t.Parallel()
	now, run := nov(23).time().Add(7*time.Hour), nov(22).time().Add(7*time.Hour)
	hours := func(n int) time.Time { return now.Add(-time.Duration(n) * time.Hour) }
	good := func(name string) report.Folder {
		return report.Folder{Mailbox: "m", Folder: name, LastPoll: now, LastGoodPoll: now}
	}
	failing := func(name string, since, ago int) report.Folder {
		return report.Folder{Mailbox: "m", Folder: name, LastPoll: hours(ago), LastGoodPoll: hours(since + 1), FailingSince: hours(since), LastError: "NO denied"}
	}
	never := failing("lists", 2, 0)
	never.LastGoodPoll = time.Time{}
	other := failing("INBOX", 48, 0)
	other.Mailbox = "n"
	tests := []struct {
		name    string
		folders []report.Folder
		unread  []string // mailbox and folder
		blind   bool
	}{
		{"never polled", nil, []string{"m "}, true},
		{"all read", []report.Folder{good("INBOX"), good("Junk")}, nil, false},
		{"INBOX fails for two weeks, Junk works", []report.Folder{failing("INBOX", 14*24, 0), good("Junk")}, []string{"m INBOX"}, true},
		{"Junk fails, INBOX works", []report.Folder{good("INBOX"), failing("Junk", 48, 0)}, []string{"m Junk"}, false},
		{"junk under another name", []report.Folder{good("INBOX"), failing("[Gmail]/Spam", 48, 0)}, []string{"m [Gmail]/Spam"}, false},
		{"a folder with a name of its own", []report.Folder{good("INBOX"), failing("INBOX.tls", 48, 0)}, []string{"m INBOX.tls"}, true},
		{"INBOX failed an hour ago", []report.Folder{failing("INBOX", 1, 0), good("Junk")}, []string{"m INBOX"}, false},
		{"both fail, each for its own reason", []report.Folder{failing("INBOX", 30, 0), func() report.Folder { f := failing("Junk", 40, 0); f.LastError = "NO such"; return f }()}, []string{"m INBOX", "m Junk"}, true},
		{"both fail for one reason", []report.Folder{failing("INBOX", 30, 0), failing("Junk", 40, 0)}, []string{"m "}, true},
		{"both failed an hour ago", []report.Folder{failing("INBOX", 1, 0), failing("Junk", 1, 0)}, []string{"m "}, false},
		{"a new folder that never worked", []report.Folder{good("INBOX"), never}, []string{"m lists"}, false},
		{"dropped from the configuration", []report.Folder{good("INBOX"), failing("old", 200, 25)}, nil, false},
		{"not polled for less than a day", []report.Folder{good("INBOX"), failing("old", 200, 23)}, []string{"m old"}, true},
		{"a special use, before the server named the folder", []report.Folder{good("INBOX"), failing(`\Junk`, 30, 2)}, nil, false},
		{"known of a backfill alone", []report.Folder{good("INBOX"), {Mailbox: "m", Folder: "2020"}}, nil, false},
		{"polls have stopped", []report.Folder{{Mailbox: "m", Folder: "INBOX", LastPoll: hours(30), LastGoodPoll: hours(30)}}, []string{"m "}, true},
		{"another mailbox's", []report.Folder{good("INBOX"), other}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := materialOf()
			m.Now, m.LastRun, m.Mailboxes = now, run, mailboxStates([]string{"m"}, tt.folders)
			var got []string
			for _, u := range m.unread() {
				got = append(got, u.Mailbox+" "+u.Name)
			}
			if diff := cmp.Diff(tt.unread, got); diff != "" {
				t.Errorf("unread (-want +got):\n%s", diff)
			}
			if v := judge(m).Verdict; (v == VerdictBlind) != tt.blind {
				t.Errorf("verdict = %s, want blind: %t", v, tt.blind)
			}
		})
	}
}

// TestAFolderThatFailsIsNamed: also where another of the mailbox can be read, and
// whatever the verdict.
func TestAFolderThatFailsIsNamed(t *testing.T) {
	t.Parallel()
	inbox := folderState{"INBOX", nov(9).time(), nov(8).time(), "NO permission denied"}
	const line = "Folder INBOX of mailbox reports could not be read since Monday 9 November 2026 00:00 UTC: NO permission denied."
	for name, rows := range map[string][]*report.PolicyRow{
		"nothing else is known": nil,
		"reports came":          {row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, 0)},
	} {
		m := materialOf(rows...)
		m.Mailboxes = []mailboxState{mailboxOf("reports", inbox, folderState{Name: "Junk", LastGood: m.Now})}
		r, err := renderWith(loadTemplates(t), judge(m))
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

func TestRecipientsAreDistinct(t *testing.T) {
	t.Parallel()
	given := []string{"a@example.com", "b@example.com", "a@EXAMPLE.com", "A@example.com", "b@example.com"}
	got := distinct(given)
	if want := []string{"a@example.com", "b@example.com", "A@example.com"}; !slices.Equal(got, want) {
		t.Errorf("distinct = %q, want %q", got, want)
	}
}
