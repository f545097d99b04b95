package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/smtpsink"
)

// The worker polls at once, sends what fell due while it was down, refuses a
// second one beside it, and stops cleanly when told to.
func TestRun(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]os.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": os.Interrupt} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Memory(t)
			reports, _ := sampleMail(t, time.Now(), 10, 0)
			for _, m := range reports {
				s.Append(t, "INBOX", nil, m.Date, m.Data)
			}
			r := newRig(t, s, unchecked)
			ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
			defer cancel()
			worker := r.command(ctx, "run")
			var log bytes.Buffer
			worker.Stderr = &log
			if err := worker.Start(); err != nil {
				t.Fatal(err)
			}
			mails, err := r.smtp.WaitFor(ctx, 1)
			if err != nil || len(mails) != 1 {
				t.Fatalf("the digest that was due was not sent: %d mails, %v\n%s", len(mails), err, log.String())
			}

			if second := r.try(t, "run"); second.code != 1 || !strings.Contains(second.stderr, "another tlsbrief is at work") {
				t.Errorf("a second run: exit status %d, %q; want 1 and a refusal", second.code, second.stderr)
			}
			if got := r.poll(t, "poll"); got != (counts{}) {
				t.Errorf("a poll beside the worker: %+v, want nothing new", got)
			}

			if err := worker.Process.Signal(stop); err != nil {
				t.Fatal(err)
			}
			if err := worker.Wait(); err != nil {
				t.Errorf("after %s: %v\n%s", name, err, log.String())
			}
			if n := unseenReports(t, s, nil); n != 0 {
				t.Errorf("%d reports are not marked", n)
			}
			// What was sent is not sent again by the next worker.
			r.must(t, "digest")
			if n := len(r.smtp.Mails()); n != 1 {
				t.Errorf("%d mails, want 1", n)
			}
		})
	}
}

// A process that is killed when the server has the digest, but has not said so
// yet, leaves it in the outbox: the next one sends the same bytes under the same
// Message-ID, which lets a mail program show one.
func TestDigestInterruptedBeforeItsAnswerIsSentAgainAsItWas(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	reports, _ := sampleMail(t, time.Now(), 5, 0)
	for _, m := range reports {
		s.Append(t, "INBOX", nil, m.Date, m.Data)
	}
	r := newRig(t, s, unchecked)
	r.must(t, "poll")
	if err := r.smtp.SetFaults(smtpsink.Fault{Step: smtpsink.Body, Do: smtpsink.Stall, Keep: true, Times: 1}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	cmd := r.command(ctx, "digest")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.smtp.WaitFor(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed

	r.must(t, "digest")
	mails := r.smtp.Mails()
	if len(mails) != 2 || !bytes.Equal(mails[0].Data, mails[1].Data) {
		t.Fatalf("%d mails, want 2 with the same bytes", len(mails))
	}
	r.must(t, "digest")
	if n := len(r.smtp.Mails()); n != 2 {
		t.Errorf("%d mails after a digest more, want 2", n)
	}
}
