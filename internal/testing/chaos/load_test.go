package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/internal/testing/smtpsink"
)

// A load is what one worker has to cope with.
type load struct {
	mailboxes, messages, owners int // messages in all; three of four are reports
}

// mostMemory is what the worker may have resident at most.
const mostMemory = 256 << 20

// TestLoad has one worker poll many mailboxes with a day's messages and send as
// many digests as there are owners, and then go on with what comes meanwhile. The
// whole load needs the machine for itself; the small one waits for its minute.
func TestLoad(t *testing.T) {
	l := load{mailboxes: 5, messages: 1000, owners: 20}
	if whole() {
		l = load{mailboxes: 50, messages: 200_000, owners: 1000}
	} else {
		t.Parallel()
	}
	server := accounts(t, l.mailboxes)
	run(t, "load", fmt.Sprintf("%d mailboxes, %d messages, %d owners", l.mailboxes, l.messages, l.owners), func(t *testing.T) string {
		w := l.start(t, server)
		began := time.Now()
		l.deliver(t, w, l.messages)
		delivered := time.Since(began)

		began = time.Now()
		w.run(t)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		if _, err := w.sink.WaitFor(ctx, l.owners); err != nil {
			t.Fatalf("%v\n%s", err, w.log)
		}
		// Digests do not wait for a poll of more than a minute, its interval.
		for w.recorded(t) < w.reports && ctx.Err() == nil {
			waitFor(ctx, 500*time.Millisecond)
		}
		took := time.Since(began)
		if got := w.recorded(t); got != w.reports {
			t.Errorf("%d reports are recorded, want %d", got, w.reports)
		}
		files := w.descriptors(t)
		if whole() { // the next poll is up to a minute away
			l.deliver(t, w, l.messages/100)
			for w.recorded(t) < w.reports && ctx.Err() == nil {
				waitFor(ctx, 500*time.Millisecond)
			}
			if got := w.recorded(t); got != w.reports {
				t.Errorf("%d reports are recorded, want %d with those that came meanwhile", got, w.reports)
			}
			if now := w.descriptors(t); now > files+8 {
				t.Errorf("the worker has %d files open, before there were %d", now, files)
			}
		}
		peak := w.stop(t)
		if peak > mostMemory {
			t.Errorf("the worker had %d MiB resident, want at most %d", peak>>20, mostMemory>>20)
		}
		w.checkFlags(t)
		if log := w.log.String(); strings.Contains(log, "level=ERROR") {
			t.Errorf("the worker's log:\n%s", log)
		}
		return fmt.Sprintf("%d reports recorded and %d digests sent in %s, %d MiB at most (delivering took %s)",
			w.reports, l.owners, took.Round(time.Second), peak>>20, delivered.Round(time.Second))
	})
}

// waitFor waits for a time, or until ctx ends: a worker's schedule is by the
// minute, and it tells nobody.
func waitFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A loaded is the worker of a load.
type loaded struct {
	dir     string
	boxes   []*imaptest.Server
	sink    *smtpsink.Sink
	cmd     *exec.Cmd
	log     *logBuffer
	mailed  int
	first   int // of these, in the first mailbox and numbered as their UIDs are
	reports int
}

// start writes the configuration.
func (l load) start(t *testing.T, server *hotel) *loaded {
	t.Helper()
	w := &loaded{dir: t.TempDir(), sink: smtpsink.New(t, smtpsink.Options{}), log: &logBuffer{}}
	var config strings.Builder
	fmt.Fprintf(&config, "[database]\npath = \"tlsrpt.db\"\n[reports]\nauthenticity = \"off\"\n[schedule]\npoll = \"* * * * *\"\n"+
		"[dns]\nserver = %q\n[smtp]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\nfrom = \"reports@example.com\"\nto = [\"rest@example.com\"]\n",
		dnstest.New(t).Addr(), w.sink.Port())
	for n := range l.mailboxes {
		box := server.next(t)
		w.boxes = append(w.boxes, box)
		name := fmt.Sprintf("password-%d", n)
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(box.Password), 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&config, "[[mailbox]]\nname = \"box-%d\"\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\nusername = %q\npassword_file = %q\nfolders = [\"INBOX\"]\n",
			n, box.Port, box.Username, name)
	}
	for n := range l.owners {
		fmt.Fprintf(&config, "[[digest]]\nname = \"owner-%d\"\ndomains = [%q]\nto = [\"owner-%d@example.com\"]\n", n, l.domain(n), n)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "config.toml"), []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (l load) domain(n int) string { return fmt.Sprintf("owner-%d.example.com", n%l.owners) }

// deliver puts so many messages into the mailboxes, as a delivery agent does.
func (l load) deliver(t *testing.T, w *loaded, messages int) {
	t.Helper()
	arrival := time.Now()
	for i, box := range w.boxes {
		first := w.mailed
		each := messages / len(w.boxes)
		box.FillFrom(t, "INBOX", first, each, func(n int) []byte {
			if n%4 == 0 {
				return samples.Letter(n, arrival).Data
			}
			m, err := samples.Report(n, arrival, l.domain(n+i))
			if err != nil {
				t.Fatal(err)
			}
			w.reports++
			return m.Data
		})
		w.mailed += each
		if w.first == 0 {
			w.first = each
		}
	}
}

// run starts the worker.
func (w *loaded) run(t *testing.T) {
	t.Helper()
	w.cmd = exec.CommandContext(t.Context(), program(t), "--config", filepath.Join(w.dir, "config.toml"), "run")
	w.cmd.Stderr = w.log
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// recorded sums what "status" says.
func (w *loaded) recorded(t *testing.T) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), "--config", filepath.Join(w.dir, "config.toml"), "status", "--json")
	o := finish(t, cmd)
	var s struct{ Mailboxes []struct{ Recorded int } }
	if err := json.Unmarshal([]byte(o.stdout), &s); err != nil {
		t.Fatalf("%v: %s", err, o.stderr)
	}
	sum := 0
	for _, m := range s.Mailboxes {
		sum += m.Recorded
	}
	return sum
}

// checkFlags wants the reports of the first mailbox to be marked, and nothing else.
func (w *loaded) checkFlags(t *testing.T) {
	t.Helper()
	wrong := 0
	flags := w.boxes[0].Flags(t, "INBOX")
	for uid, got := range flags {
		if letter := uid%4 == 0; letter != (len(got) == 0) && int(uid) <= w.first {
			wrong++
		}
	}
	if wrong > 0 || len(flags) < w.first {
		t.Errorf("%d of %d messages have other flags than they should", wrong, len(flags))
	}
}

// descriptors counts the worker's open files and sockets.
func (w *loaded) descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// stop asks the worker to end, and returns the most memory it had resident.
func (w *loaded) stop(t *testing.T) (peak int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		if f := bytes.Fields(line); len(f) == 3 && string(f[0]) == "VmHWM:" {
			kib, err := strconv.Atoi(string(f[1]))
			if err != nil {
				t.Fatal(err)
			}
			peak = kib << 10
		}
	}
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Wait(); err != nil {
		t.Errorf("the worker: %v\n%s", err, w.log)
	}
	return peak
}
