package poller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"tlsbrief/poller/imapbox"
	"tlsbrief/tlsrpt"
)

// A worker does the work on one mailbox, over one connection at a time.
type worker struct {
	p       *Poller
	box     Mailbox
	polling bool // what goes wrong is remembered as a failed poll
	log     *slog.Logger
	reader  *tlsrpt.Reader

	session *imapbox.Session // nil until connected
	counts  []*Counts        // one a folder, in the order of work
	shut    bool             // there was no logging in
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
	defer w.disconnect()
	return work(ctx, w)
}

// eachFolder runs work on each folder, and goes on after one that failed.
func (w *worker) eachFolder(ctx context.Context, work func(context.Context, *folder) error) error {
	if err := w.connect(ctx); err != nil {
		w.shut = true
		return w.failed(ctx, err)
	}
	names, err := w.folders(ctx)
	if err != nil {
		return w.failed(ctx, err)
	}
	var errs []error
	for _, name := range names {
		c := &Counts{Mailbox: w.box.Name, Folder: name}
		w.counts = append(w.counts, c)
		err := work(ctx, &folder{worker: w, name: name, counts: c, log: w.log.With("folder", name)})
		if err != nil {
			err = located(err, w.box.Name, name)
			c.Error = err.Error()
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// connect opens a connection where there is none that works.
func (w *worker) connect(ctx context.Context) error {
	if w.session != nil && !w.session.Broken() {
		return nil
	}
	w.disconnect()
	s, err := w.logIn(ctx)
	if err != nil {
		return located(err, w.box.Name, "")
	}
	w.session = s
	return nil
}

func (w *worker) disconnect() {
	if w.session == nil {
		return
	}
	if err := w.session.Close(); err != nil {
		w.log.Debug("closing the connection", "err", err)
	}
	w.p.gates.leave(w.server())
	w.session = nil
}

// folders returns the names of the folders to read, special uses looked up and
// patterns matched. One that the server does not have is passed over (DESIGN 9),
// and what reports are moved to is not what a pattern means.
func (w *worker) folders(ctx context.Context) ([]string, error) {
	var names []string
	for _, name := range w.box.Folders {
		if isSpecialUse(name) {
			found, ok, err := w.session.SpecialUse(ctx, name)
			if err != nil {
				return nil, located(fmt.Errorf("looking for the folder for %s: %w", name, err), w.box.Name, "")
			}
			if !ok {
				level := slog.LevelInfo
				if name == `\Junk` { // it is configured by default, so nobody may have meant it
					level = slog.LevelDebug
				}
				if w.p.said.first(w.box.Name + "\x00" + name) {
					w.log.Log(ctx, level, "the server names no such folder; it is passed over", "folder", name)
				}
				continue
			}
			name = found
		}
		if isPattern(name) {
			found, err := w.matching(ctx, name)
			if err != nil {
				return nil, located(fmt.Errorf("looking for the folders %s: %w", name, err), w.box.Name, "")
			}
			if len(found) == 0 && w.p.said.first(w.box.Name+"\x00"+name) {
				w.log.Warn("no folder matches; it is passed over", "folder", name)
			}
			for _, folder := range found {
				if !slices.Contains(names, folder) {
					names = append(names, folder)
				}
			}
			continue
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

func (w *worker) matching(ctx context.Context, pattern string) ([]string, error) {
	found, err := w.session.Match(ctx, pattern)
	return slices.DeleteFunc(found, func(name string) bool {
		return w.box.After == AfterMove && name == w.box.MoveTo
	}), err
}

// isPattern tells whether a name stands for all folders that match it.
func isPattern(name string) bool { return strings.ContainsAny(name, "*%") }

func isSpecialUse(name string) bool { return strings.HasPrefix(name, `\`) }

// failed notes that the mailbox could not be read at all: in the counts and the
// record of each of its folders.
func (w *worker) failed(ctx context.Context, err error) error {
	errs := []error{err}
	for _, name := range w.knownFolders(ctx) {
		w.counts = append(w.counts, &Counts{Mailbox: w.box.Name, Folder: name, Error: err.Error()})
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
