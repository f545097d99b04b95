package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tlsbrief/internal/report"
)

// sendWaiting tries the mails that wait and may be tried by the given time (zero:
// all of them), of one digest or, with an empty name, of all.
func (d *Digester) sendWaiting(ctx context.Context, name string, dueBy time.Time) error {
	mails, err := d.o.DB.Outbox(ctx, dueBy)
	if err != nil {
		return fmt.Errorf("reading the outbox: %w", err)
	}
	var faults []error
	for _, m := range mails {
		if name != "" && m.Digest != name {
			continue
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(append(faults, err)...)
		}
		if err := d.attempt(ctx, m, waiting(m)); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// waiting returns the places in m.Recipients of those still to be served.
func waiting(m report.Mail) []int { return withState(m, report.DeliveryWaiting) }

// withState returns the places in m.Recipients of those in one of the states.
func withState(m report.Mail, states ...report.Delivery) []int {
	var out []int
	for i, r := range m.Recipients {
		for _, s := range states {
			if r.State == s {
				out = append(out, i)
			}
		}
	}
	return out
}

// Resend sends the same bytes of a mail again, whatever became of it: to those
// recipients that do not have it, or to all if they all do. The Message-ID may
// stand in angle brackets.
func (d *Digester) Resend(ctx context.Context, messageID string) error {
	m, err := d.o.DB.MailByMessageID(ctx, strings.Trim(strings.TrimSpace(messageID), "<>"))
	if err != nil {
		return fmt.Errorf("looking for the digest with Message-ID %q: %w", messageID, err)
	}
	to := withState(m, report.DeliveryWaiting, report.DeliveryRefused)
	if len(to) == 0 {
		to = withState(m, report.DeliverySent)
	}
	// A resend is a new beginning: it is not given up for being old.
	m.CreatedAt = d.o.Now()
	return d.attempt(ctx, m, to)
}
