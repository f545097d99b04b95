package judge

import (
	"cmp"
	"slices"
	"time"

	"tlsbrief/digest/facts"
)

// An Unread is a folder that cannot be read, or a mailbox with all its folders.
type Unread struct {
	Mailbox string
	facts.Folder
	Blinds bool // for so long that reports which nobody has seen may lie there
}

// unreadFor is for how long something must have been unread for a digest not to
// be able to say that nothing came, where none was sent meanwhile; where
// Options.WarnAfter does not say otherwise.
const unreadFor = 24 * time.Hour

// unreadOf returns what cannot be read, mailbox by mailbox: every folder whose last
// poll failed or that had none for a day. One that can be read does not hide
// another that cannot.
func unreadOf(m *facts.Facts, warnAfter time.Duration) []Unread {
	if !m.Current {
		return nil
	}
	var out []Unread
	for _, b := range m.Mailboxes {
		if whole, ok := b.Whole(); ok {
			blinds := whole.LastGood.IsZero() || isLong(m, whole, warnAfter)
			if blinds || whole.Error != "" {
				out = append(out, Unread{b.Name, whole, blinds})
			}
			continue
		}
		every := !slices.ContainsFunc(b.Folders, func(f facts.Folder) bool { return !isLong(m, f, warnAfter) })
		for _, f := range b.Folders {
			if long := isLong(m, f, warnAfter); long || f.Error != "" {
				out = append(out, Unread{b.Name, f, every || long && !facts.IsSpecial(f.Name)})
			}
		}
	}
	return out
}

// Blinding returns those of what cannot be read that this digest would have to know.
func Blinding(all []Unread) []Unread {
	return slices.DeleteFunc(slices.Clone(all), func(u Unread) bool { return !u.Blinds })
}

// isLong reports whether a folder has been unread for so long as warnAfter says, a day
// where it says nothing, or since the last digest. Who asked for more time
// than a day has asked for it from one digest to the next.
func isLong(m *facts.Facts, f facts.Folder, warnAfter time.Duration) bool {
	limit := cmp.Or(warnAfter, unreadFor)
	if f.Error == "" {
		return f.LastGood.IsZero() || m.Now.Sub(f.LastGood) >= limit
	}
	last := f.LastGood
	if last.IsZero() {
		last = f.Since
	}
	return m.Now.Sub(f.Since) >= limit || m.Now.Sub(last) >= limit ||
		limit <= unreadFor && !m.LastRun.IsZero() && last.Before(m.LastRun)
}
