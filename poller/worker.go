package poller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"tlsbrief/internal/ingest"
	"tlsbrief/poller/imapbox"
)

// A worker does the work on one mailbox, over one connection at a time.
type worker struct {
	p       *Poller
	box     Mailbox
	polling bool // what goes wrong is remembered as a failed poll
	log     *slog.Logger
	reader  *ingest.Reader
	keys    *ingest.Lookups

	session   *imapbox.Session // nil until connected for the first time
	connected bool
	counts    []*ingest.Counts // one a folder, in the order of work
	shut      bool             // there was no logging in
}

// locked runs work under the mailbox's lock and closes the connection after it.
func (w *worker) locked(ctx context.Context, work func(context.Context, *worker) error) error {
	if w.p.o.Lock != nil {
		unlock, err := w.p.o.Lock(ctx, w.box.Name)
		if w.polling && errors.Is(err, ErrBusy) {
			w.log.Info("passed over: somebody else is at work on the mailbox", "err", err)
			return nil
		}
		if err != nil {
			return w.failed(ctx, fmt.Errorf("mailbox %q: %w", w.box.Name, err))
		}
		defer unlock()
	}
	defer w.hangUp()
	return work(ctx, w)
}

// eachFolder runs work on each folder, and goes on after one that failed; then, if there
// is more work, that on each that did not.
func (w *worker) eachFolder(ctx context.Context, works ...func(context.Context, *folder) error) error {
	if err := w.connect(ctx); err != nil {
		w.shut = true
		return w.failed(ctx, err)
	}
	all, errs := w.folders(ctx)
	for i, work := range works {
		for _, f := range all {
			if i == 0 { // one that is not reached is not told of
				w.counts = append(w.counts, f.counts)
			}
			if f.counts.Error != "" {
				continue
			}
			if err := work(ctx, f); err != nil {
				err = located(err, w.box.Name, f.name)
				f.counts.Error = err.Error()
				errs = append(errs, err)
			}
			if ctx.Err() != nil {
				return errors.Join(errs...)
			}
		}
	}
	return errors.Join(errs...)
}

// connect opens a connection where there is none that works.
func (w *worker) connect(ctx context.Context) error {
	if w.connected && !w.session.Broken() {
		return nil
	}
	w.hangUp()
	s, err := w.logIn(ctx)
	if err != nil {
		return located(err, w.box.Name, "")
	}
	w.session, w.connected = s, true
	return nil
}

// hangUp closes the connection. The session stays, as one that answers no more, for those
// who would go on with it.
func (w *worker) hangUp() {
	if !w.connected {
		return
	}
	w.connected = false
	if err := w.session.Close(); err != nil {
		w.log.Debug("closing the connection", "err", err)
	}
	w.p.gates.leave(w.server())
}

// folders returns the folders to read, special uses looked up and patterns matched. One
// that the server does not have is passed over (DESIGN 9), and what reports are moved to
// is not what a pattern means. A name that cannot be looked up is an error, and does not
// stop the others.
func (w *worker) folders(ctx context.Context) (all []*folder, errs []error) {
	known := map[string]bool{}
	for _, configured := range w.box.Folders {
		names, err := w.meant(ctx, configured)
		if err != nil {
			err = w.unnamed(configured, err)
			errs = append(errs, err)
			for _, before := range w.knownFolders(ctx) {
				if !slices.Contains(w.box.Folders, before) {
					errs = append(errs, w.polled(ctx, before, err)) // which the name stood for
				}
			}
			w.counts = append(w.counts, &ingest.Counts{Mailbox: w.box.Name, Folder: configured, Error: err.Error()})
		}
		for _, name := range names {
			if known[name] {
				continue
			}
			known[name] = true
			all = append(all, &folder{worker: w, name: name, counts: &ingest.Counts{Mailbox: w.box.Name, Folder: name}, log: w.log.With("folder", name)})
		}
	}
	return all, errs
}

