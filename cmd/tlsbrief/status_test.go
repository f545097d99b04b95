package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
)

// A folder that only a pattern names is polled, and so status shows it.
func TestStatusShowsFoldersThatAPatternNames(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	s.CreateFolder(t, "Berichte/TLS")
	r := newRig(t, s, unchecked)
	path := filepath.Join(r.dir, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "config.toml", strings.Replace(string(text), `folders = ["INBOX"]`, `folders = ["inbox", "Berichte/*"]`, 1))
	r.must(t, "poll")
	out := r.must(t, "status")
	for _, folder := range []string{"INBOX", "Berichte/TLS"} {
		if !strings.Contains(strings.ToLower(out), strings.ToLower("reports / "+folder+":")) {
			t.Errorf("status does not show %s:\n%s", folder, out)
		}
	}
}

// many writes a configuration of 200 mailboxes on one server, of which those in
// broken lead nowhere.
func (r *rig) many(t *testing.T, s *imaptest.Server, broken ...int) {
	t.Helper()
	var text strings.Builder
	text.WriteString(unchecked)
	for i := range 200 {
		port := s.Port
		if slices.Contains(broken, i) {
			port = 1 // nothing listens there
		}
		fmt.Fprintf(&text, "[[mailbox]]\nname = \"box%03d\"\nhost = %q\nport = %d\ntls = \"none\"\nusername = %q\npassword_file = \"password\"\n", i, s.Host, port, s.Username)
	}
	r.write(t, "config.toml", text.String())
}

// M-G14: of 200 mailboxes those that fail come first, and the others are summed up,
// in poll, status and verify alike. None has a spam folder, which nobody is told.
func TestOfManyMailboxesTheFailingComeFirst(t *testing.T) {
	t.Parallel()
	long(t)
	s := imaptest.Memory(t)
	r := newRig(t, s, unchecked)
	r.many(t, s, 50, 100, 150)
	first := func(command, out string, lines int, want ...string) {
		t.Helper()
		if n := strings.Count(out, "\n"); n > lines {
			t.Errorf("%s has %d lines, want at most %d:\n%s", command, n, lines, out)
		}
		at := 0
		for _, w := range want {
			i := strings.Index(out[at:], w)
			if i < 0 {
				t.Fatalf("%s lacks %q, or not in its place:\n%s", command, w, out)
			}
			at += i
		}
	}
	o := r.try(t, "poll")
	if o.code != 1 {
		t.Errorf("poll: exit status %d, want 1", o.code)
	}
	first("poll", o.stdout, 8, "box050", "box100", "box150", "197 folders: nothing new")
	if strings.Contains(o.stderr, "Junk: ") || strings.Contains(o.stderr, "passed over") {
		t.Errorf("poll speaks of \\Junk:\n%s", o.stderr)
	}
	first("status", r.must(t, "status"), 40, "folders could not be read at the last poll", "box050", "FAILED", "box100", "FAILED", "box150", "FAILED", "box000", "folders more that can be read")
	o = r.try(t, "verify")
	if o.code != 1 {
		t.Errorf("verify: exit status %d, want 1", o.code)
	}
	first("verify", o.stdout, 20, "FAIL  mailboxes: 3 of 200 do not work", `FAIL  mailbox "box050"`, `FAIL  mailbox "box100"`, `FAIL  mailbox "box150"`)
	if strings.Contains(o.stdout, "box000") {
		t.Errorf("verify names one that works:\n%s", o.stdout)
	}
	r.many(t, s)
	first("verify", r.must(t, "verify"), 10, "ok    mailboxes: all 200 work")
}

// M-H2: status shows the newest of many rejected messages, and how many there are.
func TestStatusSumsUpRejectedMessages(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	const all = 31
	for i := range all {
		s.Append(t, "INBOX", nil, time.Now(), fmt.Appendf(nil, "From: noreply@google.com\r\nSubject: %d\r\nTLS-Report-Domain: example.com\r\nContent-Type: application/tlsrpt+json\r\n\r\n{}\r\n", i))
	}
	r := newRig(t, s, unchecked)
	if got := r.poll(t, "poll"); got.Rejected != all {
		t.Fatalf("%+v, want all rejected", got)
	}
	out := r.must(t, "status")
	if !strings.Contains(out, "the newest 20 of 31") || strings.Count(out, ", UID ") != maxRejectedShown ||
		!strings.Contains(out, "UID 31\n") || strings.Contains(out, "UID 11\n") {
		t.Errorf("status is to show the newest 20 of 31:\n%s", out)
	}
	var status statusReport
	if err := json.Unmarshal([]byte(r.must(t, "status", "--json")), &status); err != nil {
		t.Fatal(err)
	}
	if len(status.Rejected) != all || status.RejectedTotal != all || status.Rejected[0].UID != all {
		t.Errorf("status --json has %d of %d rejected messages, want 31, the newest first", len(status.Rejected), status.RejectedTotal)
	}
}

// M-E2: status of another process tells since when a poll has been running that takes
// longer than its interval, and a digest that mail is waiting; not once it has ended.
func TestAPollThatOverrunsIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	r.must(t, "poll")
	const told, waiting = "A poll has been running since", "MAIL IS WAITING"
	tells := func(when string, want bool) {
		t.Helper()
		if out := r.must(t, "status"); strings.Contains(out, told) != want {
			t.Errorf("%s: status tells of it: %t, want %t\n%s", when, !want, want, out)
		}
		if out := r.must(t, "digest", "--preview"); strings.Contains(out, waiting) != want || strings.Contains(out, "NO REPORTS") == want {
			t.Errorf("%s: the digest tells of it: %t, want %t\n%s", when, !want, want, out)
		}
	}
	tells("no poll", false)
	path := filepath.Join(r.dir, "tlsrpt.db")
	end := (&app{log: slog.New(slog.DiscardHandler)}).beginPoll(path)
	tells("a poll that has just begun", false)
	began := time.Now().Add(-time.Hour)
	if err := os.Chtimes(lockPath(path, pollLock), began, began); err != nil {
		t.Fatal(err)
	}
	tells("a poll of an hour", true)
	end()
	tells("the poll has ended", false)
}

