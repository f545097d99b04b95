package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsbrief/digest"
	"tlsbrief/internal/mailer"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/smtpsink"
)

const (
	smtpUser     = "digests@example.com"
	smtpPassword = "smtp-secret"
)

// An outboxRow is a mail as "status --json" has it.
type outboxRow struct {
	MessageID   string `json:"message_id"`
	Attempts    int    `json:"attempts"`
	NextAttempt string `json:"next_attempt"` // empty: failed for good
	LastError   string `json:"last_error"`
}

func (p *process) outbox(t *testing.T) []outboxRow {
	t.Helper()
	var s struct{ Outbox []outboxRow }
	if err := json.Unmarshal([]byte(p.must(t, "status", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s.Outbox
}

// refused runs "digest", which must fail, with what went wrong in its error, in
// the log's place and in the status. It returns the one mail of the outbox.
func (p *process) refused(t *testing.T) (outboxRow, string) {
	t.Helper()
	o := p.try(t, "digest")
	if o.code != 1 || o.stderr == "" {
		t.Fatalf("exit status %d and the error %q, want 1 and what went wrong", o.code, o.stderr)
	}
	rows := p.outbox(t)
	if len(rows) != 1 || rows[0].LastError == "" {
		t.Fatalf("the status has the outbox %+v, want one mail with its error", rows)
	}
	lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
	return rows[0], lines[len(lines)-1]
}

// sameBytes wants every mail that the server has to be what the outbox keeps under
// the Message-ID, and each recipient to have had it; it returns how many mails there
// are.
func (p *process) sameBytes(t *testing.T, messageID string, to ...string) int {
	t.Helper()
	kept, err := p.open(t).MailByMessageID(t.Context(), messageID)
	if err != nil {
		t.Fatal(err)
	}
	mails := p.sink.Mails()
	for _, m := range mails {
		if string(m.Data) != string(kept.Data) {
			t.Errorf("what was sent differs from what is kept")
		}
		to = slices.DeleteFunc(to, func(a string) bool { return slices.Contains(m.To, a) })
	}
	if len(to) > 0 {
		t.Errorf("%v never got the mail", to)
	}
	if !strings.Contains(string(kept.Data), messageID) {
		t.Errorf("the mail's Message-ID is not %s", messageID)
	}
	return len(mails)
}

// recipients are those of newProcess.
func recipients() []string {
	return []string{"postmaster@example.com", "second@example.com", "third@example.com"}
}

// A hitch is a fault at a step of SMTP, and whether it is the mail's fault for good.
type hitch struct {
	fault smtpsink.Fault
	mode  smtpsink.Mode
	final bool
}

// hitches are all faults that a server can have at all steps.
func hitches() []hitch {
	var all []hitch
	for _, step := range []struct {
		at       smtpsink.Step
		mode     smtpsink.Mode
		ofMail   bool // a 5yz is about the mail
		wordless bool
	}{
		{at: smtpsink.Greeting, mode: smtpsink.None}, {at: smtpsink.EHLO, mode: smtpsink.STARTTLS},
		{at: smtpsink.StartTLS, mode: smtpsink.STARTTLS}, {at: smtpsink.Handshake, mode: smtpsink.STARTTLS, wordless: true},
		{at: smtpsink.Handshake, mode: smtpsink.Implicit, wordless: true}, {at: smtpsink.Auth, mode: smtpsink.STARTTLS},
		{at: smtpsink.Auth, mode: smtpsink.Implicit}, {at: smtpsink.MailFrom, mode: smtpsink.STARTTLS, ofMail: true},
		{at: smtpsink.Rcpt, mode: smtpsink.STARTTLS, ofMail: true}, {at: smtpsink.Data, mode: smtpsink.None, ofMail: true},
		{at: smtpsink.InBody, mode: smtpsink.None, ofMail: true}, {at: smtpsink.Body, mode: smtpsink.STARTTLS, ofMail: true},
		{at: smtpsink.Body, mode: smtpsink.Implicit, ofMail: true},
	} {
		faults := []smtpsink.Fault{{Do: smtpsink.Drop}}
		if !step.wordless {
			faults = append(faults, smtpsink.Fault{Code: 451, Text: "4.3.0 chaos says later"}, smtpsink.Fault{Code: 550, Text: "5.3.0 chaos says never"},
				smtpsink.Fault{Code: 421, Text: "4.3.2 chaos goes down", Do: smtpsink.DropAfter})
		}
		if step.at == smtpsink.Body {
			faults = append(faults, smtpsink.Fault{Do: smtpsink.Drop, Keep: true})
		}
		for _, f := range faults {
			f.Step = step.at
			all = append(all, hitch{fault: f, mode: step.mode, final: step.ofMail && f.Code/100 == 5})
		}
	}
	return all
}

func (h hitch) String() string {
	what := string(h.fault.Do)
	if h.fault.Code != 0 {
		what = strings.TrimSpace(fmt.Sprintf("%d %s", h.fault.Code, h.fault.Do))
	}
	if h.fault.Keep {
		what += ", the mail taken"
	}
	return fmt.Sprintf("%s at %s, %s", what, h.fault.Step, h.mode)
}

// Whatever the server does at whatever step, the same bytes go out under the same
// Message-ID until each recipient has them, or until it is known that this will
// never be.
func TestSMTP(t *testing.T) {
	t.Parallel()
	account := accounts(t, 1).next(t)
	for n, h := range hitches() {
		if few(n, 9) {
			continue
		}
		fault(t, "smtp", h.String(), func(t *testing.T) string {
			p := newProcess(t, emptyScene(t, account, "none"), smtpsink.Options{Mode: h.mode, User: smtpUser, Password: smtpPassword, Faults: []smtpsink.Fault{h.fault}}, "")
			first, said := p.refused(t)
			if h.final != (first.NextAttempt == "") {
				t.Errorf("the outbox has %+v; given up is %t, want %t", first, first.NextAttempt == "", h.final)
			}
			if h.fault.Code != 0 && (!strings.Contains(said, h.fault.Text) || !strings.Contains(first.LastError, h.fault.Text)) {
				t.Errorf("the server's words are not in the error %q and the status %q", said, first.LastError)
			}
			again := []string{"digest"}
			if h.final {
				again = []string{"digest", "--resend", first.MessageID}
			} else {
				p.backsOff(t, first)
			}
			if err := p.sink.SetFaults(); err != nil {
				t.Fatal(err)
			}
			p.must(t, again...)
			p.sameBytes(t, first.MessageID, recipients()...)
			if left := p.outbox(t); len(left) > 0 {
				t.Errorf("left in the outbox: %+v", left)
			}
			return said
		})
	}
	one := func(name string, o smtpsink.Options, f func(t *testing.T, p *process) string) {
		fault(t, "smtp", name, func(t *testing.T) string {
			return f(t, newProcess(t, emptyScene(t, account, "none"), o, ""))
		})
	}
	refuse := func(address string, code int, text string) smtpsink.Options {
		return smtpsink.Options{Faults: []smtpsink.Fault{{Step: smtpsink.Rcpt, Address: address, Code: code, Text: text}}}
	}
	one("one recipient of three refused for good", refuse("second@example.com", 550, "5.1.1 chaos knows nobody of that name"), oneRefused)
	one("one recipient of three refused for now", refuse("second@example.com", 451, "4.7.1 chaos greylists"), oneGreylisted)
	one("one recipient refused for good, as a worker's log has it", refuse("second@example.com", 550, "5.1.1 chaos knows nobody of that name"), inTheLog)
	one("message too large", smtpsink.Options{MaxBytes: 2000}, tooLarge)
	one("log-in refused", smtpsink.Options{User: smtpUser, Password: smtpPassword}, loginRefused)
	one("STARTTLS missing where it is required", smtpsink.Options{User: smtpUser, Password: smtpPassword}, noStartTLS)
}

// backsOff wants each failure to make the next try wait longer, and the same mail
// to wait.
func (p *process) backsOff(t *testing.T, first outboxRow) {
	t.Helper()
	second, _ := p.refused(t)
	if second.MessageID != first.MessageID || second.Attempts != first.Attempts+1 {
		t.Errorf("after a second try the outbox has %+v, before it was %+v", second, first)
	}
	next := func(row outboxRow) time.Time {
		at, err := time.Parse(time.RFC3339, row.NextAttempt)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if !next(first).After(time.Now()) || !next(second).After(next(first)) {
		t.Errorf("the next tries are at %s and then at %s", first.NextAttempt, second.NextAttempt)
	}
}

func oneRefused(t *testing.T, p *process) string {
	row, said := p.refused(t)
	if row.NextAttempt != "" || !strings.Contains(said, "second@example.com") {
		t.Errorf("the outbox has %+v, the error is %q; want it given up, and who was refused", row, said)
	}
	p.sameBytes(t, row.MessageID, "postmaster@example.com", "third@example.com")
	p.must(t, "digest")
	if n := len(p.sink.Mails()); n != 1 {
		t.Errorf("%d mails, want that nobody gets it twice", n)
	}
	if err := p.sink.SetFaults(); err != nil {
		t.Fatal(err)
	}
	p.must(t, "digest", "--resend", row.MessageID)
	p.sameBytes(t, row.MessageID, recipients()...)
	return said
}

// inTheLog has a worker send, which is nobody's to watch.
func inTheLog(t *testing.T, p *process) string {
	ctx, cancel := context.WithTimeout(t.Context(), 4*testTimeout)
	defer cancel()
	worker := p.command(ctx, t, "run")
	said := &logBuffer{}
	worker.Stderr = said
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	imaptest.Eventually(t, "the worker has told of the failure", func() bool { return strings.Contains(said.String(), "sending digests") })
	if err := worker.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := worker.Wait(); err != nil {
		t.Errorf("the worker: %v", err)
	}
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, "level=ERROR") && strings.Contains(line, "second@example.com") && strings.Contains(line, "refused for good") {
			return line
		}
	}
	t.Errorf("the log does not say that second@example.com was refused for good:\n%s", said)
	return said.String()
}

func oneGreylisted(t *testing.T, p *process) string {
	row, said := p.refused(t)
	if row.NextAttempt == "" {
		t.Errorf("the outbox has %+v, want that it is tried again", row)
	}
	if err := p.sink.SetFaults(); err != nil {
		t.Fatal(err)
	}
	p.must(t, "digest")
	p.sameBytes(t, row.MessageID, recipients()...)
	mails := p.sink.Mails()
	if len(mails) != 2 || !slices.Equal(mails[1].To, []string{"second@example.com"}) {
		t.Errorf("%d mails, the last to %v; want only the one that was left out to get the second", len(mails), mails[len(mails)-1].To)
	}
	return said
}

func tooLarge(t *testing.T, p *process) string {
	row, said := p.refused(t)
	if row.NextAttempt != "" {
		t.Errorf("the outbox has %+v, want it given up: it does not get smaller", row)
	}
	return said
}

func loginRefused(t *testing.T, p *process) string {
	p.write(t, "smtp-password", "another one")
	row, said := p.refused(t)
	if row.NextAttempt == "" || strings.Contains(said, "another one") {
		t.Errorf("the outbox has %+v, the error is %q; want that it waits for the password to be mended, and no password", row, said)
	}
	p.write(t, "smtp-password", smtpPassword)
	p.must(t, "digest")
	p.sameBytes(t, row.MessageID, recipients()...)
	return said
}

// noStartTLS requires STARTTLS of a server that does not offer it: nothing is ever
// sent in plain text.
func noStartTLS(t *testing.T, p *process) string {
	config, err := os.ReadFile(filepath.Join(p.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	before, smtp, _ := strings.Cut(string(config), "[smtp]")
	p.write(t, "config.toml", before+"[smtp]"+strings.Replace(smtp, `tls = "none"`, `tls = "starttls"`, 1))
	row, said := p.refused(t)
	if row.NextAttempt == "" || !strings.Contains(said, "STARTTLS") {
		t.Errorf("the outbox has %+v, the error is %q", row, said)
	}
	for _, line := range p.out.Commands() {
		if word := strings.ToUpper(strings.Fields(line + " ")[0]); word == "AUTH" || word == "MAIL" {
			t.Errorf("in plain text it said %q", line)
		}
	}
	return said
}

// A server that stalls is given up after the timeout, wherever it stalls, and gets
// the same bytes when it is back.
func TestSMTPStalls(t *testing.T) {
	t.Parallel()
	for n, at := range []smtpsink.Step{smtpsink.Body, smtpsink.Greeting, smtpsink.EHLO, smtpsink.Auth, smtpsink.MailFrom, smtpsink.Rcpt, smtpsink.Data, smtpsink.InBody} {
		if few(n, 4) {
			continue
		}
		fault(t, "smtp", "stall at "+string(at), func(t *testing.T) string {
			sink := smtpsink.New(t, smtpsink.Options{User: smtpUser, Password: smtpPassword, Faults: []smtpsink.Fault{{Step: at, Do: smtpsink.Stall, Times: 1}}})
			sc := &scene{dir: t.TempDir()}
			d := sc.open(t)
			within := func(timeout time.Duration) *digest.Digester {
				return newDigestsBy(t, d, time.Now, mailer.New(mailer.Options{
					Host: "127.0.0.1", Port: sink.Port(), TLS: netclient.TLSNone, Timeout: timeout, DataTimeout: timeout,
					Auth: func(context.Context) (netclient.Credentials, error) {
						return netclient.Credentials{Username: smtpUser, Password: smtpPassword}, nil
					},
				}).Send)
			}
			err := within(shortTimeout).RunDue(t.Context())
			if err == nil || !strings.Contains(err.Error(), "no answer") {
				t.Errorf("RunDue: %v; want that there was no answer", err)
			}
			waiting, dbErr := d.Outbox(t.Context(), time.Time{})
			if dbErr != nil || len(waiting) != 1 {
				t.Fatalf("%d mails wait, %v; want 1", len(waiting), dbErr)
			}
			if err := within(testTimeout).Run(t.Context(), ""); err != nil {
				t.Error(err)
			}
			mails := sink.Mails()
			if len(mails) != 1 || string(mails[0].Data) != string(waiting[0].Data) {
				t.Errorf("%d mails arrived, want the one that waited", len(mails))
			}
			return fmt.Sprint(err)
		})
	}
}
