// Package report holds what is stored, and the rules on it that need no database: which of
// several copies of a report counts ([Decide]), who reported ([ReporterOf]), which sessions
// a report counts twice ([Overlaps]), and when something is tried again.
//
// # Trust
//
// Strings are a stranger's, as package tlsrpt hands them out or a mail's header has them.
// Rules compare them, and take none of them for verified but the signer of a copy that
// passed ([Authenticity.Signer]).
package report

import (
	"time"

	"tlsbrief/internal/tlsrpt"
)

// A Message is one message (or report file) that was taken to be a report, and
// what reading it gave. Exactly one of three holds: there are Reports; it was
// Refused; it is Pending.
type Message struct {
	Place
	MessageID  string // as in the header, without angle brackets; may be empty
	From       string // the From field, decoded
	Subject    string
	Submitter  string    // TLS-Report-Submitter
	ReceivedAt time.Time // INTERNALDATE or the topmost Received field, UTC; zero if unknown

	Reports []Report
	Refused string // why the message, or the part of it that is not in Reports, could not be read
	Reason  Reason // for Refused, where there is a code for it
	Pending string // why the server did not give it; to be fetched again at the next poll

	Claimed    bool // its header, or that of a part, says that it is a TLS report; for a pending one
	Quarantine bool // a pending one is to be asked for last and alone

	// Again is when a message in a mailbox is to be looked at again of which something
	// was refused for its date alone; zero: never.
	Again time.Time

	Kept      []byte // what it takes to judge its reports later; kept while an authenticity is unknown
	MarkOwed  bool   // a mark in the mailbox is due once this is committed
	Forwarded bool   // vouched for by an inner message's signature
}

// A Place is where a message lies.
type Place struct {
	Mailbox     string // the configured name; "files" for files
	Folder      string // the folder; the path as given for files
	UIDValidity uint32 // 0 for files
	UID         uint32 // 0 for files
}

// A Via says how a report came in.
type Via string

// The ways in. What comes by backfill is news only where its day is recent
// (DESIGN 7).
const (
	ViaPoll     Via = "poll"
	ViaBackfill Via = "backfill"
)

// A Report is a decoded report with what is known of its authenticity.
type Report struct {
	*tlsrpt.Report
	Auth Authenticity

	Prepared *Prepared // nil until [db.DB.Prepare]
}

// Prepared is what recording a report needs that takes no database.
type Prepared struct {
	Identity, Content [32]byte // as the report's methods of these names return them
	Packed            []byte   // the report's own text, gzip
}

// An Outcome says what became of a Message.
type Outcome string

// The outcomes of recording a Message.
const (
	Recorded  Outcome = "recorded"  // at least one of its reports was new
	Duplicate Outcome = "duplicate" // all its reports had been recorded before
	Rejected  Outcome = "rejected"  // refused, or in conflict with what is recorded
	Pending   Outcome = "pending"   // no body yet
)

// Known reports whether reports of a message with this outcome are recorded.
func (o Outcome) Known() bool { return o == Recorded || o == Duplicate }

// OutcomeOf returns what became of a message with these verdicts on its reports.
func OutcomeOf(verdicts []Verdict) Outcome {
	if len(verdicts) == 0 {
		return Rejected
	}
	outcome := Duplicate
	for _, v := range verdicts {
		switch v.Kind {
		case VerdictNew:
			return Recorded
		case VerdictConflict:
			outcome = Rejected
		}
	}
	return outcome
}

// A Cursor is how far a folder has been examined. Every UID up to and including
// LastUID has been, under this UIDVALIDITY; LastUID is always below the UIDNEXT
// seen when the folder was opened (RFC 9051, section 2.3.1.1).
type Cursor struct {
	UIDValidity uint32
	LastUID     uint32
}

// A Batch is recorded in one transaction: messages, and the cursor that covers
// them.
type Batch struct {
	Mailbox, Folder string
	Via             Via
	Messages        []Message

	// Cursor, where set, becomes the folder's poll cursor (ViaPoll) or its
	// backfill cursor (ViaBackfill).
	Cursor *Cursor

	InHand int64 // what TakeInHand returned, where all that it was called for is recorded now; else 0
}
