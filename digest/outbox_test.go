package digest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/mailer"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/smtpsink"
)

// startSink starts a server with faults.
func startSink(t *testing.T, faults ...smtpsink.Fault) *smtpsink.Sink {
	t.Helper()
	sink, err := smtpsink.Start(smtpsink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	if err := sink.SetFaults(faults...); err != nil {
		t.Fatal(err)
	}
	return sink
}

// toSink returns a digester that sends to a sink, to three recipients.
func (r *rig) toSink(sink *smtpsink.Sink, change func(*digest.Options)) *digest.Digester {
	r.t.Helper()
	m := mailer.New(mailer.Options{Host: sink.Host(), Port: sink.Port(), TLS: netclient.TLSNone, Timeout: 10 * time.Second})
	return r.digester(func(o *digest.Options) {
		o.Send = m.Send
		o.Fallback = []string{"a@example.com", "b@example.com", "c@example.com"}
		if change != nil {
			change(o)
		}
	})
}

// clearReport is a report of one day without failures.
func clearReport(day string) given {
	return given{
		From: day, Organization: "Google Inc.", Signer: "google.com",
		Policies: []givenPolicy{{Type: "sts", Domain: "example.com", Mode: "enforce", OK: 10}},
	}
}

func TestRefusedForNowIsSentLaterByteForByte(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	sink := startSink(t, smtpsink.Fault{Step: smtpsink.Body, Code: 451, Text: "4.7.1 later"})
	d := r.toSink(sink, nil)

	err := d.RunDue(r.ctx)
	if err == nil || !strings.Contains(err.Error(), `digest "all"`) || !strings.Contains(err.Error(), "a@example.com") || !strings.Contains(err.Error(), "the next try is at 2026-11-23T07:05") {
		t.Fatalf("RunDue = %v, want an error that names digest, recipient and the next try", err)
	}
	waiting := r.outbox()
	if len(waiting) != 1 || waiting[0].Attempts != 1 {
		t.Fatalf("the outbox holds %+v, want one mail tried once", waiting)
	}
	if err := sink.SetFaults(); err != nil {
		t.Fatal(err)
	}
	if err := d.RunDue(r.ctx); err != nil || len(sink.Mails()) != 0 {
		t.Fatalf("RunDue before the time = %v with %d mails, want nothing to happen", err, len(sink.Mails()))
	}
	r.clock.set(at(t, "2026-11-23T07:06:00Z"))
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatalf("RunDue at its time = %v", err)
	}
	mails := sink.Mails()
	if len(mails) != 1 || len(mails[0].To) != 3 {
		t.Fatalf("the server has %d mails, want one for three", len(mails))
	}
	if string(mails[0].Data) != string(waiting[0].Data) {
		t.Error("the bytes sent are not those that were put into the outbox")
	}
	if got := header(t, mails[0].Data, "Message-ID"); got != "<"+waiting[0].MessageID+">" {
		t.Errorf("Message-ID = %s, want <%s>", got, waiting[0].MessageID)
	}
	r.clock.set(at(t, "2026-11-23T09:00:00Z"))
	if err := d.RunDue(r.ctx); err != nil || len(sink.Mails()) != 1 {
		t.Errorf("a further RunDue = %v with %d mails, want nothing to happen", err, len(sink.Mails()))
	}
	if state, err := r.db.DigestState(r.ctx, "all"); err != nil || state.LastSent.IsZero() {
		t.Errorf("the digest's state = %+v, %v, want it to be sent", state, err)
	}
}

func TestTheCommandDoesNotWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	sink := startSink(t, smtpsink.Fault{Step: smtpsink.Greeting, Times: 1, Code: 421, Text: "4.3.2 busy"})
	d := r.toSink(sink, nil)
	if err := d.Run(r.ctx, "all"); err == nil {
		t.Fatal("Run against a busy server gave no error")
	}
	if err := d.Run(r.ctx, "all"); err != nil || len(sink.Mails()) != 1 {
		t.Errorf("Run again at once = %v with %d mails, want the mail sent", err, len(sink.Mails()))
	}
	if err := d.Run(r.ctx, "nobody"); !errors.Is(err, digest.ErrUnknownDigest) {
		t.Errorf("Run of an unknown digest = %v, want ErrUnknownDigest", err)
	}
}

func TestOneOfThreeRecipientsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	sink := startSink(t,
		smtpsink.Fault{Step: smtpsink.Rcpt, Address: "b@example.com", Code: 550, Text: "5.1.1 no such user"},
		smtpsink.Fault{Step: smtpsink.Rcpt, Address: "c@example.com", Times: 1, Code: 450, Text: "4.2.1 mailbox busy"})
	d := r.toSink(sink, nil)
	err := d.RunDue(r.ctx)
	if err == nil || !strings.Contains(err.Error(), "b@example.com") || !strings.Contains(err.Error(), "--resend") {
		t.Fatalf("RunDue = %v, want an error that names who was refused and how to send again", err)
	}
	r.clock.set(at(t, "2026-11-23T08:00:00Z"))
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatalf("the second try = %v, want only the one refused for now to be tried", err)
	}
	mails := sink.Mails()
	if len(mails) != 2 || strings.Join(mails[0].To, " ") != "a@example.com" || strings.Join(mails[1].To, " ") != "c@example.com" {
		t.Fatalf("the server took %+v, want one mail for a, then one for c", recipientsOf(mails))
	}
	failed, err := r.db.FailedMails(r.ctx)
	if err != nil || len(failed) != 1 || failed[0].Recipients[1].State != report.DeliveryRefused {
		t.Fatalf("FailedMails = %+v, %v, want the one with b refused", failed, err)
	}

	if err := sink.SetFaults(); err != nil {
		t.Fatal(err)
	}
	if err := d.Resend(r.ctx, "<"+failed[0].MessageID+">"); err != nil {
		t.Fatalf("Resend = %v", err)
	}
	mails = sink.Mails()
	if len(mails) != 3 || strings.Join(mails[2].To, " ") != "b@example.com" || string(mails[2].Data) != string(mails[0].Data) {
		t.Errorf("Resend sent to %+v, want the same bytes to b", recipientsOf(mails))
	}
	if err := d.Resend(r.ctx, failed[0].MessageID); err != nil || len(sink.Mails()[3].To) != 3 {
		t.Errorf("Resend of what all have = %v, want it sent to all again", err)
	}
	if err := d.Resend(r.ctx, "nobody@example.com"); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("Resend of an unknown mail = %v, want ErrNotFound", err)
	}
}

func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	sink := startSink(t, smtpsink.Fault{Step: smtpsink.Body, Code: 554, Text: "5.7.1 no"})
	d := r.toSink(sink, nil)
	if err := d.RunDue(r.ctx); err == nil || strings.Contains(err.Error(), "next try") {
		t.Fatalf("RunDue = %v, want an error without a next try", err)
	}
	if err := sink.SetFaults(); err != nil {
		t.Fatal(err)
	}
	if err := d.Run(r.ctx, ""); err != nil || len(sink.Mails()) != 0 {
		t.Errorf("Run afterwards = %v with %d mails, want nothing to happen", err, len(sink.Mails()))
	}
}

func TestGivenUpAfterFiveDays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	tries := 0
	d := r.digester(func(o *digest.Options) {
		o.Digests = []digest.Spec{{Name: "once", Domains: []string{"example.com"}, To: []string{"owner@example.com"}, Schedule: "monthly"}}
		o.Send = func(context.Context, string, []string, []byte) ([]mailer.Result, error) {
			tries++
			return nil, errors.New("no route to host")
		}
	})
	start := at(t, "2026-11-23T07:00:00Z")
	var gaps []time.Duration
	last := start
	step := 5 * time.Minute
	for now := start; now.Before(start.Add(7 * 24 * time.Hour)); now = now.Add(step) {
		if now.Sub(start) > 2*time.Hour {
			step = time.Hour
		}
		r.clock.set(now)
		before := tries
		err := d.RunDue(r.ctx)
		if (err != nil) != (tries > before) {
			t.Fatalf("RunDue at %s = %v after %d tries", now, err, tries)
		}
		if tries > before && now.After(start) {
			gaps = append(gaps, now.Sub(last))
			last = now
		}
	}
	if tries < 20 || tries > 35 {
		t.Errorf("%d tries in five days, want the time between them to double up to six hours", tries)
	}
	if gaps[0] < 5*time.Minute || gaps[0] > 10*time.Minute || gaps[1] < gaps[0] || gaps[2] <= gaps[0] {
		t.Errorf("the first waits are %v, want five minutes, then more", gaps[:3])
	}
	for _, g := range gaps {
		if g > 8*time.Hour {
			t.Errorf("a wait of %v, want six hours at most, a tenth, and the hour between looks", g)
		}
	}
	if stopped := last.Sub(start); stopped < 4*24*time.Hour+18*time.Hour || stopped > 5*24*time.Hour+8*time.Hour {
		t.Errorf("the last try was after %v, want five days", stopped)
	}
	failed, err := r.db.FailedMails(r.ctx)
	if err != nil || len(failed) != 1 || !strings.Contains(failed[0].Recipients[0].Error, "five days") {
		t.Errorf("FailedMails = %+v, %v, want the mail given up with the reason", failed, err)
	}
}

