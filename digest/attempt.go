package digest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"tlsbrief/internal/mailer"
	"tlsbrief/internal/report"
)

// How long a mail that could not be sent waits for its next try, and for how
// long it is tried. RFC 5321, section 4.5.4.1, asks for four to five days.
const (
	firstBackoff = 5 * time.Minute
	lastBackoff  = 6 * time.Hour
	giveUpAfter  = 5 * 24 * time.Hour
)

// saveFor bounds how long writing down what became of a mail may take once the
// work is being stopped.
const saveFor = 30 * time.Second

// attempt hands a mail to the server for some of its recipients and writes down
// what became of it. The error names the digest, each recipient without the
// mail, and what happens next.
func (d *Digester) attempt(ctx context.Context, m report.Mail, to []int) error {
	if len(to) == 0 {
		return nil
	}
	addresses := make([]string, len(to))
	for i, at := range to {
		addresses[i] = m.Recipients[at].Address
	}
	results, err := d.o.Send(ctx, m.From, addresses, m.Data)
	if err != nil && ctx.Err() != nil {
		return interrupted(m, err)
	}
	now := d.o.Now()
	f := &failedAttempt{digest: m.Digest, messageID: m.MessageID}
	var stop error // why some recipients were not served, where that is no failure
	settled := 0
	for i, at := range to {
		fault := err
		if fault == nil {
			fault = resultOf(results, addresses[i])
		}
		if fault != nil && ctx.Err() != nil && errors.Is(fault, context.Cause(ctx)) {
			stop = fault
			continue
		}
		settled++
		f.note(&m.Recipients[at], fault, now.Sub(m.CreatedAt) >= giveUpAfter)
	}
	summary := f.summary()
	switch {
	case stop != nil && settled == 0:
		return interrupted(m, stop)
	case stop != nil: // nothing has been learned of the rest: no try was made, and the next is due when it was
		f.next, summary = m.NextAttempt, cmp.Or(summary, m.LastError)
	default:
		m.Attempts++
		if len(waiting(m)) > 0 {
			f.next = now.Add(backoff(m.Attempts))
		}
	}

	// What the server has taken must be known even where the work is stopped
	// now, or the mail would go out twice.
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveFor)
	defer cancel()
	if err := d.o.DB.SaveAttempt(save, m.ID, m.Attempts, f.next, summary, m.Recipients); err != nil {
		return fmt.Errorf("digest %q: writing down what became of <%s>: %w", m.Digest, m.MessageID, err)
	}
	switch {
	case stop != nil && len(f.faults) > 0:
		return errors.Join(f, interrupted(m, stop))
	case stop != nil:
		return interrupted(m, stop)
	case len(f.faults) > 0:
		return f
	}
	d.o.Log.Info("digest sent", "digest", m.Digest, "message_id", m.MessageID, "attempt", m.Attempts, "count", len(to))
	return nil
}

// interrupted is the error of an attempt that a stop has ended. It is none of the
// server's, and none to be remembered.
func interrupted(m report.Mail, err error) error {
	return fmt.Errorf("digest %q: sending was interrupted; it stays in the outbox: %w", m.Digest, err)
}

// resultOf returns what became of a mail for one recipient. One that the server
// was not asked about does not have it.
func resultOf(results []mailer.Result, address string) error {
	for _, r := range results {
		if r.Address == address {
			return r.Err
		}
	}
	return errors.New("the server was not asked")
}

// backoff returns how long to wait after so many attempts: five minutes, then
// twice as long each time, up to six hours, and up to a tenth more so that not
// all who wait come at once.
func backoff(attempts int) time.Duration {
	wait := lastBackoff
	if shift := max(0, attempts-1); shift < 10 {
		wait = min(lastBackoff, firstBackoff<<shift)
	}
	return wait + rand.N(wait/10)
}

// A failedAttempt is what went wrong with sending one mail.
type failedAttempt struct {
	digest, messageID string
	next              time.Time // when it is tried again; zero: never
	faults            []error
	refused           bool
}

// note writes down what became of a mail for one recipient. Who has it keeps
// it, whatever a resend came to. What may get through later waits, unless the
// mail is too old.
func (f *failedAttempt) note(r *report.Recipient, fault error, tooOld bool) {
	if fault == nil {
		r.State, r.Error = report.DeliverySent, ""
		return
	}
	f.faults = append(f.faults, fmt.Errorf("<%s>: %w", r.Address, fault))
	r.Error = fault.Error()
	switch {
	case r.State == report.DeliverySent:
		return
	case !mailer.Temporary(fault):
		r.State, f.refused = report.DeliveryRefused, true
	case tooOld:
		r.State, f.refused = report.DeliveryRefused, true
		r.Error = "given up after five days: " + r.Error
	default:
		r.State = report.DeliveryWaiting
	}
}

// summary returns the faults in one line, empty where there are none.
func (f *failedAttempt) summary() string {
	lines := make([]string, len(f.faults))
	for i, err := range f.faults {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "; ")
}

// Error says what failed and what happens next.
func (f *failedAttempt) Error() string {
	s := fmt.Sprintf("digest %q: not sent to %s", f.digest, f.summary())
	if !f.next.IsZero() {
		s += "; the next try is at " + f.next.UTC().Format(time.RFC3339)
	}
	if f.refused {
		s += fmt.Sprintf("; refused for good: mend the address or the server's rules, then send it again with: tlsbrief digest --resend '%s'", f.messageID)
	}
	return s
}

// Unwrap returns what went wrong for each recipient.
func (f *failedAttempt) Unwrap() []error { return f.faults }
