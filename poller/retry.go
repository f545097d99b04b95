package poller

import (
	"context"
	"errors"
	"fmt"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
	"tlsbrief/tlsrpt"
)

// maxAttempts is how many polls try to get the body of a message before it is
// rejected (DESIGN 5).
const maxAttempts = 3

// retryPending asks again for the messages that yielded no body. The folder may
// have been renumbered since, so it is opened and its UIDVALIDITY compared.
func (f *folder) retryPending(ctx context.Context, pending []db.Retry) error {
	if len(pending) == 0 {
		return nil
	}
	st, err := f.session.Examine(ctx, f.name)
	if err != nil {
		return err
	}
	e := examination{folder: f, via: db.ViaPoll, validity: st.UIDValidity, mark: f.box.After != AfterNone}
	for _, r := range pending {
		if r.UIDValidity != st.UIDValidity {
			continue
		}
		if err := e.retry(ctx, r); err != nil {
			return fmt.Errorf("UID %d: %w", r.UID, err)
		}
	}
	return nil
}

// retry asks once more for one message.
func (e *examination) retry(ctx context.Context, r db.Retry) error {
	headers, err := e.session.Headers(ctx, []uint32{r.UID})
	if err != nil {
		return err
	}
	h, ok := headers[r.UID]
	if !ok {
		return e.p.o.DB.PendingFailed(ctx, r.ID, "it was deleted before its body could be read", true)
	}
	c, err := e.candidate(ctx, h)
	if err != nil {
		return err
	}
	return e.session.Bodies(ctx, []uint32{r.UID}, e.p.o.Reading.Limits.MaxMessage, func(b imapbox.Body) error {
		if b.Data == nil {
			giveUp := r.Attempts+1 >= maxAttempts
			if giveUp {
				e.counts.Rejected++
			}
			return e.p.o.DB.PendingFailed(ctx, r.ID, fmt.Sprintf("the server gave no body for it at %d polls", r.Attempts+1), giveUp)
		}
		m, ok, err := e.read(ctx, c, b)
		if err != nil {
			return err
		}
		if !ok {
			m.Refused = "its body holds no report"
		}
		o, err := e.p.o.DB.Resolve(detached(ctx), r.ID, m)
		e.counts.count(o)
		return err
	})
}

// RetryUnknown authenticates once more what DNS gave no answer for when it was
// recorded, whatever mailbox it came from.
func (p *Poller) RetryUnknown(ctx context.Context) error {
	if p.o.Reading.Authenticate == nil {
		return nil
	}
	unknown, err := p.o.DB.UnknownMessages(ctx, "", "", 0)
	if err != nil {
		return fmt.Errorf("reading which reports are still to be authenticated: %w", err)
	}
	reader := tlsrpt.NewReader(p.o.Reading.Limits)
	var errs []error
	for _, r := range unknown {
		if ctx.Err() != nil {
			break
		}
		m, _, err := p.o.Reading.read(ctx, reader, incoming{place: r.Place, data: r.Raw, received: r.ReceivedAt})
		if err == nil {
			auths := make([]db.Authenticity, len(m.Reports))
			for i, rep := range m.Reports {
				auths[i] = rep.Auth
			}
			err = p.o.DB.Authenticated(detached(ctx), r.ID, auths)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("authenticating the reports of %s, folder %q, UID %d again: %w", r.Mailbox, r.Folder, r.UID, err))
		}
	}
	return errors.Join(errs...)
}
