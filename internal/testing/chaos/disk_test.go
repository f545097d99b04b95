package chaos

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to hold locks as another process would

	"tlsbrief/db"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/smtpsink"
)

const pageSize = 4096

// fails runs a poll that must fail: with an error that names the file and one of
// the words, and without a mark on anything that is not recorded. It returns what
// was said.
func (p *process) fails(t *testing.T, o outcome, words ...string) string {
	t.Helper()
	if o.code != 1 || !strings.Contains(o.stderr, "tlsrpt.db") {
		t.Errorf("exit status %d, want 1 and an error that names the file:\n%s", o.code, o.stderr)
	}
	told := false
	for _, word := range words {
		told = told || strings.Contains(o.stderr, word)
	}
	if !told {
		t.Errorf("the error does not say one of %q:\n%s", words, o.stderr)
	}
	lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
	return lines[len(lines)-1]
}

// unmarked wants no message to have a flag.
func (p *process) unmarked(t *testing.T) {
	t.Helper()
	for uid, flags := range p.imap.Flags(t, p.folder) {
		if len(flags) > 0 {
			t.Errorf("UID %d has the flags %v, and nothing can be recorded", uid, flags)
		}
	}
}

// recoversAs wants the next poll of the program to complete, and everything to be
// well then.
func (p *process) recoversAs(t *testing.T) {
	t.Helper()
	p.must(t, "poll")
	p.checkEnd(t, p.open(t))
}

func TestDisk(t *testing.T) {
	t.Parallel()
	server := accounts(t, 40)
	one := func(name string, f func(t *testing.T, p *process) string) {
		account := server.next(t)
		fault(t, "disk", name, func(t *testing.T) string {
			return f(t, newProcess(t, newScene(t, account, "seen"), smtpsink.Options{}, ""))
		})
	}
	// What the database takes in the end is some 400 KiB: every size is too small
	// in another place.
	for n, kib := range []int{4, 1, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256, 288, 320} {
		if !few(n, 5) {
			one(fmt.Sprintf("files of %d KiB at most", kib), func(t *testing.T, p *process) string { return sizeLimit(t, p, kib) })
		}
	}
	for n, kib := range []int{200, 0, 100, 300, 400, 500, 600, 700} {
		if !few(n, 4) {
			one(fmt.Sprintf("full: room for %d KiB", kib), func(t *testing.T, p *process) string { return fullDisk(t, p, kib) })
		}
	}
	one("read-only file", readOnlyFile)
	one("WAL left behind by a kill, moved with its file", walLeftBehind)
	one("garbage in the place of the WAL", garbageWAL)
	one("no file at all any more", vanished)
	if whole() {
		one("locked by another process", locked)
	}
}

// sizeLimit runs the program under RLIMIT_FSIZE.
func sizeLimit(t *testing.T, p *process, kib int) string {
	p.watchMarks(t)
	o := finish(t, limited(p.command(t.Context(), t, "poll"), kib))
	if o.code == 0 {
		p.checkEnd(t, p.open(t))
		return "that is enough"
	}
	said := p.fails(t, o, "takes no larger file")
	p.recoversAs(t)
	return said
}

