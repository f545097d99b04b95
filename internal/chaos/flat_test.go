package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"tlsbrief/internal/imaptest"
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

// settled measures once what is on its way out has gone: the least of a while.
func settled(t *testing.T) usage {
	t.Helper()
	var least usage
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n := range 40 {
		<-tick.C
		runtime.GC()
		now := usage{heap(), runtime.NumGoroutine(), descriptors(t)}
		if n == 0 {
			least = now
		}
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
				before = settled(t)
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
		after := settled(t)
		p.proxy.Inject(imaptest.Fault{})
		if err := p.once(t); err != nil {
			t.Error(err)
		}
		if grown := int64(after.heap) - int64(before.heap); grown > 1<<20 {
			t.Errorf("the heap grew by %d KiB", grown>>10)
		}
		if after.goroutines > before.goroutines+3 || after.descriptors > before.descriptors+3 {
			t.Errorf("after %d polls there are %+v, before there were %+v", polls, after, before)
		}
		if failed < polls/4 {
			t.Errorf("only %d of %d polls failed", failed, polls)
		}
		return fmt.Sprintf("after %d polls, of which %d failed: heap %d KiB (before %d), goroutines %d (%d), descriptors %d (%d)",
			polls, failed, after.heap>>10, before.heap>>10, after.goroutines, before.goroutines, after.descriptors, before.descriptors)
	})
}
