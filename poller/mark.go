package poller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// System flags. RFC 9051, section 2.3.2.
const (
	seenFlag    = `\Seen`
	deletedFlag = `\Deleted`
)

// markOwed marks every recorded message of the folder that is still to be
// marked: those of this poll, and those that an earlier one could not mark
// because it was killed or the server refused. Only here is a folder opened for
// writing.
func (f *folder) markOwed(ctx context.Context, validity uint32) error {
	if f.config.After == AfterNone {
		return nil
	}
	owed, err := f.store.MarksOwed(ctx, f.config.Name, f.name, validity)
	if err != nil {
		return fmt.Errorf("reading which messages are to be marked: %w", err)
	}
	if len(owed) == 0 {
		return nil
	}
	if f.config.After == AfterMove && f.name == f.config.MoveTo {
		// A special use turned out to be where reports are moved to.
		return f.noteMarked(ctx, owed, func(report.Mark) bool { return true })
	}
	if err := f.conn.connect(ctx); err != nil { // anew where reading broke the connection
		return err
	}
	sel, err := f.conn.session.Select(ctx, f.name)
	if err != nil {
		return err
	}
	if sel.UIDValidity != validity {
		return nil // renumbered just now: the next poll finds them under their new UIDs
	}
	if why := f.unmarkable(sel); why != "" {
		f.cannotMark(why, len(owed))
		return nil
	}
	uids := make([]uint32, len(owed))
	for i, m := range owed {
		uids[i] = m.UID
	}
	marked, markErr := f.markAs(ctx, uids)
	slices.Sort(marked)
	if markErr != nil && !imapbox.Temporary(markErr) {
		// Asked for only now: a server may allow what it says it does not.
		if why := f.forbidden(ctx); why != "" {
			f.cannotMark(why, len(owed)-len(marked))
			f.log.Debug("what the server said to it", "err", markErr)
			markErr = nil
		}
	}
	return errors.Join(markErr, f.noteMarked(ctx, owed, func(m report.Mark) bool {
		_, ok := slices.BinarySearch(marked, m.UID)
		return ok
	}))
}

// noteMarked records which of the marks owed are made, or needed no more.
func (f *folder) noteMarked(ctx context.Context, owed []report.Mark, marked func(report.Mark) bool) error {
	var ids []int64
	for _, m := range owed {
		if marked(m) {
			ids = append(ids, m.ID)
		}
	}
	if err := f.store.Marked(detached(ctx), ids); err != nil {
		return fmt.Errorf("recording what was marked: %w", err)
	}
	return nil
}

// markAs marks or moves messages and returns the UIDs that need no more of it:
// those seen to be marked, and those that are gone.
func (f *folder) markAs(ctx context.Context, uids []uint32) ([]uint32, error) {
	var done, gone []uint32
	var err error
	if f.config.After == AfterMove {
		done, gone, err = f.conn.session.Move(ctx, uids, f.config.MoveTo)
	} else {
		done, gone, err = f.conn.session.AddFlag(ctx, uids, f.flag())
	}
	return append(done, gone...), err
}

func (f *folder) flag() string {
	if f.config.After == AfterKeyword {
		return f.config.Keyword
	}
	return seenFlag
}

// cannotMark says, once, why messages of the folder cannot be marked.
func (f *folder) cannotMark(why string, count int) {
	if f.mailbox.p.logged.first(f.config.Name + "\x00" + f.name + "\x00" + why) {
		f.log.Warn("reports are recorded but cannot be marked: "+why, "count", count)
	}
}

// lacks says which right the account lacks that marking takes, where the server
// tells it.
func (f *folder) lacks(ctx context.Context) string {
	var why string
	if f.config.After == AfterMove {
		why = f.conn.session.LacksToMove(ctx, f.name, f.config.MoveTo)
	} else {
		why = f.conn.session.LacksToFlag(ctx, f.name, f.flag())
	}
	if why != "" {
		why += "; give it that, or set after = \"none\""
	}
	return why
}

// forbidden says why what the server refused will not be allowed at the next poll
// either.
func (f *folder) forbidden(ctx context.Context) string {
	why := f.lacks(ctx)
	if why != "" || f.config.After != AfterMove {
		return why
	}
	if all, err := f.conn.session.Folders(ctx); err != nil || slices.Contains(all, f.config.MoveTo) {
		return ""
	}
	if why = f.conn.session.Misplaced(ctx, f.config.MoveTo); why != "" {
		why += "; change move_to"
	}
	return why
}

// unmarkable says why messages of the opened folder cannot be marked; empty if
// they can.
func (f *folder) unmarkable(sel imapbox.Selected) string {
	if sel.ReadOnly {
		return "the server lets this account only read the folder; give it the right to write, or set after = \"none\""
	}
	flag := f.flag()
	if f.config.After == AfterMove {
		flag = deletedFlag // who may not delete may not move away: RFC 6851, section 3.3
	}
	if sel.Keeps(flag) {
		return ""
	}
	return fmt.Sprintf("the server does not keep the flag %s in this folder (PERMANENTFLAGS: %s); give the account the right to set it, or set after = \"none\"",
		flag, strings.Join(sel.PermanentFlags, " "))
}
