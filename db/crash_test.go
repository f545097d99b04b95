package db_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/report"
)

// childDatabase names, in the environment, the database that this binary is to
// record into until it is killed, in place of running tests.
const childDatabase = "TLSBRIEF_TEST_RECORD_INTO"

func TestMain(m *testing.M) {
	if path := os.Getenv(childDatabase); path != "" {
		if err := recordForEver(path, os.Stdout); err != nil {
			fmt.Println("child:", err)
		}
		return
	}
	m.Run()
}

const crashBatch = 20

// recordForEver records batches of messages from where the file's cursor is, and
// writes each cursor once Record has returned.
func recordForEver(path string, w io.Writer) error {
	ctx := context.Background()
	d, err := db.Open(ctx, path, db.Options{})
	if err != nil {
		return err
	}
	for {
		folder, err := d.Folder(ctx, "reports", "INBOX")
		if err != nil {
			return err
		}
		last := uint32(0)
		if folder.Poll != nil {
			last = folder.Poll.LastUID
		}
		b := report.Batch{Mailbox: "reports", Folder: "INBOX", Via: report.ViaPoll, Cursor: &report.Cursor{UIDValidity: 7, LastUID: last + crashBatch}}
		for i := range uint32(crashBatch) {
			uid := last + i + 1
			b.Messages = append(b.Messages, report.Message{
				Place:   report.Place{Mailbox: "reports", Folder: "INBOX", UIDValidity: 7, UID: uid},
				Reports: []report.Report{usual(int(uid))}, MarkOwed: true,
			})
		}
		if _, err := d.Record(ctx, b); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w, b.Cursor.LastUID); err != nil {
			return err
		}
	}
}

// TestKilledWhileRecording kills a process that records, again and again, and
// looks at what it left: whole batches, and all that it was told were recorded.
func TestKilledWhileRecording(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: processes that are killed")
	}
	t.Parallel()
	f := open(t)
	check(t, f.Close())
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for round := range 6 {
		told := killWhileRecording(t, f.path, 1+rng.IntN(5), time.Duration(rng.IntN(20))*time.Millisecond)
		f.reopen(0)
		check(t, f.IntegrityCheck(f.ctx))
		folder := must(f.Folder(f.ctx, "reports", "INBOX"))(t)
		last := folder.Poll.LastUID
		if last < told || last%crashBatch != 0 {
			t.Fatalf("round %d: the cursor is %d, and the process was told %d", round, last, told)
		}
		if folder.Recorded != int64(last) {
			t.Errorf("round %d: %d messages under a cursor of %d", round, folder.Recorded, last)
		}
		if got := len(f.rows(report.Filter{})); got != 2*int(last) {
			t.Errorf("round %d: %d policies of %d reports of two", round, got, last)
		}
		if got := len(must(f.MarksOwed(f.ctx, "reports", "INBOX", 7))(t)); got != int(last) {
			t.Errorf("round %d: %d marks owed to %d messages", round, got, last)
		}
		if got := f.lastSeq(); got != int64(last) {
			t.Errorf("round %d: LastNews = %d after %d reports", round, got, last)
		}
		check(t, f.Close())
	}
}

// killWhileRecording starts a process that records, kills it some time after it
// has told of some batches, and returns the last cursor it told of.
func killWhileRecording(t *testing.T, path string, batches int, then time.Duration) (told uint32) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDatabase+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	check(t, err)
	check(t, child.Start())
	lines := bufio.NewScanner(out)
	for range batches {
		if !lines.Scan() {
			t.Fatalf("the process ended by itself: %v", lines.Err())
		}
		told = cursorOf(t, lines.Text())
	}
	timer := time.AfterFunc(then, func() { child.Process.Kill() }) // in the middle of something
	defer timer.Stop()
	for lines.Scan() {
		told = cursorOf(t, lines.Text())
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the process was not killed")
	}
	return told
}

func cursorOf(t *testing.T, line string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(line, 10, 32)
	if err != nil {
		t.Fatalf("the process says %q", line)
	}
	return uint32(n)
}

// A disk that takes no more is said to be that, and at once: waiting helps only
// where another process is in the way.
func TestOpenWhereTheSchemaDoesNotFitFailsAtOnce(t *testing.T) {
	t.Parallel()
	const kib = 32
	// It would wait for ten seconds. A busy machine may take as long for no reason, but
	// not each time.
	for range 5 {
		child := exec.Command("/bin/sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0"`, 2*kib), os.Args[0])
		child.Env = append(os.Environ(), childDatabase+"="+filepath.Join(t.TempDir(), "test.db"))
		start := time.Now()
		out, err := child.CombinedOutput()
		took := time.Since(start)
		check(t, err)
		if !strings.Contains(string(out), "takes no larger file") || !strings.Contains(string(out), "test.db") {
			t.Fatalf("the process says %q, want the file and what is wrong with it", out)
		}
		if took < 9*time.Second {
			return
		}
	}
	t.Error("it waits each time")
}
