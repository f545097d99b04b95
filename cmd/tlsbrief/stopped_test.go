package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"tlsbrief/db"
	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/domaintest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/internal/testing/smtpsink"
)

// A countdown is a context that is cancelled when it has been asked a number of
// times whether it is: who counts up from 1 stops the work at each of its moments.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newCountdown(t *testing.T, n int64) *countdown {
	t.Helper()
	c := &countdown{}
	c.Context, c.cancel = context.WithCancel(t.Context())
	t.Cleanup(c.cancel)
	c.left.Store(n)
	return c
}

func (c *countdown) count() {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
}

func (c *countdown) Done() <-chan struct{} { c.count(); return c.Context.Done() }
func (c *countdown) Err() error            { c.count(); return c.Context.Err() }

// stopAtEachMoment runs a job with ever later stops until it comes to its end, with
// -short with fewer of them. A stop may be told of, but neither as an error nor as a
// warning.
func stopAtEachMoment(t *testing.T, r *rig, job func(context.Context, *daemon)) {
	t.Helper()
	thin := int64(32)
	if testing.Short() {
		thin = 2
	}
	for n := int64(1); ; n += 1 + n/thin {
		ctx := newCountdown(t, n)
		r.work(t, func(w *daemon) { job(ctx, w) }, "stopped when it asked the "+fmt.Sprint(n)+". time")
		if ctx.Context.Err() == nil {
			return
		}
	}
}

// work runs a job on a database of its own opening, and wants it to log nothing
// worse than information.
func (r *rig) work(t *testing.T, job func(*daemon), when string) {
	t.Helper()
	var log bytes.Buffer
	w := r.daemon(t, &log)
	defer func() { w.db.Close() }()
	job(w)
	if said := log.String(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "level=WARN") {
		t.Errorf("%s, it says:\n%s", when, said)
	}
}

// The jobs of a worker, as its schedules run them.

func polling(t *testing.T) func(context.Context, *daemon) {
	return func(ctx context.Context, w *daemon) {
		var err error
		if w.poller, err = w.a.newPoller(w.c, w.db, w.a.daemonOptions(w.c)); err != nil {
			t.Error(err)
			return
		}
		w.pollOnce(ctx)
	}
}

func digesting(t *testing.T) func(context.Context, *daemon) {
	return func(ctx context.Context, w *daemon) {
		var err error
		if w.digester, err = w.a.newDigester(w.c, w.db, nil); err != nil {
			t.Error(err)
			return
		}
		w.sendDigests(ctx)
	}
}

func checking(ctx context.Context, w *daemon) { w.checkDomains(ctx) }

// pruning has everything be too old to be kept.
func pruning(t *testing.T) func(context.Context, *daemon) {
	return func(ctx context.Context, w *daemon) {
		err := w.db.Close()
		if err != nil {
			t.Error(err)
		}
		later := func() time.Time { return time.Now().Add(2 * time.Hour) }
		if w.db, err = db.Open(context.Background(), w.c.Database.Path, db.Options{Now: later, Keep: time.Hour}); err != nil {
			t.Error(err)
			return
		}
		w.prune(ctx)
	}
}

// signer signs the reports below.
const signer = "google.com"

// signedReports puts reports into a mailbox whose signatures are to be checked with
// a key in DNS.
func signedReports(t *testing.T, s *imaptest.Server, n int) *dnstest.Server {
	t.Helper()
	keys := dnstest.New(t)
	key, err := samples.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	keys.SetTXT("s._domainkey."+signer, key.Record(""))
	mails, err := samples.Mailbox(time.Now(), func(domain string, message []byte, sent time.Time) ([]byte, error) {
		return key.Sign(message, samples.Signature{Domain: domain, Selector: "s", At: sent})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if n > 0 && m.Report && bytes.Contains(m.Data, []byte("TLS-Report-Submitter: "+signer)) {
			s.Append(t, "INBOX", nil, m.Date, m.Data)
			n--
		}
	}
	if n > 0 {
		t.Fatalf("%d reports too few are by %s", n, signer)
	}
	return keys
}

// polled wants all reports of a mailbox to be recorded and marked.
func (r *rig) polled(t *testing.T, want int) {
	t.Helper()
	if got := r.poll(t, "backfill"); got.Duplicate != want || got.Recorded+got.Rejected != 0 {
		t.Errorf("all is read again: %+v, want %d messages that are known", got, want)
	}
	if n := unseenReports(t, r.imap, nil); n != 0 {
		t.Errorf("%d reports are not marked", n)
	}
}

// digested wants one digest to have been sent, be it several times with the same
// bytes: a stop may come between the server's taking it and its answer.
func (r *rig) digested(t *testing.T) {
	t.Helper()
	mails := r.smtp.Mails()
	for _, m := range mails {
		if !bytes.Equal(m.Data, mails[0].Data) {
			t.Error("two digests were sent")
		}
	}
	if len(mails) == 0 {
		t.Error("no digest was sent")
	}
	r.must(t, "digest")
	if n := len(r.smtp.Mails()); n != len(mails) {
		t.Errorf("a digest more is sent: %d, before it were %d", n, len(mails))
	}
}

// checked wants a whole look at example.com to be kept, or none so far.
func (r *rig) checked(t *testing.T, done bool) {
	t.Helper()
	c, ok := r.checks(t)["example.com"]
	if ok && (c.Mode != "enforce" || len(c.Findings) > 0) || !ok && done {
		t.Errorf("kept is %+v (there: %v), want a look that found nothing wrong", c, ok)
	}
}

func TestAStopAtAnyMomentIsNoFault(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: hundreds of runs")
	}
	t.Parallel()
	t.Run("poll", func(t *testing.T) {
		t.Parallel()
		s := imaptest.Memory(t)
		keys := signedReports(t, s, 5)
		keys.Fail("s._domainkey."+signer, dns.RcodeServerFailure) // so that they are authenticated again
		r := newRig(t, s, fmt.Sprintf("[dns]\nserver = %q\n", keys.Addr()))
		stopAtEachMoment(t, r, polling(t))
		r.polled(t, 5)
	})
	t.Run("digests", func(t *testing.T) {
		t.Parallel()
		w := domaintest.New(t)
		w.Domain("example.com")
		r := watched(t, w, "")
		r.report(t, 43)
		stopAtEachMoment(t, r, digesting(t))
		r.digested(t)
	})
	t.Run("removing old reports", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, imaptest.Memory(t), unchecked)
		r.report(t, 43)
		stopAtEachMoment(t, r, pruning(t))
		if rows := r.export(t); len(rows) > 0 {
			t.Errorf("%d rows are left", len(rows))
		}
	})
	t.Run("checking domains", func(t *testing.T) {
		t.Parallel()
		w := domaintest.New(t)
		w.Domain("example.com")
		r := watched(t, w, "")
		stopAtEachMoment(t, r, func(ctx context.Context, w *daemon) {
			checking(ctx, w)
			r.checked(t, ctx.Err() == nil)
		})
	})
}