func TestCrashBetweenOutboxAndSending(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	crash, cancel := context.WithCancel(r.ctx)
	r.send = func(ctx context.Context, _ string, _ []string, _ []byte) ([]mailer.Result, error) {
		cancel() // the process dies before the server has the mail
		return nil, ctx.Err()
	}
	if err := r.digester(nil).RunDue(crash); !errors.Is(err, context.Canceled) {
		t.Fatalf("RunDue of the dying process = %v", err)
	}
	written := r.outbox()
	if len(written) != 1 || written[0].Attempts != 0 {
		t.Fatalf("the outbox holds %+v, want the mail, not tried", written)
	}
	r.db.Close()
	r.open()
	r.send = nil
	r.clock.set(at(t, "2026-11-23T07:00:30Z"))
	d := r.digester(nil)
	for range 2 {
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatalf("RunDue of the new process = %v", err)
		}
	}
	sent := r.taken()
	if len(sent) != 1 || sent[0].Data != string(written[0].Data) {
		t.Errorf("%d mails were sent, want one with the bytes of the outbox", len(sent))
	}
}

func TestWhatTheServerTookIsKnownThoughTheWorkIsStopped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	stop, cancel := context.WithCancel(r.ctx)
	d := r.digester(func(o *digest.Options) {
		o.Send = func(_ context.Context, _ string, to []string, data []byte) ([]mailer.Result, error) {
			cancel()
			r.keep("", to, data)
			return []mailer.Result{{Address: to[0]}}, nil
		}
	})
	if err := d.RunDue(stop); err != nil {
		t.Fatalf("RunDue = %v", err)
	}
	if waiting := r.outbox(); len(waiting) != 0 {
		t.Errorf("the outbox still holds %d mails, so the mail would go out twice", len(waiting))
	}
}

// A stop in the middle of a mail is no failed attempt: what the server has said
// stands, and the others' mail is due at the next start.
func TestAStopInTheMiddleOfAMailIsNoFailedAttempt(t *testing.T) {
	t.Parallel()
	refused := &mailer.Error{Step: mailer.StepRcpt, Code: 550, Err: errors.New("no such user")}
	for _, tt := range []struct {
		name   string
		first  error // of the first recipient; nil: stopped, too
		failed int
	}{{"nobody was answered", nil, 0}, {"one was refused", refused, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.record(clearReport("2026-11-22"))
			why := errors.New("the worker is stopping")
			stop, cancel := context.WithCancelCause(r.ctx)
			d := r.digester(func(o *digest.Options) {
				o.Fallback = []string{"one@example.com", "other@example.com"}
				o.Send = func(ctx context.Context, _ string, to []string, _ []byte) ([]mailer.Result, error) {
					cancel(why)
					stopped := &mailer.Error{Step: mailer.StepData, Temporary: true, Err: fmt.Errorf("stopped: %w", context.Cause(ctx))}
					results := []mailer.Result{{Address: to[0], Err: stopped}, {Address: to[1], Err: stopped}}
					if tt.first != nil {
						results[0].Err = tt.first
					}
					return results, nil
				}
			})
			if err := d.RunDue(stop); !errors.Is(err, why) || errors.Is(err, refused) != (tt.failed > 0) {
				t.Errorf("RunDue = %v, want the stop and what the server said", err)
			}
			waiting := r.outbox()
			if len(waiting) != 1 || waiting[0].Attempts != 0 || waiting[0].NextAttempt.After(r.clock.now()) {
				t.Errorf("the outbox holds %+v, want the mail, not tried and due", waiting)
			}
			failed, err := r.db.FailedMails(r.ctx)
			if err != nil || len(failed) != tt.failed {
				t.Errorf("%d mails are refused for somebody, %v; want %d", len(failed), err, tt.failed)
			}
		})
	}
}

// outbox returns what waits.
func (r *rig) outbox() []report.Mail {
	r.t.Helper()
	mails, err := r.db.Outbox(r.ctx, time.Time{})
	if err != nil {
		r.t.Fatal(err)
	}
	return mails
}

// recipientsOf lists the recipients of mails.
func recipientsOf(mails []smtpsink.Mail) [][]string {
	var out [][]string
	for _, m := range mails {
		out = append(out, m.To)
	}
	return out
}

func TestARecipientNamedTwiceGetsOneMail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(func(o *digest.Options) {
		o.Fallback = []string{"owner@example.com", "owner@EXAMPLE.com", "owner@example.com", "other@example.com"}
	})
	r.record(clearReport("2026-11-22"))
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatalf("RunDue: %v", err)
	}
	sent := r.taken()
	if len(sent) != 1 || len(sent[0].To) != 2 {
		t.Errorf("sent %+v, want one mail to two", sent)
	}
}
