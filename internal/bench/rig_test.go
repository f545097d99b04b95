package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tlsbrief/internal/imaptest"
)

// A run is a program's run as a process of its own.
type run struct {
	took time.Duration
	peak int64 // bytes resident
	user time.Duration
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
	if os.Getenv("GCTRACE") != "" {
		cmd.Env = append(os.Environ(), "GODEBUG=gctrace=1")
		defer func() { os.WriteFile("/tmp/gctrace", stderr.Bytes(), 0o600) }()
	}
	start := time.Now()
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s %v: %v\n%s%s", name, args, err, stdout.String(), stderr.String())
	}
	r := run{took: time.Since(start), user: cmd.ProcessState.UserTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = usage.Maxrss << 10
	}
	return r, stdout.Bytes()
}

// An installation is a configuration for a server's mailbox, in a folder.
type installation struct {
	tb      testing.TB
	program string
	server  *imaptest.Server
	extra   string
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
	extra := i.extra
	if extra == "" {
		extra = "[reports]\nauthenticity = \"off\"\n"
	}
	write("config.toml", fmt.Sprintf("[database]\npath = \"tlsrpt.db\"\n[[mailbox]]\nname = \"reports\"\nhost = %q\nport = %d\ntls = \"none\"\nusername = %q\npassword_file = \"password\"\nfolders = [\"INBOX\"]\n%s",
		i.server.Host, i.server.Port, i.server.Username, extra))
	return filepath.Join(dir, "config.toml")
}

// backfill reads the whole mailbox into an empty database, wants so many reports
// of it, and returns how long that took.
func (i *installation) backfill(want int) run {
	i.tb.Helper()
	config := i.install()
	r, out := execute(i.tb, i.program, "--config", config, "--log-level", "warn", "backfill", "--json")
	var result struct{ Totals struct{ Recorded int } }
	if err := json.Unmarshal(out, &result); err != nil || result.Totals.Recorded != want {
		i.tb.Fatalf("recorded %d, want %d; %v\n%s", result.Totals.Recorded, want, err, out)
	}
	return r
}
