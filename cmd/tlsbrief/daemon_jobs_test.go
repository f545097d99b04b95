package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"tlsbrief/internal/testing/imaptest"
)

// A poll that is still under way when the next is due is not doubled, and the log
// says which mailbox takes so long.
func TestPollThatOverrunsItsScheduleIsLoggedWithWhy(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	proxy := imaptest.NewProxy(t, s)
	proxy.Inject(imaptest.Fault{At: "STATUS", Kind: imaptest.Silence})
	r := newRig(t, s.Via(proxy), unchecked)
	var log bytes.Buffer
	w := r.daemon(t, &log)
	defer w.db.Close()
	var err error
	if w.poller, err = w.a.newPoller(w.c, w.db, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	job := w.job("a poll", w.pollStatus, func() { w.pollOnce(ctx) })
	var first sync.WaitGroup
	first.Go(job.Run)
	imaptest.Eventually(t, "the first poll is stuck", proxy.Struck)
	job.Run() // comes back at once
	said := log.String()
	cancel()
	first.Wait()
	for _, want := range []string{"level=WARN", "a poll was skipped", "mailbox=reports", "elapsed="} {
		if !strings.Contains(said, want) {
			t.Errorf("the log does not say %s:\n%s", want, said)
		}
	}
	if n := proxy.Connections(); n != 1 {
		t.Errorf("%d connections, want that of the first poll", n)
	}
}

// Digests are looked for each minute and may take several: that is nobody's fault.
func TestDigestsThatTakeLongerThanAMinuteAreNoWarning(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	var log bytes.Buffer
	w := r.daemon(t, &log)
	defer w.db.Close()
	for _, tt := range []struct {
		what string
		warn bool
	}{{"", false}, {"checking domains", true}} {
		log.Reset()
		begun, done := make(chan struct{}), make(chan struct{})
		job := w.job(tt.what, nil, func() {
			close(begun)
			<-done
		})
		var first sync.WaitGroup
		first.Go(job.Run)
		<-begun
		job.Run() // comes back at once
		close(done)
		first.Wait()
		if warned := strings.Contains(log.String(), "level=WARN"); warned != tt.warn {
			t.Errorf("%q: warned %v, want %v:\n%s", tt.what, warned, tt.warn, log.String())
		}
	}
}