// limited is a command that can't write files beyond a size.
func limited(cmd *exec.Cmd, kib int) *exec.Cmd {
	args := append([]string{"-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, 2*kib)}, cmd.Args...)
	return exec.Command("/bin/sh", args...)
}

// fullDisk puts the database onto a small file system.
func fullDisk(t *testing.T, p *process, kib int) string {
	dir := filepath.Join(p.dir, "small")
	mountSmall(t, dir, 1<<20)
	p.move(t, dir)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20-(kib<<10)-pageSize), 0o600); err != nil {
		t.Fatal(err)
	}
	p.watchMarks(t)
	o := p.try(t, "poll")
	said := "that is enough"
	if o.code != 0 {
		said = p.fails(t, o, "full", "disk I/O", "no space")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p.recoversAs(t)
	return said
}

// mountSmall mounts a file system of a size, or skips the test.
func mountSmall(t *testing.T, dir string, size int) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// move has the program keep its database in another folder.
func (p *process) move(t *testing.T, dir string) {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(p.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	p.where = filepath.Join(dir, "tlsrpt.db")
	p.write(t, "config.toml", strings.Replace(string(config), `path = "tlsrpt.db"`, fmt.Sprintf("path = %q", p.where), 1))
}

// readOnlyFile has the file system that the database is on turn read-only.
func readOnlyFile(t *testing.T, p *process) string {
	dir := filepath.Join(p.dir, "small")
	mountSmall(t, dir, 4<<20)
	p.move(t, dir)
	p.must(t, "status")
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("no file system can be made read-only here: %v", err)
	}
	said := p.fails(t, p.try(t, "poll"), "writable", "read-only")
	p.unmarked(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	p.recoversAs(t)
	return said
}

func locked(t *testing.T, p *process) string {
	p.must(t, "digest") // there is a database
	other, err := sql.Open("sqlite", "file:"+p.database()+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	said := p.fails(t, p.try(t, "poll"), "another process has been writing")
	p.unmarked(t)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	p.recoversAs(t)
	return said
}

// walLeftBehind kills the program when it has recorded, and before it has written
// its log back into the file.
func walLeftBehind(t *testing.T, p *process) string {
	if !p.killedAt(t, p.proxy, imaptest.Fault{At: "SELECT", Kind: imaptest.CutOff}, "poll") {
		t.Fatal("it was not killed")
	}
	wal, err := os.ReadFile(p.database() + "-wal")
	if err != nil || len(wal) == 0 {
		t.Fatalf("no log is left behind: %v", err)
	}
	data, err := os.ReadFile(p.database())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() // as a backup is restored: without the -shm
	p.move(t, dir)
	for name, b := range map[string][]byte{p.where: data, p.where + "-wal": wal} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := recorded(t, p.open(t)); len(got) != p.mailed {
		t.Errorf("recorded are %v, want all that was committed", got)
	}
	p.recoversAs(t)
	return fmt.Sprintf("what stood in %d bytes of log is there; the next poll marks it", len(wal))
}

func garbageWAL(t *testing.T, p *process) string {
	p.must(t, "poll")
	p.report(t)
	garbage := bytes.Repeat([]byte("garbage "), 10*pageSize/8)
	if err := os.WriteFile(p.database()+"-wal", garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	p.recoversAs(t)
	return "passed over; nothing is lost"
}

// vanished has the database gone between two polls: everything is found again that
// the mailbox has unread, and the rest by a backfill.
func vanished(t *testing.T, p *process) string {
	p.must(t, "poll")
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(p.database() + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	p.report(t)
	p.must(t, "poll")
	p.must(t, "backfill")
	p.checkEnd(t, p.open(t))
	return "a new one is made; a backfill finds the rest"
}

// A damaged file is never written over, whatever page of it is damaged: what is
// wrong is said, and nothing is marked that is not recorded in it.
func TestCorruptedPages(t *testing.T) {
	t.Parallel()
	account := accounts(t, 1).next(t)
	p := newProcess(t, newScene(t, account, "seen"), smtpsink.Options{}, "")
	p.must(t, "poll")
	p.must(t, "digest")
	p.report(t)
	sound, err := os.ReadFile(p.database())
	if err != nil {
		t.Fatal(err)
	}
	pages := len(sound) / pageSize
	for n := range pages {
		if few(n, 25) {
			continue
		}
		inTurn(t, "disk", fmt.Sprintf("page %d of %d is garbage", n+1, pages), func(t *testing.T) string {
			return p.damaged(t, sound, n*pageSize, bytes.Repeat([]byte{0xA5}, pageSize))
		})
	}
	if !few(1, 2) {
		for name, cut := range map[string]int{"half of the file is missing": len(sound) / 2, "all but 100 bytes are missing": 100} {
			inTurn(t, "disk", name, func(t *testing.T) string { return p.damaged(t, sound[:cut], 0, nil) })
		}
	}
	if err := os.WriteFile(p.database(), sound, 0o600); err != nil {
		t.Fatal(err)
	}
	p.recoversAs(t) // with the backup
}

// damaged puts garbage into a copy of the file and polls. Where the poll does not
// fail it has not met the damage.
func (p *process) damaged(t *testing.T, sound []byte, at int, garbage []byte) string {
	t.Helper()
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(p.database() + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	damaged := bytes.Clone(sound)
	copy(damaged[at:], garbage)
	if err := os.WriteFile(p.database(), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	newest := uint32(len(p.imap.Flags(t, p.folder)))
	p.imap.SetFlags(t, p.folder, newest)
	o := p.try(t, "poll")
	after, err := os.ReadFile(p.database())
	if err != nil {
		t.Fatal(err)
	}
	if o.code == 0 {
		return "the poll did not meet it"
	}
	if len(after) < len(damaged) || !bytes.Contains(after[at:], garbage) {
		t.Errorf("the damaged file of %d bytes was written over, it has %d bytes", len(damaged), len(after))
	}
	if len(p.imap.Flags(t, p.folder)[newest]) > 0 && !strings.Contains(o.stderr, "recording what was marked") {
		if got := p.recordedIn(p.database()); got < p.mailed {
			t.Errorf("the new report is marked, and %d of %d can be read from the file", got, p.mailed)
		}
	}
	return p.fails(t, o, "damaged", "not a tlsbrief database", "left as it is", "restore it")
}

// recordedIn counts the reports in a file that may be damaged.
func (p *process) recordedIn(path string) int {
	n := 0
	d, err := db.Open(context.Background(), path, db.Options{})
	if err != nil {
		return 0
	}
	defer d.Close()
	_ = d.EachPolicy(context.Background(), report.Filter{}, func(*report.PolicyRow) error { n++; return nil }) // as far as it goes
	return n
}

// A clock that jumps neither doubles nor loses anything.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	account := accounts(t, 1).next(t)
	fault(t, "disk", "a clock that jumps", func(t *testing.T) string {
		c := newClock(time.Now())
		p := newPollAt(t, newScene(t, account, "seen"), c.now)
		dg := newDigests(t, p.db, c.now)
		due := func(want int, when string) {
			t.Helper()
			if err := dg.RunDue(t.Context()); err != nil {
				t.Errorf("%s: %v", when, err)
			}
			if got := dg.sent(); got != want {
				t.Errorf("%s: %d digests sent in all, want %d", when, got, want)
			}
		}
		step := func() {
			t.Helper()
			p.report(t)
			if err := p.once(t); err != nil {
				t.Error(err)
			}
			p.checkEnd(t, p.db)
		}
		step()
		due(1, "at first")
		c.jump(-72 * time.Hour)
		step()
		due(1, "three days back")
		c.jump(72*time.Hour + time.Minute)
		step()
		due(1, "and forward again")
		c.jump(24 * time.Hour)
		due(2, "a day on")
		c.jump(30 * 24 * time.Hour)
		step()
		due(3, "thirty days on")
		c.jump(-29 * 24 * time.Hour)
		step()
		due(3, "twenty-nine days back")
		return "nothing is lost or doubled; 3 digests for 3 due times"
	})
}