// Whoever is waited for when the stop comes is left, and what was not done is done
// at the next start.
func TestAStopWhileSomebodyIsWaitedForIsNoFault(t *testing.T) {
	t.Parallel()
	const key = "s._domainkey." + signer
	for _, tt := range []struct {
		name string
		make func(t *testing.T) (r *rig, waits func() bool, release func())
		job  func(t *testing.T) func(context.Context, *daemon)
		done func(t *testing.T, r *rig)
	}{
		{"a poll, for the IMAP server", func(t *testing.T) (*rig, func() bool, func()) {
			s := imaptest.Memory(t)
			keys := signedReports(t, s, 3)
			proxy := imaptest.NewProxy(t, s)
			proxy.Inject(imaptest.Fault{At: "UID FETCH", Kind: imaptest.Silence})
			r := newRig(t, s.Via(proxy), fmt.Sprintf("[dns]\nserver = %q\n", keys.Addr()))
			return r, proxy.Struck, func() { proxy.Inject(imaptest.Fault{}) }
		}, polling, func(t *testing.T, r *rig) { r.polled(t, 3) }},
		{"a poll, for the sender's key", func(t *testing.T) (*rig, func() bool, func()) {
			s := imaptest.Memory(t)
			keys := signedReports(t, s, 3)
			r := newRig(t, s, fmt.Sprintf("[dns]\nserver = %q\n", keys.Addr()))
			release := keys.Hold(key)
			return r, func() bool { return keys.Queries(key) > 0 }, release
		}, polling, func(t *testing.T, r *rig) { r.polled(t, 3) }},
		{"authenticating again, for the sender's key", func(t *testing.T) (*rig, func() bool, func()) {
			s := imaptest.Memory(t)
			keys := signedReports(t, s, 3)
			r := newRig(t, s, fmt.Sprintf("[dns]\nserver = %q\n", keys.Addr()))
			keys.Fail(key, dns.RcodeServerFailure)
			r.must(t, "poll")
			before := keys.Queries(key)
			release := keys.Hold(key)
			return r, func() bool { return keys.Queries(key) > before }, release
		}, polling, func(t *testing.T, r *rig) { r.polled(t, 3) }},
		{"sending a digest, for the SMTP server", func(t *testing.T) (*rig, func() bool, func()) {
			r := newRig(t, imaptest.Memory(t), unchecked)
			r.report(t, 43)
			if err := r.smtp.SetFaults(smtpsink.Fault{Step: smtpsink.Body, Do: smtpsink.Stall, Times: 1}); err != nil {
				t.Fatal(err)
			}
			return r, func() bool { return r.smtp.Struck(smtpsink.Body) > 0 }, func() {}
		}, digesting, func(t *testing.T, r *rig) { r.digested(t) }},
		{"building a digest, for a name server", func(t *testing.T) (*rig, func() bool, func()) {
			w := domaintest.New(t)
			w.Domain("example.com")
			r := watched(t, w, "")
			r.report(t, 43)
			release := w.DNS.Hold("example.com")
			return r, func() bool { return w.DNS.Queries("example.com") > 0 }, release
		}, digesting, func(t *testing.T, r *rig) { r.digested(t) }},
		{"checking domains, for a name server", func(t *testing.T) (*rig, func() bool, func()) {
			w := domaintest.New(t)
			w.Domain("example.com")
			r := watched(t, w, "")
			release := w.DNS.Hold("example.com")
			return r, func() bool { return w.DNS.Queries("example.com") > 0 }, release
		}, func(*testing.T) func(context.Context, *daemon) { return checking }, func(t *testing.T, r *rig) { r.checked(t, true) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, waits, release := tt.make(t)
			job := tt.job(t)
			r.work(t, func(w *daemon) {
				ctx, stop := context.WithCancel(t.Context())
				var working sync.WaitGroup
				working.Go(func() { job(ctx, w) })
				defer working.Wait()
				defer stop()
				imaptest.Eventually(t, "somebody is waited for", waits)
			}, "stopped while somebody is waited for")
			release()
			r.work(t, func(w *daemon) { job(t.Context(), w) }, "started again")
			tt.done(t, r)
		})
	}
}

// A worker that is stopped before it has opened its database has nothing to say
// either.
func TestAWorkerThatIsStoppedAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"--config", filepath.Join(r.dir, "config.toml"), "--log-level", "warn", "run"}, &stdout, &stderr)
	if code != exitDone || stderr.Len() > 0 {
		t.Errorf("exit status %d, and it says:\n%s", code, stderr.String())
	}
}