func TestPollInterval(t *testing.T) {
	t.Parallel()
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 30, hour, minute, 0, 0, time.UTC) }
	for _, tt := range []struct {
		spec  string
		began time.Time
		want  time.Duration
	}{
		{"*/15 * * * *", at(12, 0), 15 * time.Minute},
		{"*/15 * * * *", at(12, 14), 15 * time.Minute}, // by hand
		{"0 8-18 * * *", at(18, 0), 14 * time.Hour},
		{"0 8-18 * * *", at(7, 59), time.Hour},
	} {
		c := &config.Config{Schedule: config.Schedule{Poll: tt.spec, Timezone: time.UTC}}
		if got := pollInterval(c, tt.began); got != tt.want {
			t.Errorf("%s, begun at %s: %s, want %s", tt.spec, tt.began.Format(time.TimeOnly), got, tt.want)
		}
	}
}

// M-E2: the worker sends the digests that are due beside a poll that overruns, and
// lets them wait for one that does not.
func TestDigestsDoNotWaitForAPollThatOverruns(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	w := r.daemon(t, io.Discard)
	defer w.db.Close()
	var err error
	if w.digester, err = w.a.newDigester(w.c, w.db, nil); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock() // a poll is under way
	defer w.mu.Unlock()
	began := time.Now()
	w.pollStart.Store(&began)
	w.sendDigests(t.Context())
	if n := len(r.smtp.Mails()); n != 0 {
		t.Errorf("%d digests beside a poll that has just begun, want none", n)
	}
	began = began.Add(-time.Hour)
	w.pollStart.Store(&began)
	w.firstPoll.Store(true) // also at the first poll
	w.sendDigests(t.Context())
	if n := len(r.smtp.Mails()); n != 1 {
		t.Errorf("%d digests beside a poll of an hour, want 1", n)
	}
}

// M-I3: a lock that is a symbolic link is refused, with its path, and nothing is made
// where it leads.
func TestALockThatIsALinkIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	path := filepath.Join(r.dir, "tlsrpt.db")
	for name, command := range map[string]string{mailboxLock("reports"): "poll", "outbox": "digest", "run": "run"} {
		link, target := lockPath(path, name), filepath.Join(r.dir, "target")
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		o := r.try(t, command)
		if o.code != 1 || !strings.Contains(o.stderr, link+": it is a symbolic link") {
			t.Errorf("%s: exit status %d, %q; want 1 and the link named", command, o.code, o.stderr)
		}
		if _, err := os.Stat(target); err == nil {
			t.Errorf("%s made what the link leads to", command)
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
}

// M-I1: the log says which configuration was read, and one that others may change is
// refused with exit status 2.
func TestTheConfigurationThatIsReadIsLogged(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	path := filepath.Join(r.dir, "config.toml")
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--config", path, "status"}, &stdout, &stderr); code != 0 || !strings.Contains(stderr.String(), `level=INFO msg="configuration read" path=`+path) {
		t.Errorf("exit status %d, log %q", code, stderr.String())
	}
	if err := os.Chmod(path, 0o606); err != nil {
		t.Fatal(err)
	}
	if o := r.try(t, "status"); o.code != 2 || !strings.Contains(o.stderr, "; chmod go-w "+path) {
		t.Errorf("exit status %d, %q; want 2 and what mends it", o.code, o.stderr)
	}
}

// A report that the server does not give is named, and how often it is asked for; of what
// nothing says that it is a report there is a count alone (M-C2).
func TestStatusNamesWhatDoesNotCome(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	r := newRig(t, s, unchecked)
	r.must(t, "poll")
	d, err := db.Open(t.Context(), filepath.Join(r.dir, "tlsrpt.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(uid uint32) report.Place {
		return report.Place{Mailbox: "reports", Folder: "INBOX", UIDValidity: 1, UID: uid}
	}
	_, err = d.Record(t.Context(), report.Batch{Mailbox: "reports", Folder: "INBOX", Via: report.ViaPoll, Messages: []report.Message{
		{Place: at(7), Pending: "no body came", Claimed: true, From: "tls@sender.example", Subject: "Report Domain: example.com"},
		{Place: at(8), Pending: "it ended twice", Claimed: true, From: "tls@other.example", Subject: "Report", Quarantine: true},
		{Place: at(9), Pending: "no header came"},
	}})
	if err = errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	text := r.must(t, "status")
	for _, want := range []string{"UID 7, at the next poll", "from tls@sender.example: Report Domain", "UID 8, QUARANTINED: alone, 20", "1 message does not come, and may be no report"} {
		if !strings.Contains(text, want) {
			t.Errorf("status lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "UID 9") {
		t.Errorf("status names what may be private mail:\n%s", text)
	}
	var got statusReport
	if err := json.Unmarshal([]byte(r.must(t, "status", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if got.PendingTotal != 2 || len(got.Pending) != 2 || !got.Pending[1].Quarantined || got.Mailboxes[0].Unread != 1 {
		t.Errorf("status --json: %+v", got)
	}
}
