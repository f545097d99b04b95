package poller

import (
	"context"
	"fmt"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A fault of ours that one message brings to light would end the process, and
// the next one as well, at the same message. These are the outermost guards;
// nothing in this package panics on purpose.

// readMail reads a message, by the configuration. Where that panics, the message
// is refused, and the stack is in the log.
func (p *Poller) readMail(r *tlsrpt.Reader, in incoming) (*draft, error) {
	return p.readAs(p.o.Reading, r, in)
}

func (p *Poller) readAs(rd Reading, r *tlsrpt.Reader, in incoming) (d *draft, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			d, err = whole(p.faulty(report.Message{Place: in.place, ReceivedAt: in.received}, fault)), nil
		}
	}()
	return rd.read(r, in)
}

// guarded runs work on a mailbox, and returns a panic in it as an error.
func (p *Poller) guarded(ctx context.Context, w *worker, work func(context.Context, *worker) error) (err error) {
	failed := true
	err = p.shielded(func() error {
		err := w.locked(ctx, work)
		failed = false
		return err
	})
	if failed {
		return w.failed(ctx, fmt.Errorf("mailbox %q: %w", w.box.Name, err))
	}
	return err
}
