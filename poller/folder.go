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
	mailbox *mailbox
	config  Mailbox // of the mailbox
	name    string
	store   Store
	conn    *connection
	reader  *ingest.Reader
	counts  *ingest.Counts
	log     *slog.Logger

	gave    given          // since the work on the folder began
	retried map[int64]bool // the rows of pending messages that a retry asked for in vain
}

// given says what a server was seen to give.
type given struct{ header, body bool }

func (m *mailbox) newFolder(name string) *folder {
	return &folder{
		mailbox: m, config: m.config, name: name, store: m.p.o.Store, conn: m.conn, reader: m.p.o.Ingest.NewReader(),
		counts: &ingest.Counts{Mailbox: m.config.Name, Folder: name}, log: m.log.With("folder", name),
	}
}

// backlog is how far before the last good poll a renumbered folder is looked
// at: mail can be delayed, and clocks differ (DESIGN 5).
const backlog = 48 * time.Hour

// poll reads what is new in the folder, makes up for what earlier polls left, and then
// marks what is to be marked. A mark that could not be made is an error, but the folder
// has been read: the digest must not call it unreadable (DESIGN 7, "blind").
func (f *folder) poll(ctx context.Context) error {
	left, validity, scan, err := f.news(ctx)
	if err == nil && scan != nil {
		err = scan.run(ctx)
	}
	if err == nil {
		err = f.retry(ctx, left)
	}
	if err = errors.Join(err, f.mailbox.polled(ctx, f.name, err)); err != nil {
		return err
	}
	return f.markOwed(ctx, validity)
}

// news returns what earlier polls left, the folder's UIDVALIDITY, and the scan of what is
// new; nil where nothing is.
func (f *folder) news(ctx context.Context) (left []leftOver, validity uint32, s *scan, err error) {
	if err := f.conn.connect(ctx); err != nil { // anew where the folder before broke the connection
		return nil, 0, nil, err
	}
	known, err := f.store.Folder(ctx, f.config.Name, f.name)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("reading its cursor: %w", err)
	}
	// Read before the new mail is: what this poll leaves is for the next.
	if left, err = f.leftOver(ctx); err != nil {
		return nil, 0, nil, err
	}
	st, err := f.conn.session.Status(ctx, f.name)
	if err != nil {
		return nil, 0, nil, err
	}
	if holds(known.Poll, st) && known.Poll.LastUID+1 >= st.UIDNext {
		return left, st.UIDValidity, nil, nil
	}
	if st, err = f.conn.session.Examine(ctx, f.name); err != nil {
		return nil, 0, nil, err
	}
	s, err = f.scanNew(ctx, known, st)
	return left, st.UIDValidity, s, err
}

// holds reports whether a cursor says anything of a folder in this state. A UID
// beyond UIDNEXT was given out by a folder that is no more, such as one restored
// from a backup: new mail will have lower UIDs. Where UIDNEXT is only estimated, it
// shrinks with each message that is removed, and says nothing of that.
func holds(c *report.Cursor, st imapbox.Status) bool {
	return c != nil && c.UIDValidity == st.UIDValidity && (c.LastUID < st.UIDNext || st.Estimated)
}

// scanNew returns the scan of the messages that the poll's rule selects (DESIGN 5), which
// moves the poll's cursor up to the UIDNEXT of st.
func (f *folder) scanNew(ctx context.Context, known report.Folder, st imapbox.Status) (*scan, error) {
	s := f.newScan(report.ViaPoll, st, f.config.After != AfterNone)
	s.end = &report.Cursor{UIDValidity: st.UIDValidity, LastUID: max(st.UIDNext, 1) - 1}
	if holds(known.Poll, st) {
		s.advance, s.ranged, s.from = true, true, known.Poll.LastUID+1
		return s, nil
	}
	// The cursor covers what is not selected, too: it must not move before all that is
	// selected has been looked at.
	uids, err := f.unexamined(ctx, known, st)
	s.uids = uids
	return s, err
}

// unexamined returns the UIDs to look at in a folder without a cursor that
// holds: the unseen ones, and after a change of UIDVALIDITY those that came
// since shortly before the last good poll as well, or since the first that is pending.
func (f *folder) unexamined(ctx context.Context, known report.Folder, st imapbox.Status) ([]uint32, error) {
	uids, err := f.conn.session.Unseen(ctx, st.UIDNext)
	if err != nil || known.Poll == nil {
		return uids, err
	}
	f.log.Warn("the server has renumbered the folder: looking again at what is unseen or recent")
	since := known.LastGoodPoll
	if !since.IsZero() { // else no poll of it came to a good end: all may be recent
		since = since.Add(-backlog)
	}
	// What is pending has to be found under its new UID.
	oldest, any, err := f.store.OldestPending(ctx, f.config.Name, f.name, st.UIDValidity)
	if err != nil {
		return nil, err
	}
	if any && oldest.Before(since) {
		since = oldest
	}
	var recent []uint32
	if since.IsZero() {
		recent, err = f.conn.session.All(ctx, st.UIDNext)
	} else {
		recent, err = f.conn.session.Since(ctx, since, st.UIDNext)
	}
	if err != nil {
		return nil, err
	}
	uids = append(uids, recent...)
	slices.Sort(uids)
	return slices.Compact(uids), nil
}
