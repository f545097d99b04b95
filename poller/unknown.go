package poller

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// reasonIgnored is the reason of a report whose signer, known at last, is one of
// Reading.IgnoreSigners.
const reasonIgnored = "ignored-signer"

// maxRetryRounds bounds how often RetryUnknown reads what is due, some hundred
// messages each time.
const maxRetryRounds = 20

// RetryUnknown authenticates once more what DNS gave no answer for when it was
// recorded, whatever mailbox it came from: what is due by now, but not what the
// last poll has only just recorded. It takes what that poll left of
// Options.LookupTime, and does not ask domains that did not answer then. Where
// little time is left only some are tried; the rest is for the next call.
func (p *Poller) RetryUnknown(ctx context.Context) error {
	if p.o.Reading.Authenticate == nil {
		return nil
	}
	keys := p.keys.Load()
	if keys == nil {
		keys = p.newKeys(p.o.LookupTime)
	}
	reader := tlsrpt.NewReader(p.o.Reading.Limits)
	var errs []error
	for range maxRetryRounds {
		unknown, err := p.o.DB.UnknownDue(ctx, p.before.Load())
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("reading which reports are still to be authenticated: %w", err))...)
		}
		if len(unknown) == 0 {
			break
		}
		err = p.retryUnknown(ctx, keys, reader, unknown)
		if ctx.Err() != nil {
			break // told to stop
		}
		errs = append(errs, err)
		if err != nil || !keys.plenty() {
			break
		}
	}
	return errors.Join(errs...)
}

// retryUnknown authenticates messages once more, and records what is known then.
func (p *Poller) retryUnknown(ctx context.Context, keys *keyLookups, reader *tlsrpt.Reader, unknown []report.Retry) error {
	var errs []error
	var wanted []wantedKey
	kept := make([]keptCase, 0, len(unknown))
	tried := make([]report.Retry, 0, len(unknown))
	for _, r := range unknown {
		k, err := p.keptOf(reader, &r)
		if err != nil {
			// Nothing will come of it: its reports have failed.
			errs = append(errs, fmt.Errorf("authenticating the reports of %s, folder %q, UID %d again: %w", r.Mailbox, r.Folder, r.UID, err))
			k, r.Reports = keptCase{}, nil
		}
		kept, tried = append(kept, k), append(tried, r)
		for _, c := range k.Cases {
			wanted = append(wanted, c.keys()...)
		}
	}
	found := keys.find(ctx, wanted)
	if ctx.Err() != nil {
		return nil // "unknown" would not be DNS's answer
	}
	decisions := make([]report.Decision, len(tried))
	for i, r := range tried {
		decisions[i] = p.decide(r, kept[i], answersOf(found))
	}
	if err := p.o.DB.Authenticated(detached(ctx), decisions...); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// decide says what is known now of the reports of a message.
func (p *Poller) decide(r report.Retry, k keptCase, key func(name string) ([]string, error)) report.Decision {
	auths, left := judgeAll(k.Cases, key)
	d := report.Decision{Message: r.ID, Answers: make([]report.ReportAnswer, len(r.Reports))}
	for i, rep := range r.Reports {
		a := auths[k.Of[i]]
		if p.o.Reading.ignores(a) {
			a.Result, a.Reason = report.AuthFail, reasonIgnored
		}
		d.Answers[i] = report.ReportAnswer{Identity: rep.Identity, Content: rep.Content, Auth: a}
	}
	// With the keys that answered, the others are all that is left to ask for.
	if now := (keptCase{Cases: left, Of: k.Of}).bytes(); !bytes.Equal(now, r.Kept) {
		d.Kept = now
	}
	return d
}

// keptOf returns what was kept of a message. One that was kept whole is read once
// more; its reports are then those that the reader finds now.
func (p *Poller) keptOf(reader *tlsrpt.Reader, r *report.Retry) (keptCase, error) {
	if len(r.Raw) == 0 {
		return keptOf(r.Kept, len(r.Reports))
	}
	d, err := p.readMail(reader, incoming{place: r.Place, data: r.Raw, received: r.ReceivedAt})
	if err != nil {
		return keptCase{}, err
	}
	r.Raw, r.Reports = nil, make([]report.ReportKey, len(d.reports))
	for i, rep := range d.reports {
		r.Reports[i] = report.ReportKey{Identity: rep.Identity(), Content: rep.Content()}
	}
	return keptCase{Cases: d.cases, Of: d.of}, nil
}
