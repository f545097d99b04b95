package poller

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
)

// A folder is one folder of a mailbox that is being read.
type folder struct {
	*worker
	name   string
	counts *Counts
	log    *slog.Logger
}

// backlog is how far before the last good poll a renumbered folder is looked
// at: mail can be delayed, and clocks differ (DESIGN 5).
const backlog = 48 * time.Hour

// rangeSize is how many UIDs are asked for at a time.
const rangeSize = 5000

// poll looks at what is new in the folder, then makes up for what earlier polls
// left: messages without a body, and marks.
func (f *folder) poll(ctx context.Context) error {
	known, err := f.p.o.DB.Folder(ctx, f.box.Name, f.name)
	if err != nil {
		return fmt.Errorf("reading its cursor: %w", err)
	}
	var pending []db.Retry
	if known.Poll != nil {
		// Read before the new mail is: what this poll leaves is for the next.
		pending, err = f.p.o.DB.PendingMessages(ctx, f.box.Name, f.name, known.Poll.UIDValidity)
		if err != nil {
			return fmt.Errorf("reading which bodies are still missing: %w", err)
		}
	}
	st, err := f.session.Status(ctx, f.name)
	if err != nil {
		return err
	}
	if c := known.Poll; c == nil || c.UIDValidity != st.UIDValidity || uint64(c.LastUID)+1 < uint64(st.UIDNext) {
		if st, err = f.session.Examine(ctx, f.name); err != nil {
			return err
		}
		if err := f.pollNew(ctx, known, st); err != nil {
			return err
		}
	}
	if err := f.retryPending(ctx, pending); err != nil {
		return err
	}
	return f.markOwed(ctx, st.UIDValidity)
}

// pollNew records the reports among the messages that the poll's rule selects
// (DESIGN 5), and moves the poll's cursor up to the UIDNEXT of st.
func (f *folder) pollNew(ctx context.Context, known db.Folder, st imapbox.Status) error {
	end := db.Cursor{UIDValidity: st.UIDValidity, LastUID: max(st.UIDNext, 1) - 1}
	job := examination{folder: f, via: db.ViaPoll, validity: st.UIDValidity, mark: f.box.After != AfterNone}
	switch c := known.Poll; {
	case c == nil, c.UIDValidity != st.UIDValidity:
		uids, err := f.unexamined(ctx, known, st)
		if err != nil {
			return err
		}
		// The cursor covers what was not looked at, too: it must not move
		// before all that was to be looked at has been.
		return job.run(ctx, uids, &end)
	default:
		job.advance = true
		return job.ranges(ctx, c.LastUID+1, st.UIDNext, &end)
	}
}

// unexamined returns the UIDs to look at in a folder without a cursor that
// holds: the unseen ones, and after a change of UIDVALIDITY those that came
// since shortly before the last good poll as well.
func (f *folder) unexamined(ctx context.Context, known db.Folder, st imapbox.Status) ([]uint32, error) {
	uids, err := f.session.Unseen(ctx, st.UIDNext)
	if err != nil || known.Poll == nil {
		return uids, err
	}
	f.log.Warn("the server has renumbered the folder (UIDVALIDITY changed): looking again at what is unseen or recent",
		"was", known.Poll.UIDValidity, "is", st.UIDValidity)
	recent, err := f.session.Since(ctx, known.LastGoodPoll.Add(-backlog), st.UIDNext)
	if err != nil {
		return nil, err
	}
	uids = append(uids, recent...)
	slices.Sort(uids)
	return slices.Compact(uids), nil
}
