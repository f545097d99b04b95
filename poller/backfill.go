package poller

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
)

// A Backfill says which history to read.
type Backfill struct {
	Mailbox       string    // only this one, if set
	Since, Before time.Time // by arrival, UTC: Since inclusive, Before exclusive; zero: no bound
	Mark          bool      // mark what is recorded, as a poll does
}

// Backfill reads the whole history of the mailboxes once. One that was stopped
// half way goes on where it was; a finished one forgets how far it came, so
// that the next reads everything again. One of a limited time always begins
// anew. It never moves the poll's cursor (DESIGN 5).
func (p *Poller) Backfill(ctx context.Context, b Backfill) (ingest.Result, error) {
	return p.forEachMailbox(ctx, b.Mailbox, p.o.Ingest.BackfillLookups(), false, func(f *folder, ctx context.Context) error { return f.backfill(ctx, b) })
}

// backfill reads the folder's history from its backfill cursor on.
func (f *folder) backfill(ctx context.Context, b Backfill) error {
	if err := f.conn.connect(ctx); err != nil { // anew where the folder before broke the connection
		return err
	}
	known, err := f.store.Folder(ctx, f.config.Name, f.name)
	if err != nil {
		return fmt.Errorf("reading its cursor: %w", err)
	}
	st, err := f.conn.session.Examine(ctx, f.name)
	if err != nil {
		return err
	}
	// The cursor says that everything up to it was looked at. What looks only at
	// a time must neither say so nor rely on it.
	whole := b.Since.IsZero() && b.Before.IsZero()
	from := uint32(1)
	if c := known.Backfill; whole && holds(c, st) {
		from = c.LastUID + 1
		f.log.Info("going on with the backfill that was stopped", "uid", from)
	}
	scan := f.newScan(report.ViaBackfill, st, b.Mark && f.config.After != AfterNone)
	scan.ranged, scan.from, scan.advance = true, from, whole
	scan.since, scan.before = b.Since, b.Before
	scan.intake.done = f.progress(int64(st.Messages))
	if whole {
		scan.end = &report.Cursor{UIDValidity: st.UIDValidity, LastUID: max(st.UIDNext, 1) - 1}
	}
	if err := scan.run(ctx); err != nil {
		return err
	}
	if b.Mark {
		if err := f.markOwed(ctx, st.UIDValidity); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	if err := f.store.ForgetBackfill(ctx, f.config.Name, f.name); err != nil {
		return fmt.Errorf("forgetting the cursor of the finished backfill: %w", err)
	}
	return nil
}

// progress returns a function that reports n messages more of total as done.
func (f *folder) progress(total int64) func(n int64) {
	p := f.mailbox.p
	if p.o.Progress == nil {
		return nil
	}
	var done int64
	return func(n int64) {
		done += n
		p.progressMu.Lock()
		defer p.progressMu.Unlock()
		p.o.Progress(Progress{Mailbox: f.config.Name, Folder: f.name, Done: min(done, total), Total: total})
	}
}
