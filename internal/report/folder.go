package report

import (
	"slices"
	"time"
)

// A Folder is what is remembered of one folder of one mailbox.
type Folder struct {
	Mailbox, Folder string

	Poll     *Cursor // nil before the first poll
	Backfill *Cursor // nil unless a backfill was stopped half way

	LastPoll     time.Time // the last try; zero if never
	LastGoodPoll time.Time // the last poll that worked
	LastError    string    // of the last poll; empty if it worked
	LastFault    Fault     // the code of LastError
	FailingSince time.Time // the first of the polls in a row that failed; zero if the last one worked

	Recorded, Rejected int64 // messages
}

// A ClockFault says by which server's clock this machine's is wrong.
type ClockFault struct {
	Host  string
	Ahead time.Duration // negative: this machine's clock is behind
	At    time.Time     // when they were compared, by this machine's clock
}

// A UIDRange is the UIDs from First to Last.
type UIDRange struct{ First, Last uint32 }

// Contains reports whether a UID lies in the range.
func (r UIDRange) Contains(uid uint32) bool { return r.First <= uid && uid <= r.Last }

// Suspects are the messages of a folder that processes had in hand when they died.
type Suspects struct {
	Ranges []UIDRange // to be read one by one
	Deadly []uint32   // in hand alone when a second process died: to be quarantined
}

// Contains reports whether a message is to be read one by one.
func (s Suspects) Contains(uid uint32) bool {
	return slices.ContainsFunc(s.Ranges, func(r UIDRange) bool { return r.Contains(uid) })
}
