package digest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tlsbrief/internal/report"
)

// A mailboxState is what is known of reading one mailbox: each of its folders
// that is still polled, in the order of their names.
type mailboxState struct {
	Name      string
	Folders   []folderState
	WarnAfter time.Duration // as in Options
}

// A folderState is what is known of reading one folder, or of a whole mailbox
// where the name is empty.
type folderState struct {
	Name     string
	Since    time.Time // since when polls of it fail; zero: the last one worked, or there was none
	LastGood time.Time // when it was last read; zero: never
	Error    string    // why it fails
}

// An unread is a folder that cannot be read, or a mailbox with all its folders.
type unread struct {
	Mailbox string
	folderState
	Blinds bool // for so long that reports which nobody has seen may lie there
}

// unreadFor is for how long something must have been unread for a digest not to
// be able to say that nothing came, where none was sent meanwhile; where
// Options.WarnAfter does not say otherwise.
const unreadFor = 24 * time.Hour

// droppedAfter is for how long a folder goes without a poll, while others of its
// mailbox have them, until it is taken to have been dropped from the
// configuration.
const droppedAfter = 24 * time.Hour

// unread returns what cannot be read, mailbox by mailbox: every folder whose last
// poll failed or that had none for a day. One that can be read does not hide
// another that cannot.
func (m *material) unread() []unread {
	if !m.Current {
		return nil
	}
	var out []unread
	for _, b := range m.Mailboxes {
		if whole, ok := b.whole(); ok {
			blinds := whole.LastGood.IsZero() || m.long(whole, b.WarnAfter)
			if blinds || whole.Error != "" {
				out = append(out, unread{b.Name, whole, blinds})
			}
			continue
		}
		every := !slices.ContainsFunc(b.Folders, func(f folderState) bool { return !m.long(f, b.WarnAfter) })
		for _, f := range b.Folders {
			if long := m.long(f, b.WarnAfter); long || f.Error != "" {
				out = append(out, unread{b.Name, f, every || long && !isSpecial(f.Name)})
			}
		}
	}
	return out
}

// blind returns those of what cannot be read that this digest would have to know.
func blind(all []unread) []unread {
	return slices.DeleteFunc(slices.Clone(all), func(u unread) bool { return !u.Blinds })
}

// long reports whether a folder has been unread for so long as warnAfter says, a day
// where it says nothing, or since the last digest. Who asked for more patience
// than a day has asked for it from one digest to the next.
func (m *material) long(f folderState, warnAfter time.Duration) bool {
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

// whole returns the state of a mailbox as one, where its folders do not differ in
// it: nothing is known of any, all are read, or all fail for the same reason, as
// where the log-in does.
func (b mailboxState) whole() (folderState, bool) {
	var out folderState
	for i, f := range b.Folders {
		if i > 0 && f.Error != out.Error {
			return out, false
		}
		out.Error = f.Error
		if f.Since.After(out.Since) {
			out.Since = f.Since
		}
		if f.LastGood.After(out.LastGood) {
			out.LastGood = f.LastGood
		}
	}
	return out, true
}

// isSpecial reports whether a folder is one that a mail server keeps for a special
// use (RFC 6154), junk as a rule. What the server calls it is known only by the
// usual names.
func isSpecial(folder string) bool {
	if strings.HasPrefix(folder, `\`) {
		return true
	}
	last := strings.ToLower(folder[strings.LastIndexAny(folder, "/.")+1:])
	return slices.Contains([]string{"junk", "junk e-mail", "junk email", "junk mail", "spam", "bulk", "bulk mail", "trash", "archive"}, last)
}

// mailboxes returns what is known of reading each configured mailbox.
func (d *Digester) mailboxes(ctx context.Context) ([]mailboxState, error) {
	if len(d.o.Mailboxes) == 0 {
		return nil, nil
	}
	folders, err := d.o.DB.Folders(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state of the mailboxes: %w", err)
	}
	states := mailboxStates(d.o.Mailboxes, folders)
	for i := range states {
		states[i].WarnAfter = d.o.WarnAfter
	}
	return states, nil
}

// mailboxStates arranges folders by mailbox, in the order of names. Those that
// are not polled any more are left out.
func mailboxStates(names []string, folders []report.Folder) []mailboxState {
	out := make([]mailboxState, 0, len(names))
	for _, name := range names {
		s := mailboxState{Name: name}
		var newest time.Time
		for _, f := range folders {
			if f.Mailbox == name && f.LastPoll.After(newest) {
				newest = f.LastPoll
			}
		}
		for _, f := range folders {
			if f.Mailbox == name && !f.LastPoll.IsZero() && !dropped(f, newest) {
				s.Folders = append(s.Folders, folderState{f.Folder, f.FailingSince, f.LastGoodPoll, f.LastError})
			}
		}
		out = append(out, s)
	}
	return out
}

// dropped reports whether a folder is not polled any more, though its mailbox is.
// One that bears the name of a special use, or a pattern, stood for folders that
// the server had not named yet.
func dropped(f report.Folder, newest time.Time) bool {
	if strings.HasPrefix(f.Folder, `\`) || strings.ContainsAny(f.Folder, "*%") {
		return f.LastPoll.Before(newest)
	}
	return newest.Sub(f.LastPoll) >= droppedAfter
}
