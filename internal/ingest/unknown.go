package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"tlsbrief/internal/report"
)

// maxRetryRounds bounds how often RetryUnknown reads what is due, some hundred
// messages each time.
const maxRetryRounds = 20

// RetryUnknown authenticates once more what DNS gave no answer for when it was
// recorded, wherever it came from: what is due by now, up to a message row. Where little
// time is left to the look-ups only some are tried; the rest is for the next call.
func (in *Ingester) RetryUnknown(ctx context.Context, lookups *Lookups, upTo int64) error {
	if in.o.Keys == nil {
		return nil
	}
	reader := in.NewReader()
	var errs []error
	for range maxRetryRounds {
		unknown, err := in.o.Recorder.UnknownDue(ctx, upTo)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("reading which reports are still to be authenticated: %w", err))...)
		}
		if len(unknown) == 0 {
			break
		}
		err = in.retryUnknown(ctx, lookups, reader, unknown)
		if ctx.Err() != nil {
			break // told to stop
		}
		errs = append(errs, err)
		if err != nil || !lookups.plenty() {
			break
		}
	}
	return errors.Join(errs...)
}

// retryUnknown authenticates messages once more, and records what is known then.
func (in *Ingester) retryUnknown(ctx context.Context, lookups *Lookups, reader *Reader, unknown []report.Retry) error {
	var errs []error
	var wanted []wantedKey
	kept := make([]keptCase, 0, len(unknown))
	tried := make([]report.Retry, 0, len(unknown))
	for _, r := range unknown {
		k, err := in.keptOf(reader, &r)
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
	found := lookups.find(ctx, wanted)
	if ctx.Err() != nil {
		return nil // "unknown" would not be DNS's answer
	}
	decisions := make([]report.Decision, len(tried))
	for i, r := range tried {
		decisions[i] = in.decide(r, kept[i], answersOf(found))
	}
	if err := in.o.Recorder.Authenticated(context.WithoutCancel(ctx), decisions...); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// decide says what is known now of the reports of a message.
func (in *Ingester) decide(r report.Retry, k keptCase, key keyFunc) report.Decision {
	auths, left := judgeAll(k.Cases, key)
	d := report.Decision{Message: r.ID, Answers: make([]report.ReportAnswer, len(r.Reports))}
	for i, rep := range r.Reports {
		a := auths[k.Of[i]]
		if in.ignores(a) {
			a.Result, a.Reason = report.AuthFail, report.ReasonIgnoredSigner
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
func (in *Ingester) keptOf(reader *Reader, r *report.Retry) (keptCase, error) {
	if len(r.Raw) == 0 {
		return keptOf(r.Kept, len(r.Reports))
	}
	d, err := reader.Read(r.Raw, Origin{Place: r.Place, Received: r.ReceivedAt})
	if err != nil {
		return keptCase{}, err
	}
	r.Raw, r.Reports = nil, make([]report.ReportKey, len(d.reports))
	for i, rep := range d.reports {
		r.Reports[i] = report.ReportKey{Identity: rep.Identity(), Content: rep.Content()}
	}
	return keptCase{Cases: d.cases, Of: d.caseOf}, nil
}
