package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tlsbrief/internal/report"
)

// A Mailbox is what is known of reading one mailbox: each of its folders
// that is still polled, in the order of their names.
type Mailbox struct {
	Name    string
	Folders []Folder
}

// A Folder is what is known of reading one folder, or of a whole mailbox
// where the name is empty.
type Folder struct {
	Name     string
	Since    time.Time    // since when polls of it fail; zero: the last one worked, or there was none
	LastGood time.Time    // when it was last read; zero: never
	Error    string       // why it fails
	Fault    report.Fault // the code of Error
}

// droppedAfter is for how long a folder goes without a poll, while others of its
// mailbox have them, until it is taken to have been dropped from the
// configuration.
const droppedAfter = 24 * time.Hour

// Whole returns the state of a mailbox as one, where its folders do not differ in
// it: nothing is known of any, all are read, or all fail for the same reason, as
// where the log-in does.
func (b Mailbox) Whole() (Folder, bool) {
	var out Folder
	for i, f := range b.Folders {
		if i > 0 && f.Error != out.Error {
			return out, false
		}
		out.Error, out.Fault = f.Error, f.Fault
		if f.Since.After(out.Since) {
			out.Since = f.Since
		}
		if f.LastGood.After(out.LastGood) {
			out.LastGood = f.LastGood
		}
	}
	return out, true
}

// IsSpecial reports whether a folder is one that a mail server keeps for a special
// use (RFC 6154), junk as a rule. What the server calls it is known only by the
// usual names.
func IsSpecial(folder string) bool {
	if strings.HasPrefix(folder, `\`) {
		return true
	}
	last := strings.ToLower(folder[strings.LastIndexAny(folder, "/.")+1:])
	return slices.Contains([]string{"junk", "junk e-mail", "junk email", "junk mail", "spam", "bulk", "bulk mail", "trash", "archive"}, last)
}

// mailboxes reads what is known of reading each configured mailbox.
func (r *reader) mailboxes(ctx context.Context) error {
	if len(r.q.Mailboxes) == 0 {
		return nil
	}
	folders, err := r.store.Folders(ctx)
	if err != nil {
		return fmt.Errorf("reading the state of the mailboxes: %w", err)
	}
	r.f.Mailboxes = MailboxStates(r.q.Mailboxes, folders)
	return nil
}

// MailboxStates arranges folders by mailbox, in the order of names. Those that
// are not polled any more are left out.
func MailboxStates(names []string, folders []report.Folder) []Mailbox {
	out := make([]Mailbox, 0, len(names))
	for _, name := range names {
		s := Mailbox{Name: name}
		var newest time.Time
		for _, f := range folders {
			if f.Mailbox == name && f.LastPoll.After(newest) {
				newest = f.LastPoll
			}
		}
		for _, f := range folders {
			if f.Mailbox == name && !f.LastPoll.IsZero() && !dropped(f, newest) {
				s.Folders = append(s.Folders, Folder{f.Folder, f.FailingSince, f.LastGoodPoll, f.LastError, f.LastFault})
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
