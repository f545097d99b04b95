package poller_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
)

// brokenReport is a mail that says it is a report and holds none that can be read.
func brokenReport() []byte {
	return []byte("From: noreply@google.com\r\nSubject: Report Domain: example.com\r\nTLS-Report-Domain: example.com\r\n" +
		"Content-Type: application/tlsrpt+json\r\n\r\n{}\r\n")
}

// M-H2: however many messages of a folder are rejected, the log names the first ten
// and counts the others, in each folder and at each poll anew.
func TestAFloodOfRejectedMessagesIsSummedUpInTheLog(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	s.CreateFolder(t, "Few")
	for range 25 {
		deliver(t, s, "INBOX", brokenReport())
	}
	for range 10 {
		deliver(t, s, "Few", brokenReport())
	}
	r := newRig(t, s, folders("INBOX", "Few"))
	r.poll(ingest.Totals{Examined: 35, Rejected: 35})
	wantLines(t, r.log.String(), 20, `mailbox=box folder=INBOX count=15`)
	for range 12 {
		deliver(t, s, "INBOX", brokenReport())
	}
	r.poll(ingest.Totals{Examined: 12, Rejected: 12})
	wantLines(t, r.log.String(), 30, `mailbox=box folder=INBOX count=15`, `mailbox=box folder=INBOX count=2`)
}

// M-H2: files are mail as well.
func TestAFloodOfRejectedFilesIsSummedUpInTheLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "all.mbox")
	mbox := bytes.Repeat(append([]byte("From x Mon Nov 23 00:00:00 2026\n"), append(bytes.ReplaceAll(brokenReport(), []byte("\r"), nil), '\n')...), 13)
	if err := os.WriteFile(path, mbox, 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, imaptest.Memory(t))
	if _, err := r.backfillFiles([]string{path}); err != nil {
		t.Fatal(err)
	}
	wantLines(t, r.log.String(), 10, `mailbox=files folder=`+path+` count=3`)
}

// wantLines wants so many messages named in a log, and these lines that sum up.
func wantLines(t *testing.T, log string, named int, sums ...string) {
	t.Helper()
	if n := strings.Count(log, "msg=rejected "); n != named {
		t.Errorf("%d messages are named, want %d", n, named)
	}
	if n := strings.Count(log, "tlsbrief status shows the newest"); n != len(sums) {
		t.Errorf("%d lines sum up, want %d:\n%s", n, len(sums), log)
	}
	for _, sum := range sums {
		if !strings.Contains(log, sum) {
			t.Errorf("the log lacks %q:\n%s", sum, log)
		}
	}
}

// M-G14: a spam folder that the server does not have is nothing to log, since it is
// configured by default; another special use is.
func TestAMissingJunkFolderIsNotLogged(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), folders("INBOX", `\Junk`, `\Archive`))
	r.poll(ingest.Totals{})
	if log := r.log.String(); strings.Contains(log, "Junk") || !strings.Contains(log, "Archive") {
		t.Errorf("the log names \\Junk, or does not name \\Archive:\n%s", log)
	}
}
