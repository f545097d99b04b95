package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
)

// A run holds the resources that one process used.
type run struct {
	took time.Duration
	cpu  time.Duration // user and system
	peak int64         // most bytes resident, by the last reading
}

// program builds tlsbrief.
func program(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "tlsbrief")
	build := exec.Command("go", "build", "-o", path, "tlsbrief/cmd/tlsbrief")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return path
}

// execute runs a program, which must succeed.
func execute(tb testing.TB, name string, args ...string) (run, []byte) {
	tb.Helper()
	cmd := exec.Command(name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	// The kernel's figure at the exit is of no use: it includes the memory of the
	// test process at the fork.
	ended, watched := make(chan struct{}), make(chan int64)
	go func() {
		var peak int64
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-ended:
				tick.Stop()
				watched <- peak
				return
			case <-tick.C:
				peak = max(peak, resident(cmd.Process.Pid))
			}
		}
	}()
	err := cmd.Wait()
	r := run{took: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	close(ended)
	r.peak = <-watched
	if err != nil {
		tb.Fatalf("%s %v: %v\n%s%s", name, args, err, stdout.String(), stderr.String())
	}
	return r, stdout.Bytes()
}

// resident returns the most bytes that a process has had resident; 0 if it has
// ended.
func resident(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kb << 10
}

// An installation is a configuration for a server's mailbox, in a folder.
type installation struct {
	tb      testing.TB
	program string
	server  *imaptest.Server
	port    int    // of a proxy in front of it; 0: none
	extra   string // configuration; empty: signatures are not checked
}

// install writes the configuration, for an empty database, and returns its path.
func (i *installation) install() string {
	i.tb.Helper()
	dir := i.tb.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			i.tb.Fatal(err)
		}
	}
	write("password", i.server.Password)
	extra, port := i.extra, i.port
	if extra == "" {
		extra = "[reports]\nauthenticity = \"off\"\n"
	}
	if port == 0 {
		port = i.server.Port
	}
	write("config.toml", fmt.Sprintf("[database]\npath = \"tlsrpt.db\"\n[[mailbox]]\nname = \"reports\"\nhost = %q\nport = %d\ntls = \"none\"\nusername = %q\npassword_file = \"password\"\nfolders = [\"INBOX\"]\n%s",
		i.server.Host, port, i.server.Username, extra))
	return filepath.Join(dir, "config.toml")
}

// command runs a command that prints totals, and fails unless so many reports are
// recorded.
func (i *installation) command(config string, want int, args ...string) run {
	i.tb.Helper()
	r, out := execute(i.tb, i.program, append([]string{"--config", config, "--log-level", "warn"}, args...)...)
	var result struct{ Totals struct{ Recorded int } }
	if err := json.Unmarshal(out, &result); err != nil || result.Totals.Recorded != want {
		i.tb.Fatalf("recorded %d, want %d; %v\n%s", result.Totals.Recorded, want, err, out)
	}
	return r
}

// backfill reads the whole mailbox into an empty database.
func (i *installation) backfill(want int) run {
	i.tb.Helper()
	return i.command(i.install(), want, "backfill", "--json")
}
