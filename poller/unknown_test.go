package poller_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/imaptest"
	"tlsbrief/poller"
	"tlsbrief/tlsrpt"
)

// answering is an Authenticator whose answer can be changed.
type answering struct {
	auth  atomic.Pointer[db.Authenticity] // nil: it does not answer before its context ends
	asked atomic.Int64
}

func (a *answering) set(result db.AuthResult, reason string) {
	a.auth.Store(&db.Authenticity{Result: result, Domain: "sender.example", Reason: reason})
}

func (a *answering) judge(ctx context.Context, _ tlsrpt.Found, _ time.Time) db.Authenticity {
	a.asked.Add(1)
	if auth := a.auth.Load(); auth != nil {
		return *auth
	}
	<-ctx.Done()
	return db.Authenticity{Result: db.AuthUnknown, Domain: "sender.example", Reason: "dns"}
}

func retryFor(d time.Duration) func(*poller.Options) {
	return func(o *poller.Options) { o.RetryFor = d }
}

func (r *rig) retryUnknown() {
	r.t.Helper()
	if err := r.p.RetryUnknown(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func TestSilentDNSDoesNotHoldUpTheWorkerAndEachMessageHasItsTurn(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", report(1), report(2), report(3))
	var dns answering
	dns.set(db.AuthUnknown, "dns")
	r := newRig(t, s, authenticate(dns.judge), retryFor(50*time.Millisecond))
	r.poll(poller.Totals{Examined: 3, Recorded: 3})
	dns.auth.Store(nil)
	dns.asked.Store(0)
	r.poll(poller.Totals{})
	for n := range 5 {
		start := time.Now()
		r.retryUnknown()
		if d := time.Since(start); d > testWait/2 {
			t.Fatalf("it took %s", d)
		}
		if got, want := dns.asked.Load(), int64(min(n+1, 3)); got != want {
			t.Errorf("after call %d: asked %d times, want %d: one a call, and each message once", n+1, got, want)
		}
	}
	r.want(id(1)+" unknown", id(2)+" unknown", id(3)+" unknown")
}

func TestWhatThisPollRecordedIsNotTriedAgainBeforeTheNext(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", report(1))
	var dns answering
	dns.set(db.AuthUnknown, "dns")
	r := newRig(t, s, authenticate(dns.judge))
	r.poll(poller.Totals{Examined: 1, Recorded: 1})
	r.retryUnknown()
	if n := dns.asked.Load(); n != 1 {
		t.Errorf("asked %d times within one poll, want once", n)
	}
	dns.set(db.AuthPass, "")
	r.poll(poller.Totals{})
	r.retryUnknown()
	r.want(id(1) + " pass")
}

func TestAnswerThatWouldRefuseTheReportIsTakenAllTheSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*poller.Options)
		answer db.AuthResult
		want   string
	}{
		{"authenticity is required", func(o *poller.Options) { o.Reading.Require = true }, db.AuthFail, "fail key-gone"},
		{"the signer is ignored since", func(o *poller.Options) { o.Reading.IgnoreSigners = []string{"sender.example"} }, db.AuthPass, "fail ignored-signer"},
		{"the domain is not one's own any more", func(o *poller.Options) { o.Reading.Domains = []string{"elsewhere.example"} }, db.AuthPass, "pass key-gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Memory(t)
			deliver(t, s, "INBOX", report(1))
			var dns answering
			dns.set(db.AuthUnknown, "dns")
			r := newRig(t, s, authenticate(dns.judge))
			r.poll(poller.Totals{Examined: 1, Recorded: 1})
			r.change(tt.change)
			dns.set(tt.answer, "key-gone")
			r.retryUnknown()
			if got := r.authenticity(); got != tt.want {
				t.Errorf("authenticity %q, want %q", got, tt.want)
			}
			if n, err := r.db.CountUnknown(t.Context()); n != 0 || err != nil {
				t.Errorf("%d messages are still to be tried again, %v", n, err)
			}
		})
	}
}

func TestRetryThatIsStoppedDecidesNothing(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", report(1))
	var dns answering
	dns.set(db.AuthUnknown, "dns")
	r := newRig(t, s, authenticate(dns.judge))
	r.poll(poller.Totals{Examined: 1, Recorded: 1})
	r.change()
	dns.auth.Store(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.p.RetryUnknown(ctx); err != nil {
		t.Fatal(err)
	}
	if all, err := r.db.UnknownMessages(t.Context()); err != nil || len(all) != 1 || all[0].Attempts != 1 {
		t.Errorf("UnknownMessages = %+v, %v; want one, not tried since", all, err)
	}
}
