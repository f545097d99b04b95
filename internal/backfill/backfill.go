// Package backfill reads files on disk: the mails and report files in what a user names
// on the command line, which are mail files, mbox, Maildir, report files (JSON, packed or
// not), zip archives, and folders of all these.
//
// What a file is, its content says; its name only tips the balance where the
// content leaves doubt. Nothing is held but the item at hand: an mbox of any
// size is streamed.
//
// # Trust
//
// The user chose the paths, strangers wrote what lies there. The size of an
// item, the entries of an archive and what they expand to are bounded. A name
// inside an archive is text for messages and never a path. Nothing is written
// and nothing but regular files is opened.
//
// # Tolerance
//
// What a folder holds besides is counted and left alone. What was named itself
// and cannot be used, and what cannot be read, is an [Item] with an error; the
// walk goes on after it.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
)

// filesMailbox stands for files where a mailbox's name is expected; the
// configuration keeps it free.
const filesMailbox = "files"

// Options say which files are read.
type Options struct {
	Ingest        *ingest.Ingester
	Since, Before time.Time // by arrival, UTC: Since inclusive, Before exclusive; zero: no bound. A file whose arrival is not known is read

	// Progress, where set, is called with how far the work on one path is, in bytes.
	Progress func(path string, done, total int64)
}

// Files reads messages and report files from paths: files of the kinds that this package
// knows, and folders of them. A file that cannot be read stops no other, and is in the
// error.
func Files(ctx context.Context, paths []string, o Options) (ingest.Result, error) {
	start := time.Now()
	lookups := o.Ingest.BackfillLookups()
	defer o.Ingest.LogSilent(ctx, lookups)
	var r ingest.Result
	var errs []error
	for _, path := range paths {
		f := &files{o: o, path: path, reader: o.Ingest.NewReader(), lookups: lookups, counts: &ingest.Counts{Mailbox: filesMailbox, Folder: path}}
		if err := f.read(ctx); err != nil {
			f.counts.Error = err.Error()
			errs = append(errs, err)
		}
		r.Add(f.counts)
		if ctx.Err() != nil {
			break
		}
	}
	o.Ingest.SumUpRejected(filesMailbox)
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
	o       Options
	path    string
	reader  *ingest.Reader
	lookups *ingest.Lookups
	counts  *ingest.Counts

	drafts []*ingest.Draft
	held   int64 // bytes of unpacked reports in the drafts
	errs   []error
}

// read reads everything under the path.
func (f *files) read(ctx context.Context) error {
	limits := f.o.Ingest.Limits()
	o := WalkOptions{Limits: Limits{MaxMessage: limits.MaxMessage, MaxFile: limits.MaxReport}}
	if f.o.Progress != nil {
		o.Progress = func(done, total int64) { f.o.Progress(f.path, done, total) }
	}
	tally, err := Walk(ctx, []string{f.path}, o, func(it Item) error { return f.item(ctx, it) })
	f.counts.Examined += int64(tally.Ignored)
	f.counts.Ignored += int64(tally.Ignored)
	// What was read is recorded even where the walk was stopped.
	return errors.Join(append(f.errs, err, f.flush(ctx))...)
}

// item reads one message or report file.
func (f *files) item(ctx context.Context, it Item) error {
	o := ingest.Origin{Place: report.Place{Mailbox: filesMailbox, Folder: it.Path}, Kind: ingest.File}
	switch {
	case errors.Is(it.Err, ErrTooLarge) && it.Data != nil:
		o.Kind = ingest.Beginning
	case it.Err != nil:
		f.errs = append(f.errs, it.Err)
		return nil
	case it.Kind == Report:
		o.Kind = ingest.ReportFile
	}
	d, err := f.reader.Read(it.Data, o)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", it.Path, err)
	case !f.wanted(d.Message.ReceivedAt):
		return nil
	}
	f.counts.Examined++
	f.drafts = append(f.drafts, d)
	if f.held += d.Bytes(); len(f.drafts) >= filesBatch || f.held >= filesBytes {
		return f.flush(ctx)
	}
	return nil
}

func (f *files) wanted(arrived time.Time) bool {
	return arrived.IsZero() || !arrived.Before(f.o.Since) && (f.o.Before.IsZero() || arrived.Before(f.o.Before))
}

// flush authenticates and records what was read.
func (f *files) flush(ctx context.Context) error {
	if len(f.drafts) == 0 {
		return nil
	}
	drafts := f.drafts
	f.drafts, f.held = nil, 0
	messages, err := f.o.Ingest.Authenticate(ctx, f.lookups, drafts)
	if err != nil {
		return err
	}
	b := report.Batch{Mailbox: filesMailbox, Folder: f.path, Via: report.ViaBackfill}
	for _, m := range messages {
		switch {
		case m == nil:
			f.counts.Ignored++
		case ctx.Err() != nil && len(m.Kept) > 0:
			// Told to stop: "unknown" would not be DNS's answer.
		default:
			b.Messages = append(b.Messages, *m)
		}
	}
	if len(b.Messages) == 0 {
		return nil
	}
	return f.o.Ingest.Record(ctx, f.counts, b)
}
