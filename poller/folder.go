package poller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// A folder is one folder of a mailbox that is being read.
type folder struct {
	*worker
	name   string
	counts *ingest.Counts

	gaveHeader, gaveBody bool // the server gave one since the work on the folder began

	retried map[int64]bool // the rows of pending messages that retry asked for in vain
	log     *slog.Logger
}

// backlog is how far before the last good poll a renumbered folder is looked
// at: mail can be delayed, and clocks differ (DESIGN 5).
const backlog = 48 * time.Hour

// poll reads what is new in the folder, and then marks what is to be marked. A
// mark that could not be made is an error, but the folder has been read: that it
// could not be is not to be said of it (DESIGN 7, "blind").
func (f *folder) poll(ctx context.Context) error {
	validity, err := f.read(ctx)
	if err = errors.Join(err, f.polled(ctx, f.name, err)); err != nil {
		return err
	}
	return f.markOwed(ctx, validity)
}

// read looks at what is new in the folder, then makes up for what earlier polls
// left. It returns the folder's UIDVALIDITY.
func (f *folder) read(ctx context.Context) (validity uint32, err error) {
	if err := f.connect(ctx); err != nil { // anew where the folder before broke the connection
		return 0, err
	}
	known, err := f.p.o.DB.Folder(ctx, f.box.Name, f.name)
	if err != nil {
		return 0, fmt.Errorf("reading its cursor: %w", err)
	}
	// Read before the new mail is: what this poll leaves is for the next.
	left, err := f.leftOver(ctx)
	if err != nil {
		return 0, err
	}
	st, err := f.session.Status(ctx, f.name)
	if err != nil {
		return 0, err
	}
	if !holds(known.Poll, st) || known.Poll.LastUID+1 < st.UIDNext {
		if st, err = f.session.Examine(ctx, f.name); err != nil {
			return 0, err
		}
		if err := f.pollNew(ctx, known, st); err != nil {
			return 0, err
		}
	}
	return st.UIDValidity, f.retry(ctx, left)
}

// holds reports whether a cursor says anything of a folder in this state. A UID
// beyond UIDNEXT was given out by a folder that is no more, such as one restored
// from a backup: new mail will have lower UIDs. Where UIDNEXT is only estimated, it
// shrinks with each message that is removed, and says nothing of that.
func holds(c *report.Cursor, st imapbox.Status) bool {
	return c != nil && c.UIDValidity == st.UIDValidity && (c.LastUID < st.UIDNext || st.Estimated)
}

// pollNew records the reports among the messages that the poll's rule selects
// (DESIGN 5), and moves the poll's cursor up to the UIDNEXT of st.
func (f *folder) pollNew(ctx context.Context, known report.Folder, st imapbox.Status) error {
	end := report.Cursor{UIDValidity: st.UIDValidity, LastUID: max(st.UIDNext, 1) - 1}
	job := examination{folder: f, via: report.ViaPoll, validity: st.UIDValidity, mark: f.box.After != AfterNone}
	if holds(known.Poll, st) {
		job.advance = true
		return job.rangesOf(ctx, known.Poll.LastUID+1, st.UIDNext, &end)
	}
	uids, err := f.unexamined(ctx, known, st)
	if err != nil {
		return err
	}
	// The cursor covers what was not looked at, too: it must not move before all
	// that was to be looked at has been.
	return job.pipelined(ctx, func(ctx context.Context) error { return job.run(ctx, uids, &end) })
}

// unexamined returns the UIDs to look at in a folder without a cursor that
// holds: the unseen ones, and after a change of UIDVALIDITY those that came
// since shortly before the last good poll as well, or since the first that is pending.
func (f *folder) unexamined(ctx context.Context, known report.Folder, st imapbox.Status) ([]uint32, error) {
	uids, err := f.session.Unseen(ctx, st.UIDNext)
	if err != nil || known.Poll == nil {
		return uids, err
	}
	f.log.Warn("the server has renumbered the folder: looking again at what is unseen or recent")
	since := known.LastGoodPoll
	if !since.IsZero() { // else no poll of it came to a good end: all may be recent
		since = since.Add(-backlog)
	}
	// What is pending has to be found under its new UID.
	oldest, any, err := f.p.o.DB.OldestPending(ctx, f.box.Name, f.name, st.UIDValidity)
	if err != nil {
		return nil, err
	}
	if any && oldest.Before(since) {
		since = oldest
	}
	var recent []uint32
	if since.IsZero() {
		recent, err = f.session.All(ctx, st.UIDNext)
	} else {
		recent, err = f.session.Since(ctx, since, st.UIDNext)
	}
	if err != nil {
		return nil, err
	}
	uids = append(uids, recent...)
	slices.Sort(uids)
	return slices.Compact(uids), nil
}
