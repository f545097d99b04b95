package poller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/internal/backfill"
)

// filesMailbox stands for files where a mailbox's name is expected; the
// configuration keeps it free.
const filesMailbox = "files"

// BackfillFiles reads messages and report files from paths: files of the kinds
// that package backfill knows, and folders of them. Of b only Since and Before
// matter. A file that cannot be read stops no other, and is in the error.
func (p *Poller) BackfillFiles(ctx context.Context, paths []string, b Backfill) (Result, error) {
	start := time.Now()
	keys := p.newKeys(backfillLonger * p.o.LookupTime)
	defer p.logSilent(ctx, keys)
	var r Result
	var errs []error
	for _, path := range paths {
		f := &files{p: p, path: path, since: b.Since, before: b.Before,
			reader: tlsrpt.NewReader(p.o.Reading.Limits), keys: keys, counts: &Counts{Mailbox: filesMailbox, Folder: path}}
		if err := f.read(ctx); err != nil {
			f.counts.Error = err.Error()
			errs = append(errs, err)
		}
		r.add(f.counts)
		if ctx.Err() != nil {
			break
		}
	}
	p.sumUpRejected(filesMailbox)
	r.ElapsedSeconds = time.Since(start).Seconds()
	return r, errors.Join(errs...)
}

// Bounds of what is recorded at a time.
const (
	filesBatch = 500
	filesBytes = 16 << 20
)

// files is one path that is being read.
type files struct {
	p             *Poller
	path          string
	since, before time.Time // by arrival; a file whose arrival is not known is read
	reader        *tlsrpt.Reader
	keys          *keyLookups
	counts        *Counts

	drafts []*draft
	held   int64 // bytes of unpacked reports in the drafts
	errs   []error
}

// read reads everything under the path.
func (f *files) read(ctx context.Context) error {
	o := backfill.WalkOptions{Limits: backfill.Limits{MaxMessage: f.p.o.Reading.Limits.MaxMessage, MaxFile: f.p.o.Reading.Limits.MaxReport}}
	if f.p.o.Progress != nil {
		o.Progress = func(done, total int64) {
			f.p.tell(Progress{Mailbox: filesMailbox, Folder: f.path, Done: done, Total: total})
		}
	}
	tally, err := backfill.Walk(ctx, []string{f.path}, o, func(it backfill.Item) error { return f.item(ctx, it) })
	f.counts.Examined += int64(tally.Ignored)
	f.counts.Ignored += int64(tally.Ignored)
	// What was read is recorded even where the walk was stopped.
	return errors.Join(append(f.errs, err, f.flush(ctx))...)
}

// item reads one message or report file.
func (f *files) item(ctx context.Context, it backfill.Item) error {
	place := report.Place{Mailbox: filesMailbox, Folder: it.Path}
	var d *draft
	var err error
	switch {
	case errors.Is(it.Err, backfill.ErrTooLarge) && it.Data != nil:
		d = f.p.o.Reading.readCut(f.reader, place, it.Data)
	case it.Err != nil:
		f.errs = append(f.errs, it.Err)
		return nil
	case it.Kind == backfill.Report:
		d, err = f.p.o.Reading.readFile(f.reader, place, it.Data)
	default:
		d, err = f.p.readMail(f.reader, incoming{place: place, data: it.Data})
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", it.Path, err)
	case !f.wanted(d.message):
		return nil
	}
	f.counts.Examined++
	f.drafts = append(f.drafts, d)
	if f.held += d.bytes(); len(f.drafts) >= filesBatch || f.held >= filesBytes {
		return f.flush(ctx)
	}
	return nil
}

func (f *files) wanted(m report.Message) bool {
	return m.ReceivedAt.IsZero() || !m.ReceivedAt.Before(f.since) && (f.before.IsZero() || m.ReceivedAt.Before(f.before))
}

// flush authenticates and records what was read.
func (f *files) flush(ctx context.Context) error {
	if len(f.drafts) == 0 {
		return nil
	}
	verdicts := f.p.judge(ctx, f.keys, f.drafts)
	f.drafts, f.held = nil, 0
	b := report.Batch{Mailbox: filesMailbox, Folder: f.path, Via: report.ViaBackfill}
	for _, v := range verdicts {
		switch {
		case ctx.Err() != nil && len(v.message.Kept) > 0:
			// Told to stop: "unknown" would not be DNS's answer.
		case v.ok:
			b.Messages = append(b.Messages, v.message)
		default:
			f.counts.Ignored++
		}
	}
	if len(b.Messages) == 0 {
		return nil
	}
	return f.p.record(ctx, f.counts, b)
}
