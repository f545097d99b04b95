package poller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
)

// seenFlag marks a message as read. RFC 9051, section 2.3.2.
const seenFlag = `\Seen`

// markOwed marks every recorded message of the folder that is still to be
// marked: those of this poll, and those that an earlier one could not mark
// because it was killed or the server refused. Only here is a folder opened for
// writing.
func (f *folder) markOwed(ctx context.Context, validity uint32) error {
	if f.box.After == AfterNone {
		return nil
	}
	owed, err := f.p.o.DB.MarksOwed(ctx, f.box.Name, f.name, validity)
	if err != nil {
		return fmt.Errorf("reading which messages are to be marked: %w", err)
	}
	if len(owed) == 0 {
		return nil
	}
	sel, err := f.session.Select(ctx, f.name)
	if err != nil {
		return err
	}
	if sel.UIDValidity != validity {
		return nil // renumbered just now: the next poll finds them under their new UIDs
	}
	if why := f.unmarkable(sel); why != "" {
		if f.p.said.first(f.box.Name + "\x00" + f.name + "\x00" + why) {
			f.log.Warn("reports are recorded but cannot be marked: "+why, "count", len(owed))
		}
		return nil
	}
	uids := make([]uint32, len(owed))
	for i, m := range owed {
		uids[i] = m.UID
	}
	settled, markErr := f.markAs(ctx, uids)
	ids := settledIDs(owed, settled)
	if err := f.p.o.DB.Marked(detached(ctx), ids); err != nil {
		return fmt.Errorf("recording what was marked: %w", err)
	}
	return markErr
}

// markAs marks or moves messages and returns the UIDs that need no more of it:
// those seen to be marked, and those that are gone.
func (f *folder) markAs(ctx context.Context, uids []uint32) ([]uint32, error) {
	var done, gone []uint32
	var err error
	if f.box.After == AfterMove {
		done, gone, err = f.session.Move(ctx, uids, f.box.MoveTo)
	} else {
		done, gone, err = f.session.AddFlag(ctx, uids, f.flag())
	}
	return append(done, gone...), err
}

func (f *folder) flag() string {
	if f.box.After == AfterKeyword {
		return f.box.Keyword
	}
	return seenFlag
}

// unmarkable says why messages of the opened folder cannot be marked; empty if
// they can.
func (f *folder) unmarkable(sel imapbox.Selected) string {
	if sel.ReadOnly {
		return "the server lets this account only read the folder; give it the right to write, or set after = \"none\""
	}
	if f.box.After == AfterMove || sel.Keeps(f.flag()) {
		return ""
	}
	return fmt.Sprintf("the server does not keep the flag %s in this folder (PERMANENTFLAGS: %s); give the account the right to set it, or set after = \"none\"",
		f.flag(), strings.Join(sel.PermanentFlags, " "))
}

func settledIDs(owed []db.Mark, settled []uint32) []int64 {
	slices.Sort(settled)
	var ids []int64
	for _, m := range owed {
		if _, ok := slices.BinarySearch(settled, m.UID); ok {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
