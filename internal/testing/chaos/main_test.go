package chaos

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// wholeRun is the environment variable that, set to "all", has every fault run.
const wholeRun = "TLSBRIEF_CHAOS"

func whole() bool { return os.Getenv(wholeRun) == "all" }

// few reports whether the fault numbered n is left out: where not all are run, all
// but one in so many are.
func few(n, of int) bool { return !whole() && n%of != 0 }

// testTimeout is long for a machine that is busy, and short for a test that hangs.
const testTimeout = 30 * time.Second

// programDir is the environment variable with the folder that the program is
// built in.
const programDir = "TLSBRIEF_CHAOS_DIR"

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	flag.Parse()
	if testing.Short() {
		fmt.Println("-short: no fault is tried")
		return 0
	}
	// Most of the time is waited for processes and for timeouts.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		if err := parallel.Value.Set("8"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Setenv(programDir, dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// program returns the path of tlsbrief, which it builds where that has not been
// done yet.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(os.Getenv(programDir), "tlsbrief")
	lock := flock.New(path + ".lock")
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := os.Stat(path); err == nil {
		return path
	}
	build := exec.Command("go", "build", "-o", path, "./cmd/tlsbrief")
	build.Dir = filepath.Join("..", "..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building tlsbrief: %v\n%s", err, out)
	}
	return path
}

// fault runs one fault as a test of its own, and prints its line: how it went, and
// what f returns, which is what the program said of it.
func fault(t *testing.T, group, name string, f func(t *testing.T) (said string)) {
	t.Helper()
	t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
		t.Parallel()
		run(t, group, name, f)
	})
}

// inTurn is fault for those that must come one after another.
func inTurn(t *testing.T, group, name string, f func(t *testing.T) (said string)) {
	t.Helper()
	t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { run(t, group, name, f) })
}

// run runs one fault in a test that is its own.
func run(t *testing.T, group, name string, f func(t *testing.T) (said string)) {
	t.Helper()
	said := "(nothing)"
	defer func() {
		how := "ok  "
		switch {
		case t.Failed():
			how = "FAIL"
		case t.Skipped():
			how = "skip"
		}
		fmt.Printf("%s %s/%s: %s\n", how, group, name, oneLine(said))
	}()
	said = f(t)
}

// oneLine cuts what was said to a line of bearable length.
func oneLine(s string) string {
	const most = 240
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return s
}
