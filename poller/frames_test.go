package poller_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
)

// A reader of the code who looks for the FETCH goes down few calls: from the goroutine of
// a mailbox to it lie at most twelve frames of ours.
func TestFewFramesLieBetweenAMailboxAndItsFetch(t *testing.T) {
	const most = 12
	box := newScriptedBox(newReport(1), mixedReport(2), letter(3))
	var mu sync.Mutex
	deepest := map[string][]string{} // by what is fetched
	box.on("UID FETCH", func(_ *imaptest.Conn, cmd imaptest.Command) bool {
		for _, what := range []string{"BODY.PEEK[]", "HEADER", "MIME"} {
			if frames := framesOfFetch(); strings.Contains(cmd.Args, what) && len(frames) > 0 {
				mu.Lock()
				deepest[what] = frames
				mu.Unlock()
			}
		}
		return false
	})
	r := newRig(t, box.start(t), func(o *options) { o.Bounds.BatchMessages = 1 })
	r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
	mu.Lock()
	defer mu.Unlock()
	if len(deepest) != 3 {
		t.Fatalf("fetches were seen of %d kinds, want 3", len(deepest))
	}
	for what, frames := range deepest {
		if len(frames) > most {
			t.Errorf("%s: %d frames, want at most %d:\n%s", what, len(frames), most, strings.Join(frames, "\n"))
		}
	}
}

// framesOfFetch returns the functions of ours on the stack of the goroutine that waits for
// the answer to a FETCH, down to the call of package imapbox, the innermost first.
func framesOfFetch() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, goroutine := range strings.Split(string(stacks), "\n\n") {
		if !strings.Contains(goroutine, "tlsbrief/poller/imapbox.(*Session)") || !strings.Contains(goroutine, "tlsbrief/poller.") {
			continue
		}
		var frames []string
		for _, line := range strings.Split(goroutine, "\n") {
			if !strings.HasPrefix(line, "tlsbrief/") {
				continue
			}
			if strings.HasPrefix(line, "tlsbrief/poller/imapbox.") {
				frames = nil // only the call of that package counts
			}
			frames = append(frames, line)
		}
		return frames
	}
	return nil
}
