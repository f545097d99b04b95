// Package ingest turns the bytes of messages, and of report files, into recorded
// reports, wherever they come from: it reads and authenticates them, decides which
// reports are taken, and records these (DESIGN 6).
//
// [Ingester.Ingest] does all that for one message. Sources of many messages take the
// steps themselves: [Reader.Read] needs the message and no network, [Ingester.Authenticate]
// looks up the keys of many messages together, [Ingester.Record] commits them.
//
// # Trust
//
// Strangers write the messages. [read.Limits] bound what is read of them, [Lookups]
// the time that their signers' name servers may take.
//
// # Tolerance
//
// A message that cannot be read, or that a fault of ours keeps from being read, is
// recorded as rejected with its reason.
package ingest

import (
	"context"
	"log/slog"
	"time"

	"tlsbrief/internal/dkim"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt/read"
)

// Options say how messages are read and which reports are taken.
type Options struct {
	Recorder Recorder
	Limits   read.Limits

	// Keys gives the keys of signatures. Nil switches the check of authenticity off:
	// every report is recorded as unchecked and counts.
	Keys dkim.Lookup

	// Examine does what authenticating takes the message for, which arrived at the
	// given time, and no network. Vouching{}.Examine if nil.
	Examine func(read.Found, time.Time) Case

	// Require rejects what is not authenticated.
	Require bool

	Domains       []string // one's own, A-labels, "*." allowed; where set, a report about none of them nor of what is below them is rejected
	IgnoreSigners []string // signing domains whose reports are left out

	// LookupTime is how long a poll, and RetryUnknown after it, may wait in all for
	// the keys of signatures; 15 s if 0. A backfill may 20 times as long.
	LookupTime time.Duration

	Now func() time.Time // time.Now if nil
	Log *slog.Logger     // nil discards
}

// A Recorder keeps what is taken; *db.DB is one.
type Recorder interface {
	// Prepare does what recording a message takes and needs no database for.
	Prepare(*report.Message) error
	// Record commits a batch and returns what became of each message.
	Record(context.Context, report.Batch) ([]report.Outcome, error)
	// UnknownDue returns messages up to a row whose authenticity may be asked for again.
	UnknownDue(ctx context.Context, upTo int64) ([]report.Retry, error)
	// Authenticated commits what is known of such messages now.
	Authenticated(context.Context, ...report.Decision) error
}

// An Ingester is for concurrent use.
type Ingester struct {
	o        Options
	rejected rejectLog
}

// New returns an Ingester.
func New(o Options) *Ingester {
	if o.Examine == nil {
		o.Examine = Vouching{}.Examine
	}
	if o.LookupTime <= 0 {
		o.LookupTime = lookupTime
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Ingester{o: o}
}

// Limits returns the limits of what is read.
func (in *Ingester) Limits() read.Limits { return in.o.Limits }

// A Kind says what bytes are.
type Kind int

// The kinds.
const (
	Message    Kind = iota // a message that was chosen by its header
	File                   // a message in a file: it is ours only where a poll would fetch it
	Beginning              // the beginning of a File that is larger than Limits.MaxMessage
	ReportFile             // a report without its message: nothing vouches for it
)

// An Origin says where bytes come from.
type Origin struct {
	Place    report.Place
	Kind     Kind
	Received time.Time // when the message arrived; zero where only its header has it
	Certain  bool      // its header says that it is a TLS report
}

// Ignored is the outcome of a message that is none of our business.
const Ignored report.Outcome = "ignored"

// Ingest reads and authenticates one message and records its reports, unless it is none
// of our business.
func (in *Ingester) Ingest(ctx context.Context, data []byte, o Origin) (report.Outcome, error) {
	d, err := in.NewReader().Read(data, o)
	if err != nil {
		return "", err
	}
	messages, err := in.Authenticate(ctx, in.PollLookups(), []*Draft{d})
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx) // "unknown" would not be DNS's answer
	case err != nil:
		return "", err
	case messages[0] == nil:
		return Ignored, nil
	}
	outcomes, err := in.record(ctx, report.Batch{
		Mailbox: o.Place.Mailbox, Folder: o.Place.Folder, Via: report.ViaPoll, Messages: []report.Message{*messages[0]},
	})
	if err != nil {
		return "", err
	}
	return outcomes[0], nil
}
