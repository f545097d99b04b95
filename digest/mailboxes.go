package digest

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/db"
)

// A mailboxState is what is known of reading one mailbox.
type mailboxState struct {
	Name     string
	Since    time.Time // since when it has not been read; zero: it never was
	LastGood time.Time // when it was last read; zero: never
	Error    string    // why, where that is known
}

// unreadFor is for how long a mailbox must have been unread to be told of where
// a digest was sent meanwhile that could not know.
const unreadFor = 24 * time.Hour

// blind returns the mailboxes that this digest cannot see into: polls of every
// folder fail and have done so for a day or since the last digest, or there was
// no poll that worked for as long.
func (m *material) blind() []mailboxState {
	if !m.Current {
		return nil
	}
	var out []mailboxState
	for _, b := range m.Mailboxes {
		quiet := b.LastGood.IsZero() || m.Now.Sub(b.LastGood) >= unreadFor ||
			(b.Error != "" && !m.LastRun.IsZero() && b.LastGood.Before(m.LastRun))
		failing := b.Error != "" && !b.Since.IsZero() && m.Now.Sub(b.Since) >= unreadFor
		if quiet || failing {
			out = append(out, b)
		}
	}
	return out
}

// mailboxes returns what is known of reading each configured mailbox. One folder
// that can be read is enough for a mailbox not to be unreadable.
func (d *Digester) mailboxes(ctx context.Context) ([]mailboxState, error) {
	if len(d.o.Mailboxes) == 0 {
		return nil, nil
	}
	folders, err := d.o.DB.Folders(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state of the mailboxes: %w", err)
	}
	return mailboxStates(d.o.Mailboxes, folders), nil
}

// mailboxStates arranges folders by mailbox, in the order of names. A folder that
// was read since another began to fail shows that the mailbox can be read.
func mailboxStates(names []string, folders []db.Folder) []mailboxState {
	out := make([]mailboxState, 0, len(names))
	for _, name := range names {
		s := mailboxState{Name: name}
		for _, f := range folders {
			if f.Mailbox != name {
				continue
			}
			if f.LastGoodPoll.After(s.LastGood) {
				s.LastGood = f.LastGoodPoll
			}
			if f.FailingSince.After(s.Since) {
				s.Since, s.Error = f.FailingSince, f.LastError
			}
		}
		if !s.LastGood.IsZero() && !s.LastGood.Before(s.Since) {
			s.Since, s.Error = time.Time{}, ""
		}
		out = append(out, s)
	}
	return out
}
