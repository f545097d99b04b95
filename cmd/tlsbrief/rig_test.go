package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tlsbrief/db"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/smtpsink"
)

// TestMain lets the test binary be tlsbrief itself, for the scripts and for the
// tests that kill it.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		code := process()
		if err := saveStatus(os.Getenv(statusFile)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = exitFailed
		}
		os.Exit(code)
	}
	testscript.Main(m, map[string]func(){"tlsbrief": main})
}

// asProgram is the environment variable that makes the test binary tlsbrief.
const asProgram = "TLSBRIEF_TEST_AS_PROGRAM"

// statusFile is the environment variable with the name of a file that gets what
// the kernel says of such a process at its end, if it is set.
const statusFile = "TLSBRIEF_TEST_STATUS_FILE"

func saveStatus(name string) error {
	if name == "" {
		return nil
	}
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o600)
}

// long skips a test that takes long where "go test -short" asks for quick ones.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long, and -short is set")
	}
}

// eachServer runs a test against each kind of real server, with -short against the
// one in memory alone.
func eachServer(t *testing.T, test func(t *testing.T, s *imaptest.Server)) {
	t.Helper()
	if testing.Short() {
		test(t, imaptest.Memory(t))
		return
	}
	imaptest.Each(t, test)
}

// testTimeout is far longer than a busy machine takes for anything that a test waits for,
// and short for a test that hangs.
const testTimeout = 5 * time.Minute

// A rig is an installation: a configuration and a database in a folder, a
// mailbox and an SMTP server.
type rig struct {
	dir  string
	imap *imaptest.Server
	smtp *smtpsink.Sink
}

// newRig writes a configuration for the servers. extra is added to it.
func newRig(t *testing.T, imap *imaptest.Server, extra string) *rig {
	t.Helper()
	sink, err := smtpsink.Start(smtpsink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	r := &rig{dir: t.TempDir(), imap: imap, smtp: sink}
	if testing.Short() {
		empty, err := emptyDatabase()
		if err != nil {
			t.Fatal(err)
		}
		r.write(t, "tlsrpt.db", string(empty))
	}
	r.write(t, "password", imap.Password)
	r.configure(t, imap, extra)
	return r
}

// emptyDatabase returns the file of an empty database: with -short it is made once,
// since the migrations are a third of what the quick tests take.
var emptyDatabase = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "tlsbrief-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "empty.db")
	d, err := db.Open(context.Background(), path, db.Options{})
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// configure writes the configuration anew, for a mailbox on the given server.
func (r *rig) configure(t *testing.T, imap *imaptest.Server, extra string) {
	t.Helper()
	r.write(t, "config.toml", fmt.Sprintf(`
[database]
path = "tlsrpt.db"
[[mailbox]]
name = "reports"
host = %q
port = %d
tls = %q
ca_file = %q
username = %q
password_file = "password"
folders = ["INBOX"]
[smtp]
host = "127.0.0.1"
port = %d
tls = "none"
from = "TLS reports <reports@example.com>"
to = ["postmaster@example.com"]
%s`, imap.Host, imap.Port, imap.TLS, caFile(imap), imap.Username, r.smtp.Port(), extra))
}

// caFile is set only where TLS is spoken.
func caFile(s *imaptest.Server) string {
	if s.TLS == "none" {
		return ""
	}
	return s.CAFile
}

// unchecked has signatures passed over, and domains that nobody serves left alone.
const unchecked = "[reports]\nauthenticity = \"off\"\n[check]\nconfirm = false\n"

func (r *rig) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command returns tlsbrief as a process of its own, not yet started.
func (r *rig) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append([]string{"--config", filepath.Join(r.dir, "config.toml"), "--log-level", "warn"}, args...)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// An outcome is what a run of the program gave.
type outcome struct {
	code           int
	stdout, stderr string
}

// try runs tlsbrief in this process.
func (r *rig) try(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	args = append([]string{"--config", filepath.Join(r.dir, "config.toml"), "--log-level", "warn"}, args...)
	code := run(ctx, args, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// must runs tlsbrief and expects it to succeed.
func (r *rig) must(t *testing.T, args ...string) string {
	t.Helper()
	o := r.try(t, args...)
	if o.code != 0 {
		t.Fatalf("tlsbrief %s: exit status %d\n%s%s", strings.Join(args, " "), o.code, o.stdout, o.stderr)
	}
	return o.stdout
}

// counts are the totals that poll and backfill print.
type counts struct{ Examined, Recorded, Duplicate, Rejected, Ignored int }

// poll runs a command with --json and returns its totals.
func (r *rig) poll(t *testing.T, command ...string) counts {
	t.Helper()
	return totals(t, r.must(t, append(command, "--json")...))
}

func totals(t *testing.T, out string) counts {
	t.Helper()
	var result struct{ Totals counts }
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return result.Totals
}

// export returns the lines of `tlsbrief export`.
func (r *rig) export(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	var rows []map[string]any
	for line := range strings.Lines(r.must(t, append([]string{"export"}, args...)...)) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		rows = append(rows, row)
	}
	return rows
}
