package poller_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"tlsbrief/internal/dkim"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
)

// switchedKeys sign mail of sender.example, and look up the keys for it in a DNS
// whose answer can be changed.
type switchedKeys struct {
	t      *testing.T
	key    *samples.Key
	answer atomic.Value // string: see lookup
	asked  atomic.Int64
}

func newSwitchedKeys(t *testing.T) *switchedKeys {
	key, err := samples.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	k := &switchedKeys{t: t, key: key}
	k.set("fails")
	return k
}

func (k *switchedKeys) set(answer string) { k.answer.Store(answer) }

func (k *switchedKeys) sign(mail []byte) []byte { return k.signAs(signer, "s", mail) }

func (k *switchedKeys) signAs(domain, selector string, mail []byte) []byte {
	k.t.Helper()
	signed, err := k.key.Sign(mail, samples.Signature{Domain: domain, Selector: selector, At: reportDay.Add(24 * time.Hour)})
	if err != nil {
		k.t.Fatal(err)
	}
	return signed
}

func (k *switchedKeys) lookup(ctx context.Context, _ string) ([]string, error) {
	k.asked.Add(1)
	switch k.answer.Load() {
	case "pass":
		return []string{k.key.Record("")}, nil
	case "gone":
		return nil, fmt.Errorf("%w: gone", dkim.ErrNoRecord)
	case "silent":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, errors.New("SERVFAIL")
}

func (k *switchedKeys) authenticate() func(*options) {
	return authenticate(k.lookup, ingest.Vouching{})
}

func lookupTime(d time.Duration) func(*options) {
	return func(o *options) { o.Reading.LookupTime = d }
}

func (r *rig) retryUnknown() {
	r.t.Helper()
	if err := r.p.RetryUnknown(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// M-E3: what is tried again shares the time with the new mail of its poll, and the
// domains that did not answer then are not asked again.
func TestRetriesShareTheTimeOfThePoll(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	keys := newSwitchedKeys(t)
	deliver(t, s, "INBOX", keys.sign(newReport(1)), keys.sign(newReport(2)), keys.sign(newReport(3)))
	r := newRig(t, s, keys.authenticate(), lookupTime(200*time.Millisecond))
	r.poll(ingest.Totals{Examined: 3, Recorded: 3})
	if n := keys.asked.Load(); n != 1 {
		t.Errorf("asked %d times for one key", n)
	}
	keys.set("silent")
	deliver(t, s, "INBOX", keys.sign(newReport(4)))
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	r.retryUnknown() // the three
	if n := keys.asked.Load(); n != 2 {
		t.Errorf("asked %d times after the second poll, want once more, for the new mail", n)
	}
	unknown, err := r.db.UnknownMessages(t.Context())
	if err != nil || len(unknown) != 4 {
		t.Fatalf("%d messages are to be tried again, %v; want 4", len(unknown), err)
	}
	tries := map[int]int{}
	for _, u := range unknown {
		tries[u.Attempts]++
	}
	if tries[2] != 3 || tries[1] != 1 {
		t.Errorf("attempts %v, want 2 of three and 1 of the new one", tries)
	}
}

func TestWhatThisPollRecordedIsNotTriedAgainBeforeTheNext(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	keys := newSwitchedKeys(t)
	deliver(t, s, "INBOX", keys.sign(newReport(1)))
	r := newRig(t, s, keys.authenticate())
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	r.retryUnknown()
	if n := keys.asked.Load(); n != 1 {
		t.Errorf("asked %d times within one poll, want once", n)
	}
	keys.set("pass")
	r.poll(ingest.Totals{})
	r.retryUnknown()
	r.want(id(1) + " pass")
}

func TestAnswerThatWouldRefuseTheReportIsTakenAllTheSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		change       func(*options)
		answer, want string
	}{
		{"authenticity is required", func(o *options) { o.Reading.Require = true }, "gone", "fail key-gone"},
		{"the signer is ignored since", func(o *options) { o.Reading.IgnoreSigners = []string{"sender.example"} }, "pass", "fail ignored-signer"},
		{"the domain is not one's own any more", func(o *options) { o.Reading.Domains = []string{"elsewhere.example"} }, "pass", "pass"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Memory(t)
			keys := newSwitchedKeys(t)
			deliver(t, s, "INBOX", keys.sign(newReport(1)))
			r := newRig(t, s, keys.authenticate())
			r.poll(ingest.Totals{Examined: 1, Recorded: 1})
			r.change(tt.change)
			keys.set(tt.answer)
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
	keys := newSwitchedKeys(t)
	deliver(t, s, "INBOX", keys.sign(newReport(1)))
	r := newRig(t, s, keys.authenticate())
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	keys.set("silent")
	ctx, cancel := context.WithCancel(t.Context())
	stopping := func(ctx context.Context, name string) ([]string, error) {
		cancel()
		return keys.lookup(ctx, name)
	}
	r.change(authenticate(stopping, ingest.Vouching{}))
	if err := r.p.RetryUnknown(ctx); err != nil {
		t.Fatal(err)
	}
	if all, err := r.db.UnknownMessages(t.Context()); err != nil || len(all) != 1 || all[0].Attempts != 1 {
		t.Errorf("UnknownMessages = %+v, %v; want one, not tried since", all, err)
	}
}
