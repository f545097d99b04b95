package poller

import (
	"context"
	"errors"
	"fmt"

	"tlsbrief/db"
	"tlsbrief/tlsrpt"
)

// reasonIgnored is the reason of a report whose signer, known at last, is one of
// Reading.IgnoreSigners.
const reasonIgnored = "ignored-signer"

// RetryUnknown authenticates once more what DNS gave no answer for when it was
// recorded, whatever mailbox it came from: what is due by now, but not what the
// last poll has only just recorded. A DNS server that is silent takes many seconds
// a message, so it ends after Options.RetryFor; the rest is for the next call.
func (p *Poller) RetryUnknown(ctx context.Context) error {
	if p.o.Reading.Authenticate == nil {
		return nil
	}
	unknown, err := p.o.DB.UnknownDue(ctx, p.before.Load())
	if err != nil {
		return fmt.Errorf("reading which reports are still to be authenticated: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, p.o.RetryFor)
	defer cancel()
	reader := tlsrpt.NewReader(p.o.Reading.Limits)
	var errs []error
	for _, r := range unknown {
		if limited.Err() != nil {
			break
		}
		answers, err := p.answers(limited, reader, r)
		if ctx.Err() != nil {
			break // told to stop: "unknown" would not be DNS's answer
		}
		if err == nil {
			// Where the time ran out, too: it takes its turn behind the others.
			err = p.o.DB.Authenticated(detached(ctx), r.ID, answers)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("authenticating the reports of %s, folder %q, UID %d again: %w", r.Mailbox, r.Folder, r.UID, err))
		}
	}
	return errors.Join(errs...)
}

// answers says what is known now of the authenticity of each report of a message.
func (p *Poller) answers(ctx context.Context, reader *tlsrpt.Reader, r db.Retry) ([]db.ReportAnswer, error) {
	// They are recorded, and what is not wanted any more is not to vanish.
	all := p.o.Reading
	all.Require, all.Domains, all.IgnoreSigners = false, nil, nil
	m, _, err := p.readAs(ctx, all, reader, incoming{place: r.Place, data: r.Raw, received: r.ReceivedAt})
	if err != nil {
		return nil, err
	}
	answers := make([]db.ReportAnswer, len(m.Reports))
	for i, rep := range m.Reports {
		if p.o.Reading.ignores(rep.Auth) {
			rep.Auth.Result, rep.Auth.Reason = db.AuthFail, reasonIgnored
		}
		answers[i] = db.ReportAnswer{Identity: rep.Identity(), Content: rep.Content(), Auth: rep.Auth}
	}
	return answers, nil
}
