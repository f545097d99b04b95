package poller

import (
	"context"
	"fmt"
	"runtime/debug"

	"tlsbrief/db"
	"tlsbrief/tlsrpt"
)

// A fault of ours that one message brings to light would end the process, and
// the next one as well, at the same message. These are the outermost guards;
// nothing in this package panics on purpose.

// readMail reads a message, by the configuration. Where that panics, the message
// is refused, and the stack is in the log.
func (p *Poller) readMail(ctx context.Context, r *tlsrpt.Reader, in incoming) (db.Message, bool, error) {
	return p.readAs(ctx, p.o.Reading, r, in)
}

func (p *Poller) readAs(ctx context.Context, rd Reading, r *tlsrpt.Reader, in incoming) (m db.Message, ok bool, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			p.o.Log.Error("a fault in tlsbrief: please report it; the message is rejected",
				"mailbox", in.place.Mailbox, "folder", in.place.Folder, "uid", in.place.UID, "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
			m = db.Message{Place: in.place, ReceivedAt: in.received, Refused: fmt.Sprintf("internal fault: %v", fault)}
			ok, err = true, nil
		}
	}()
	return rd.read(ctx, r, in)
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
