package poller

import (
	"context"
	"log/slog"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// An After says what is done to a message once its report is recorded (DESIGN 5).
type After string

// What can be done to a recorded message.
const (
	AfterSeen    After = "seen"    // sets \Seen
	AfterKeyword After = "keyword" // sets Mailbox.Keyword
	AfterMove    After = "move"    // moves it to Mailbox.MoveTo
	AfterNone    After = "none"    // leaves it as it is
)

// A Mailbox is one mailbox to read.
type Mailbox struct {
	Name    string   // as configured; stands in the database and in every message
	Folders []string // names, or special uses such as `\Junk`
	After   After
	Keyword string
	MoveTo  string
	IMAP    imapbox.Options
}

// Options say what a Poller works with.
type Options struct {
	Store     Store
	Ingest    *ingest.Ingester
	Mailboxes []Mailbox

	// Lock, where set, keeps other processes from the mailbox of this name until
	// the function it returns is called. Where its error wraps ErrBusy, a poll
	// passes the mailbox over, which is no failure of it.
	Lock func(ctx context.Context, mailbox string) (unlock func(), err error)

	// Progress, where set, is called with how far a backfill is, from one goroutine at a
	// time.
	Progress func(Progress)

	// Backoff leaves a mailbox alone for a while that could not be logged in to
	// at the polls before: for a daemon, which polls on a schedule.
	Backoff bool

	Bounds Bounds // of what is asked for, held and recorded together

	Parallel int          // mailboxes polled at a time; 4 if 0
	Log      *slog.Logger // nil discards
}

// A Progress says how far the work on one folder is, in messages.
type Progress struct {
	Mailbox, Folder string
	Done, Total     int64
}

// A Store keeps what a Poller has to know at its next poll; *db.DB is one. Messages and
// folders are named by mailbox, folder, UIDVALIDITY and UID, or by their row.
type Store interface {
	cursorStore
	fetchStore
	retryStore
	quarantineStore
	markStore
}

// A cursorStore keeps how far folders have been read.
type cursorStore interface {
	// LastMessage returns the newest message row.
	LastMessage(context.Context) (int64, error)
	Folder(ctx context.Context, mailbox, folder string) (report.Folder, error)
	Folders(context.Context) ([]report.Folder, error)
	// PollDone notes how the poll of a folder ended: with an error and its code, or well.
	PollDone(ctx context.Context, mailbox, folder string, fault report.Fault, pollErr error) error
	// ForgetBackfill forgets the cursor of a backfill that is finished.
	ForgetBackfill(ctx context.Context, mailbox, folder string) error
}

// A fetchStore keeps which messages are being fetched, and what is known of others.
type fetchStore interface {
	// RecordedUIDs returns some messages that are recorded.
	RecordedUIDs(ctx context.Context, mailbox, folder string, uidValidity uint32, limit int) ([]uint32, error)
	// PendingUIDs returns the pending messages, and whether each is quarantined.
	PendingUIDs(ctx context.Context, mailbox, folder string, uidValidity uint32) (map[uint32]bool, error)
	// Suspects returns the messages that a process had in hand when it died.
	Suspects(ctx context.Context, mailbox, folder string, uidValidity uint32, via report.Via) (report.Suspects, error)
	TakeInHand(ctx context.Context, mailbox, folder string, uidValidity uint32, via report.Via, uids report.UIDRange) (id int64, err error)
	PutDown(ctx context.Context, id int64) error
	LetGo(ctx context.Context, mailbox, folder string, via report.Via, all bool) error
}

// A retryStore keeps which messages are to be asked for again.
type retryStore interface {
	PendingMessages(ctx context.Context, mailbox, folder string) ([]report.Retry, error)
	RejectedBefore(ctx context.Context, mailbox, folder string) ([]report.Retry, error)
	OldestPending(ctx context.Context, mailbox, folder string, uidValidity uint32) (oldest time.Time, found bool, err error)
	Resolve(ctx context.Context, id int64, m report.Message) (report.Outcome, error)
	PendingFailed(ctx context.Context, id int64, reason string) error
	StaysRejected(ctx context.Context, id int64) error
	Forget(ctx context.Context, id int64) error
}

// A quarantineStore keeps which messages are asked for last and alone.
type quarantineStore interface {
	Quarantine(ctx context.Context, id int64, reason string) error
	Quarantined(ctx context.Context, mailbox, folder string) ([]report.Retry, error)
	TryAlone(ctx context.Context, id int64) error
	AloneFailed(ctx context.Context, id int64, reason, final string) (rejected bool, err error)
}

// A markStore keeps which recorded messages are still to be marked.
type markStore interface {
	MarksOwed(ctx context.Context, mailbox, folder string, uidValidity uint32) ([]report.Mark, error)
	Marked(ctx context.Context, ids []int64) error
}

// Bounds are how much is asked for, held and recorded together. They trade round trips
// and transactions for memory, and no result depends on them. A field that is 0 has its
// default.
type Bounds struct {
	Range          int   // UIDs that one search lists; 20,000
	FirstHeaders   int   // messages whose headers the first batch asks for, so that something is recorded soon; 500
	Headers        int   // messages whose headers a later batch asks for, for the sake of slow links; 5,000
	PartHeaders    int   // messages whose part headers are asked for together; 250
	BatchMessages  int   // messages whose bodies are asked for together; 1,500
	BatchBytes     int64 // bytes of their bodies, if none is larger; 3 MiB
	BodyBytes      int64 // bytes of bodies that are held at a time, if none is larger; 6 MiB
	RecordMessages int   // messages in one transaction; 400
	HeldBytes      int64 // bytes of unpacked reports that wait to be recorded together; 4 MiB
}

func (b Bounds) orDefaults() Bounds {
	return Bounds{
		Range:          orDefault(b.Range, 20000),
		FirstHeaders:   orDefault(b.FirstHeaders, 500),
		Headers:        orDefault(b.Headers, 5000),
		PartHeaders:    orDefault(b.PartHeaders, 250),
		BatchMessages:  orDefault(b.BatchMessages, 1500),
		BatchBytes:     orDefault(b.BatchBytes, 3<<20),
		BodyBytes:      orDefault(b.BodyBytes, 6<<20),
		RecordMessages: orDefault(b.RecordMessages, 400),
		HeldBytes:      orDefault(b.HeldBytes, 4<<20),
	}
}

func orDefault[T int | int64](n, fallback T) T {
	if n <= 0 {
		return fallback
	}
	return n
}
