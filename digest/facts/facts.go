// Package facts reads what is recorded for a digest and adds it up: who reported what
// of which domain and day, what was reported before, and how mailboxes and the checks
// of domains stand. It has no words for it and judges nothing.
//
// # Trust
//
// Reports whose signature was not verified are added up apart. Names and texts of
// reports are a stranger's: they are kept shortened and in bounded number, and are not
// cleaned.
package facts

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A Store is what facts are read from.
type Store interface {
	ReportStore
	HistoryStore
	Domains(context.Context) ([]string, error)
	Folders(context.Context) ([]report.Folder, error)
	DomainChecks(ctx context.Context, domains []string) (map[string]report.DomainCheck, error)
	DomainChanges(context.Context, report.ChangeFilter) ([]report.DomainChange, error)
}

// A ReportStore has what came in.
type ReportStore interface {
	LastSeq(context.Context) (int64, error)
	EachPolicy(context.Context, report.Filter, func(*report.PolicyRow) error) error
	RejectedMessages(ctx context.Context, newsAfter, newsUpTo int64) ([]report.RejectedMessage, error)
}

// A HistoryStore sums up the days of the past.
type HistoryStore interface {
	DayTotals(ctx context.Context, domains []string, from, to time.Time) ([]report.DayTotal, error)
	FailureDays(ctx context.Context, domains []string, from, to time.Time) ([]report.FailureDay, error)
	ReporterDays(ctx context.Context, domains []string, from, to time.Time) ([]report.ReporterDay, error)
	ModeHistory(ctx context.Context, domain string, mode tlsrpt.Mode, before time.Time) (report.ModeHistory, error)
	Senders(ctx context.Context, domain string, from, to time.Time) (int, error)
}

// A Request says what a digest is to be made of.
type Request struct {
	Patterns *Patterns
	Now      time.Time
	LastRun  time.Time // when the digest was last built; zero if never
	First    Day       // the nominal period, to name where nothing came
	SeqAfter int64     // the watermark of the run before; exclusive
	Cutoff   time.Time // what backfill brought is news only where it ends after this
	Unsent   Unsent    // what the runs before covered that were not sent

	ByDays   bool // the reports of days asked for, not the news
	From, To Day  // these; To exclusive

	Rejected  bool      // messages that could not be read are told of
	Mailboxes []string  // names of the mailboxes that reports come from
	Overrun   time.Time // since when a poll has been running that takes too long; zero: none
}

// Facts is what a digest is made of, as it was read at one moment.
type Facts struct {
	Now          time.Time // when it was read
	LastRun      time.Time // when the digest was last built; zero if never
	Current      bool      // it is about now, not a preview of days long gone
	First, Until Day       // the nominal period, or the days asked for: First inclusive, Until exclusive
	ByDays       bool      // the days were asked for, so nothing outside them is told of

	Domains      []DomainName
	Tally        *Tally
	Modes        map[string]KnownMode   // for domains whose failures came without a mode
	Spans        map[Span]struct{}      // reports of several days that reach into the days shown
	Reach        map[string]Day         // the last day of those, by domain
	ReachBy      map[string]Day         // and by reporter
	PolicyStates map[string]PolicyState // of the MTA-STS policies of domains, where reports tell their mode
	Witnesses    Witnesses              // who saw what is not seen any more
	Days         []report.DayTotal
	Failures     []report.FailureDay
	ReporterDays []report.ReporterDay
	Rejected     []report.RejectedMessage
	Mailboxes    []Mailbox
	Overrun      time.Time                      // since when a poll has been running that takes too long; zero: none
	Checks       map[string]report.DomainCheck  // the last look at each domain
	Changes      []report.DomainChange          // what had changed at domains since the digest before
	Gone         map[string]report.DomainChange // when the record that asks for reports has gone, of late

	Watermark int64  // what the digest covers ends here
	Unsent    Unsent // what runs covered since the last mail that were not sent
}

// A reader reads the facts of one digest.
type reader struct {
	store Store
	q     Request
	names []string // of the domains to ask the store for; nil: all
	f     *Facts
}

// Read reads what a digest is to be made of.
func Read(ctx context.Context, store Store, q Request) (*Facts, error) {
	f := &Facts{
		Now: q.Now, LastRun: q.LastRun, Current: true,
		First: q.First, Until: DayOf(q.Now), ByDays: q.ByDays, Unsent: q.Unsent, Tally: NewTally(),
		Spans: map[Span]struct{}{}, Reach: map[string]Day{}, ReachBy: map[string]Day{},
	}
	if q.ByDays {
		f.First, f.Until = q.From, q.To
		f.Current = q.To.Time().AddDate(0, 0, 2).After(q.Now)
	}
	if f.Current {
		f.Overrun = q.Overrun
	}
	var err error
	// The watermark comes before all else: what is recorded from here on is for
	// the next digest.
	if f.Watermark, err = store.LastSeq(ctx); err != nil {
		return nil, fmt.Errorf("reading how far reports are recorded: %w", err)
	}
	known, err := store.Domains(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the domains: %w", err)
	}
	f.Domains = q.Patterns.choose(known)
	f.Tally.Ask(f.Domains)
	r := &reader{store, q, q.Patterns.filter(f.Domains), f}
	for _, read := range []func(context.Context) error{
		r.rows, r.early, r.history, r.spans, r.checks, r.modes, r.witnesses, r.policyStates, r.rejected, r.mailboxes,
	} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return f, nil
}
