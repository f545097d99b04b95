package worlds

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
)

const (
	// seedOf is the environment variable with the seed to draw by: "17" for all its
	// worlds, "17/4" for one of them.
	seedOf = "TLSBRIEF_WORLDS_SEED"
	// wholeRun is the environment variable that, set to "all", has many worlds played.
	wholeRun = "TLSBRIEF_CHAOS"
	// logOf is the environment variable that, where set, has the log of a world printed in
	// which something went wrong.
	logOf = "TLSBRIEF_WORLDS_LOG"
	// mostShrunk is how many worlds are made smaller: the others may fail for the same
	// reason.
	mostShrunk = 2
)

// seed returns the seed, and the one world to play; 0: all.
func seed(t *testing.T) (seed, only uint64) {
	t.Helper()
	given := os.Getenv(seedOf)
	if given == "" {
		return uint64(time.Now().UnixNano()) % 1_000_000_000, 0
	}
	first, second, one := strings.Cut(given, "/")
	seed, err := strconv.ParseUint(first, 10, 64)
	if one && err == nil {
		only, err = strconv.ParseUint(second, 10, 64)
	}
	if err != nil {
		t.Fatalf("%s=%q: %v", seedOf, given, err)
	}
	return seed, only
}

// memory starts a server in memory for a world.
func memory(t testing.TB, w world) *imaptest.Server {
	t.Helper()
	capabilities := []string{"ESEARCH", "LIST-EXTENDED", "NAMESPACE", "UIDPLUS"}
	if w.canMove {
		capabilities = append(capabilities, "MOVE")
	}
	return imaptest.Memory(t, imaptest.WithCapabilities(capabilities...))
}

// TestWorlds plays worlds on the server in memory.
func TestWorlds(t *testing.T) {
	t.Parallel()
	count := 40
	switch {
	case testing.Short():
		count = 3
	case os.Getenv(wholeRun) == "all":
		count = 1000
	}
	worlds(t, "memory", count, memory, func(n uint64) size {
		switch {
		case n%30 == 0:
			return size{mails: 3000, rounds: 3}
		case n%4 == 0:
			return size{mails: 300, rounds: 4}
		}
		return size{mails: 60, rounds: 6}
	})
}

// TestWorldsOnDovecot plays a few worlds on a real server.
func TestWorldsOnDovecot(t *testing.T) {
	t.Parallel()
	if os.Getenv(wholeRun) != "all" {
		t.Skipf("only where %s=all: it takes long", wholeRun)
	}
	dovecot := func(t testing.TB, w world) *imaptest.Server {
		t.Helper()
		if w.canMove {
			return imaptest.Dovecot(t)
		}
		return imaptest.Dovecot(t, imaptest.WithDovecotConfig("protocol imap {\n  imap_capability = IMAP4rev1 LITERAL+ ESEARCH NAMESPACE UIDPLUS LIST-EXTENDED\n}"))
	}
	worlds(t, "Dovecot", 40, dovecot, func(uint64) size { return size{mails: 120, rounds: 5} })
}

// worlds plays so many worlds, each as a test of its own.
func worlds(t *testing.T, kind string, count int, start func(testing.TB, world) *imaptest.Server, most func(n uint64) size) {
	t.Helper()
	seed, only := seed(t)
	fmt.Printf("worlds on %s: %s=%d\n", kind, seedOf, seed)
	var failed atomic.Int32
	for n := uint64(1); n <= max(uint64(count), only); n++ {
		if only != 0 && n != only {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			w := draw(dice{rand.New(rand.NewPCG(seed, n))}, most(n))
			p := played(t, "drawn", w, start)
			if len(p.faults) == 0 {
				return
			}
			t.Errorf("to play this world again: %s=%d/%d\n%s", seedOf, seed, n, strings.Join(p.faults, "\n"))
			if os.Getenv(logOf) != "" {
				t.Logf("the log of the world as it was drawn:\n%s", p.log.String())
			}
			if failed.Add(1) > mostShrunk {
				return
			}
			smaller, why, tries := shrunk(w, func(n int, w world) []string {
				return played(t, fmt.Sprintf("shrunk %d", n), w, start).faults
			})
			if why == nil {
				smaller, why = w, p.faults // as it was: no part of it alone does it
			}
			t.Errorf("made smaller in %d tries:\n%s\nof which comes\n%s", tries, smaller, strings.Join(why, "\n"))
		})
	}
}

// played plays a world as a test of its own, which is over when it returns: so that
// nothing of it is left, and a fault fails nothing yet.
func played(t *testing.T, name string, w world, start func(testing.TB, world) *imaptest.Server) (p *player) {
	t.Helper()
	t.Run(name, func(t *testing.T) { p = play(t, w, start(t, w)) })
	if p == nil {
		t.FailNow() // something beside the program failed, and the test in it says so
	}
	return p
}
