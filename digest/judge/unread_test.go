package judge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
)

// TestUnread holds what a digest of 23 November 07:00 says of mailboxes, the last
// one having run a day before.
func TestUnread(t *testing.T) {
	t.Parallel()
	now, run := nov(23).Time().Add(7*time.Hour), nov(22).Time().Add(7*time.Hour)
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
			m.Now, m.LastRun, m.Mailboxes = now, run, facts.MailboxStates([]string{"m"}, tt.folders)
			var got []string
			for _, u := range unreadOf(m, 0) {
				got = append(got, u.Mailbox+" "+u.Name)
			}
			if diff := cmp.Diff(tt.unread, got); diff != "" {
				t.Errorf("unread (-want +got):\n%s", diff)
			}
			if v := Judge(m, Rules{}).Verdict; (v == VerdictBlind) != tt.blind {
				t.Errorf("verdict = %s, want blind: %t", v, tt.blind)
			}
		})
	}
}

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
		m := &facts.Facts{Now: now, Current: true, LastRun: now.Add(-24 * time.Hour)}
		since := now.Add(-tt.unread)
		m.Mailboxes = []facts.Mailbox{{Name: "m", Folders: []facts.Folder{{Name: "INBOX", Since: since, LastGood: since, Error: "refused"}}}}
		all := unreadOf(m, tt.warnAfter)
		if got := len(all) > 0; got != tt.named {
			t.Errorf("%s: named %t, want %t", name, got, tt.named)
		}
		if got := len(Blinding(all)) > 0; got != tt.blind {
			t.Errorf("%s: blind %t, want %t", name, got, tt.blind)
		}
	}
}

// A pattern that stood for folders while the server could not be asked is not told
// of once its folders are read.
func TestPatternIsForgottenOnceItsFoldersAreRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC)
	states := facts.MailboxStates([]string{"m"}, []report.Folder{
		{Mailbox: "m", Folder: "Reports/*", LastPoll: now.Add(-time.Hour), LastError: "refused"},
		{Mailbox: "m", Folder: "Reports/TLS", LastPoll: now, LastGoodPoll: now},
	})
	if len(states[0].Folders) != 1 || states[0].Folders[0].Name != "Reports/TLS" {
		t.Errorf("folders: %+v", states[0].Folders)
	}
}