// unnamed is the error that a configured name cannot be looked up.
func (w *worker) unnamed(name string, err error) error {
	err = fmt.Errorf("mailbox %q: looking for the folder for %s: %w", w.box.Name, name, err)
	if isSpecialUse(name) {
		err = fmt.Errorf("%w; the other folders are read; name the folder itself in folders, or leave %s out", err, name)
	}
	return err
}

// meant returns the folders that a configured name stands for.
func (w *worker) meant(ctx context.Context, name string) ([]string, error) {
	switch {
	case isSpecialUse(name):
		if err := w.connect(ctx); err != nil {
			return nil, err
		}
		found, ok, err := w.session.SpecialUse(ctx, name)
		if err != nil || ok {
			return []string{found}[:min(1, len(found))], err
		}
		if w.p.said.first(w.box.Name + "\x00" + name) {
			level := slog.LevelInfo
			if name == `\Junk` { // it is configured by default, so nobody may have meant it
				level = slog.LevelDebug
			}
			w.log.Log(ctx, level, "the server names no such folder; it is passed over", "folder", name)
		}
		return nil, nil
	case isPattern(name):
		if err := w.connect(ctx); err != nil {
			return nil, err
		}
		found, err := w.matching(ctx, name)
		if err == nil && len(found) == 0 && w.p.said.first(w.box.Name+"\x00"+name) {
			w.log.Warn("no folder matches; it is passed over", "folder", name)
		}
		return found, err
	}
	return []string{name}, nil
}

func (w *worker) matching(ctx context.Context, pattern string) ([]string, error) {
	found, err := w.session.Match(ctx, pattern)
	return slices.DeleteFunc(found, func(name string) bool {
		return w.box.After == AfterMove && name == w.box.MoveTo
	}), err
}

// isPattern reports whether a name stands for all folders that match it.
func isPattern(name string) bool { return strings.ContainsAny(name, "*%") }

func isSpecialUse(name string) bool { return strings.HasPrefix(name, `\`) }

// failed notes that the mailbox could not be read at all: in the counts and the
// record of each of its folders.
func (w *worker) failed(ctx context.Context, err error) error {
	errs := []error{err}
	for _, name := range w.knownFolders(ctx) {
		w.counts = append(w.counts, &ingest.Counts{Mailbox: w.box.Name, Folder: name, Error: err.Error()})
		errs = append(errs, w.polled(ctx, name, err))
	}
	return errors.Join(errs...)
}

// polled remembers how the poll of a folder ended. One that was told to stop
// has not failed, and a backfill is no poll.
func (w *worker) polled(ctx context.Context, folder string, err error) error {
	if !w.polling || err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return w.p.o.DB.PollDone(detached(ctx), w.box.Name, folder, err)
}

// knownFolders names the folders without asking the server: those configured by
// name, and those that a special use or a pattern was found to mean at an earlier
// poll.
func (w *worker) knownFolders(ctx context.Context) []string {
	var names []string
	special := ""
	for _, name := range w.box.Folders {
		if isSpecialUse(name) || isPattern(name) {
			special = name
		} else {
			names = append(names, name)
		}
	}
	if special == "" {
		return names
	}
	all, err := w.p.o.DB.Folders(detached(ctx))
	if err != nil {
		w.log.Error("reading what is known of the folders", "err", err)
	}
	for _, f := range all {
		if f.Mailbox == w.box.Name && !slices.Contains(names, f.Folder) {
			names = append(names, f.Folder)
		}
	}
	if len(names) == 0 {
		names = append(names, special)
	}
	return names
}

// located puts the mailbox and the folder in front of an error that does not
// name them yet.
func located(err error, mailbox, folder string) error {
	var named *imapbox.StepError
	switch {
	case errors.As(err, &named):
		return err
	case folder == "":
		return fmt.Errorf("mailbox %q: %w", mailbox, err)
	}
	return fmt.Errorf("mailbox %q: folder %q: %w", mailbox, folder, err)
}

// detached returns a context for what has to be written down even though ctx
// was cancelled: SQLite's busy timeout bounds it.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
