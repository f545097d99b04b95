package backfill

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// A Kind says what an Item is.
type Kind int

// The kinds.
const (
	Mail   Kind = iota // a mail, RFC 5322, its lines ending as they lie
	Report             // a report file: JSON, or packed with gzip, zlib or zip
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case Mail:
		return "mail"
	case Report:
		return "report"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// An Item is one mail or report file, or the error that stands for it.
type Item struct {
	Root string // the path as given, under which it was found

	// Path tells it apart: the path as given or below the given folder, then
	// "PATH:message N" in an mbox, counted from 1, and "PATH!ENTRY" in a zip.
	Path string

	Kind Kind
	Data []byte // the receiver's to keep; of a mail over Limits.MaxMessage its beginning

	// ModTime is when the file was last written; in an mbox, what the From_
	// line says. For a mail the topmost Received field knows better. UTC, zero
	// if unknown.
	ModTime time.Time

	// Err says why this one cannot be had, beginning with Path. Then there is no
	// Data, unless it is a mail of which the beginning is all that the limit allows.
	Err error
}

// Limits bound what is read. Zero fields have the values of DESIGN 6 and
// 100,000 entries.
type Limits struct {
	MaxMessage int64 // bytes of a mail
	MaxFile    int64 // bytes of a report file, as it lies
	MaxEntries int   // entries of an archive

	// MaxExpansion is how many bytes one packed file may expand to, all entries
	// of an archive together. 0: 1 GiB, or a hundred times its size if that is
	// more, which is far above what mails and reports do.
	MaxExpansion int64
}

// WalkOptions say how to walk.
type WalkOptions struct {
	Limits Limits

	// Progress, where set, is called with how many of the bytes of all files have been
	// passed, often and in between. The total is found by looking at the
	// folders once more, not into the files.
	Progress func(done, total int64)
}

// A Tally counts files, not items.
type Tally struct {
	Files   int // in which something was found, or looked for in vain because of an error
	Ignored int // of no use to us, in folders and archives
}

// ErrTooLarge is wrapped by the error of an Item that is over a limit.
var ErrTooLarge = errors.New("too large")

// errNothing is for what was named itself, and is none of what can be read.
var errNothing = errors.New("neither a mail, an mbox, a report nor an archive of these")

// Walk gives the items under the paths to yield, one after the other: paths in
// the order given, folders in the order of their names. The error is ctx's, or
// yield's, which stops the walk; nothing else stops it.
func Walk(ctx context.Context, paths []string, o WalkOptions, yield func(Item) error) (Tally, error) {
	w := &walk{ctx: ctx, limits: o.Limits, yield: yield}
	w.setDefaults()
	if o.Progress != nil {
		w.progress = &progress{report: o.Progress, total: size(ctx, paths)}
	}
	for _, path := range paths {
		w.root = path
		if err := w.named(path); err != nil {
			return w.tally, err
		}
	}
	return w.tally, ctx.Err()
}

// A walk is one run of Walk.
type walk struct {
	ctx      context.Context
	limits   Limits
	yield    func(Item) error
	progress *progress // nil: nobody asked
	root     string
	tally    Tally
}

func (w *walk) setDefaults() {
	if w.limits.MaxMessage <= 0 {
		w.limits.MaxMessage = 10 << 20
	}
	if w.limits.MaxFile <= 0 {
		w.limits.MaxFile = 64 << 20
	}
	if w.limits.MaxEntries <= 0 {
		w.limits.MaxEntries = 100_000
	}
}

// named walks one path of the command line.
func (w *walk) named(path string) error {
	if _, err := os.Stat(path); err != nil {
		w.tally.Files++
		return w.fail(path, err)
	}
	return eachFile(w.ctx, path, func(f file) error {
		if f.err != nil {
			w.tally.Files++
			return w.fail(f.path, f.err)
		}
		return w.file(f)
	})
}

// give passes an item on.
func (w *walk) give(i Item) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	i.Root = w.root
	i.ModTime = i.ModTime.UTC()
	return w.yield(i)
}

// fail passes on an item that is an error.
func (w *walk) fail(path string, err error) error { return w.failWith(Item{Path: path}, err) }

// failWith passes on an item with why there is no more of it.
func (w *walk) failWith(i Item, err error) error {
	// A cancelled read is the walk's end, not the file's fault.
	if w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	var p *fs.PathError
	if errors.As(err, &p) && p.Path == i.Path {
		err = p.Err // the path once, and not which call of the system it was
	}
	i.Err = fmt.Errorf("%s: %w", i.Path, err)
	return w.give(i)
}
