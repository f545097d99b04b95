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

// TestEveryFaultHasWords: a digest says of each fault what it is, but for those that the
// error alone says, and of each that somebody here can mend what to do.
func TestEveryFaultHasWords(t *testing.T) {
	t.Parallel()
	sentences := map[string]report.Fault{}
	for _, f := range report.Faults() {
		text := faultTextOf(f)
		if f == report.FaultOther {
			if text != (faultText{}) {
				t.Errorf("%s: %+v, want nothing", f, text)
			}
			continue
		}
		if other, known := sentences[text.sentence]; known || text.sentence == "" {
			t.Errorf("%s has the sentence %q, as has %q", f, text.sentence, other)
		}
		sentences[text.sentence] = f
		switch f {
		case report.FaultAuth, report.FaultToken, report.FaultExpired, report.FaultNotAllowed:
			if text.subject == "" || text.advice == "" {
				t.Errorf("%s: %+v, want a subject and an advice of its own", f, text)
			}
		}
	}
}

// TestAFaultIsWordedByItsCode: an error in other words changes nothing but the quotation.
func TestAFaultIsWordedByItsCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault                  report.Fault
		short, advice, because string
	}{
		{report.FaultAuth, "mailbox m: password refused", "Check the user name and the password of mailbox m in the configuration.", ": the mail server refused the user name or the password (x)."},
		{report.FaultToken, "mailbox m: access token refused", "Check the scopes and the user name of mailbox m in the configuration, and that the app may use IMAP there.", ": the mail server refused the access token (x)."},
		{report.FaultExpired, "mailbox m: login expired", "Renew the password of mailbox m or, if it uses OAuth2, log in anew: tlsbrief login m.", ": the password, or the grant for access tokens, has expired or was withdrawn (x)."},
		{report.FaultNotAllowed, "mailbox m: user may not open it", "Give the user of mailbox m the right to read it on the mail server, or set another user.", ": the mail server knows the user and does not let them in (x)."},
		{report.FaultDNS, "mailbox m cannot be read", "", ": the name of the mail server could not be found in DNS (x)."},
		{report.FaultOther, "mailbox m cannot be read", "", ": x."},
	} {
		u := judge.Unread{Mailbox: "m", Folder: facts.Folder{Since: time.Now(), Error: "x", Fault: tt.fault}, Blinds: true}
		j := &judge.Judgement{Unread: []judge.Unread{u}}
		if got := blindShort(j); got != tt.short {
			t.Errorf("%s: blindShort() = %q, want %q", tt.fault, got, tt.short)
		}
		if first := firstBlind(j); tt.advice != "" && first[0] != tt.advice || tt.advice == "" && len(first) != 1 {
			t.Errorf("%s: firstBlind() = %q, want %q first", tt.fault, first, tt.advice)
		}
		if got := unreadSentence(u); !strings.HasSuffix(got, tt.because) {
			t.Errorf("%s: unreadSentence() = %q, want %q at its end", tt.fault, got, tt.because)
		}
	}
}
