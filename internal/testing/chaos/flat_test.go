package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/race"
)

// descriptors counts the open files and sockets of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("they cannot be counted here: %v", err)
	}
	return len(entries)
}

// A usage is what a process holds on to.
type usage struct {
	heap                    uint64
	goroutines, descriptors int
}

// measured is what the process holds on to now.
func measured(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	return usage{heap(), runtime.NumGoroutine(), descriptors(t)}
}

// settled measures what is held on to once all that is on its way out has gone: the
// least of a while, or of as long as it takes until that is enough. A nil enough is
// content with a while.
func settled(t *testing.T, enough func(usage) bool) usage {
	t.Helper()
	least := measured(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for tries := 0; tries < 40 || enough != nil && !enough(least) && tries < int(testTimeout/(5*time.Millisecond)); tries++ {
		<-tick.C
		now := measured(t)
		least = usage{min(least.heap, now.heap), min(least.goroutines, now.goroutines), min(least.descriptors, now.descriptors)}
	}
	return least
}

// TestFlat polls a thousand times, most of the times with a fault somewhere, and
// holds on to no more in the end than after the first hundred. Not parallel: it
// counts what the whole process holds.
func TestFlat(t *testing.T) {
	run(t, "flat", "heap, goroutines and descriptors over polls with faults", func(t *testing.T) string {
		polls, warm := 120, 40
		if whole() {
			polls, warm = 1100, 100
		}
		sc := emptyScene(t, accounts(t, 1).next(t), "seen")
		sc.fill(t)
		p := newPoll(t, sc)
		poller := p.poller(p.imap.Via(p.proxy)) // one for all, as a worker has
		random := rand.New(rand.NewPCG(1, 2))
		all := troubles()
		failed := 0
		var before usage
		for n := range polls {
			if n == warm {
				before = settled(t, nil)
			}
			p.report(t)
			f := all[random.IntN(len(all))].fault
			if f.Kind == imaptest.Silence || f.Kind == imaptest.SilenceHalf {
				f.Kind = imaptest.CutOff // silence is waited for: it is in the network group
			}
			if f.Kind == imaptest.Late {
				f.Delay = time.Millisecond
			}
			f.Step = random.IntN(14)
			p.proxy.Inject(f)
			p.proxy.Forget()
			if _, err := poller.Poll(t.Context(), ""); err != nil {
				failed++
			}
		}
		flat := func(now usage) bool {
			return (race.Enabled || int64(now.heap)-int64(before.heap) <= 1<<20) && now.goroutines <= before.goroutines+3 && now.descriptors <= before.descriptors+3
		}
		after := settled(t, flat)
		p.proxy.Inject(imaptest.Fault{})
		if err := p.once(t); err != nil {
			t.Error(err)
		}
		if !flat(after) {
			t.Errorf("after %d polls there are %+v, before there were %+v", polls, after, before)
		}
		if failed < polls/4 {
			t.Errorf("only %d of %d polls failed", failed, polls)
		}
		return fmt.Sprintf("after %d polls, of which %d failed: heap %d KiB (before %d), goroutines %d (%d), descriptors %d (%d)",
			polls, failed, after.heap>>10, before.heap>>10, after.goroutines, before.goroutines, after.descriptors, before.descriptors)
	})
}
