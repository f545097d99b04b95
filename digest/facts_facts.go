package digest

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A Store is what facts are read from.
type Store interface {
	reportStore
	historyStore
	Domains(context.Context) ([]string, error)
	Folders(context.Context) ([]report.Folder, error)
	DomainChecks(ctx context.Context, domains []string) (map[string]report.DomainCheck, error)
	DomainChanges(context.Context, report.ChangeFilter) ([]report.DomainChange, error)
}

// A reportStore has what came in.
type reportStore interface {
	LastNews(context.Context) (int64, error)
	EachPolicy(context.Context, report.Filter, func(*report.PolicyRow) error) error
	RejectedMessages(ctx context.Context, newsAfter, newsUpTo int64) ([]report.RejectedMessage, error)
}

// A historyStore sums up the days of the past.
type historyStore interface {
	DayTotals(ctx context.Context, domains []string, from, to time.Time) ([]report.DayTotal, error)
	FailureDays(ctx context.Context, domains []string, from, to time.Time) ([]report.FailureDay, error)
	ReporterDays(ctx context.Context, domains []string, from, to time.Time) ([]report.ReporterDay, error)
	Standing(ctx context.Context, domain string, mode tlsrpt.Mode, before time.Time) (report.Standing, error)
	Senders(ctx context.Context, domain string, from, to time.Time) (int, error)
}

// A Request says what a digest is to be made of.
type Request struct {
	Selection
	patterns  *Patterns
	rejected  bool      // messages that could not be read are told of
	mailboxes []string  // names of the mailboxes that reports come from
	overrun   time.Time // since when a poll has been running that takes too long; zero: none
}

// Facts is what a digest is made of, as it was read at one moment.
type Facts struct {
	Now          time.Time // when it was read
	LastRun      time.Time // when the digest was last built; zero if never
	Current      bool      // it is about now, not a preview of days long gone
	First, Until day       // the nominal period, or the days asked for: First inclusive, Until exclusive
	ByDays       bool      // the days were asked for, so nothing outside them is told of

	Domains      []domainName
	Tally        *tally
	Modes        map[string]knownMode   // for domains whose failures came without a mode
	Spans        map[Span]struct{}      // reports of several days that reach into the days shown
	Reach        map[string]day         // the last day of those, by domain
	ReachBy      map[string]day         // and by reporter
	PolicyStates map[string]policyState // of the MTA-STS policies of domains, where reports tell their mode
	Witnesses    witnesses              // who saw what is not seen any more
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

// A Selection says which rows a digest covers.
type Selection struct {
	newsAfter int64     // exclusive
	from, to  day       // where byDays
	byDays    bool      // choose by report day, not by news
	cutoff    time.Time // what backfill brought is news only where it ends after this
	now       time.Time
	lastRun   time.Time
	first     day // the nominal period, to name where nothing came
	Unsent    Unsent
}

// Read reads what a digest is to be made of.
func Read(ctx context.Context, store Store, q Request) (*Facts, error) {
	sel := q.Selection
	m := &Facts{
		Now: sel.now, LastRun: sel.lastRun, Current: true,
		First: sel.first, Until: dayOf(sel.now), ByDays: sel.byDays, Unsent: sel.Unsent, Tally: newTally(),
		Spans: map[Span]struct{}{}, Reach: map[string]day{}, ReachBy: map[string]day{},
	}
	if sel.byDays {
		m.First, m.Until = sel.from, sel.to
		m.Current = sel.to.time().AddDate(0, 0, 2).After(sel.now)
	}
	if m.Current {
		m.Overrun = q.overrun
	}
	var err error
	// The watermark comes before all else: what is recorded from here on is for
	// the next digest.
	if m.Watermark, err = store.LastNews(ctx); err != nil {
		return nil, fmt.Errorf("reading how far reports are recorded: %w", err)
	}
	known, err := store.Domains(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the domains: %w", err)
	}
	m.Domains = q.patterns.choose(known)
	m.Tally.ask(m.Domains)
	names := q.patterns.filter(m.Domains)
	if err := readRows(ctx, store, m, names, sel); err != nil {
		return nil, err
	}
	if err := readEarly(ctx, store, m, names, sel); err != nil {
		return nil, err
	}
	if err := readHistory(ctx, store, m, names); err != nil {
		return nil, err
	}
	if err := readSpans(ctx, store, m, names, sel); err != nil {
		return nil, err
	}
	if err := readChecks(ctx, store, m, names, sel); err != nil {
		return nil, err
	}
	if err := readModes(ctx, store, m); err != nil {
		return nil, err
	}
	if err := readWitnesses(ctx, store, m); err != nil {
		return nil, err
	}
	if err := readPolicyStates(ctx, store, m); err != nil {
		return nil, err
	}
	if q.rejected {
		if m.Rejected, err = readRejected(ctx, store, sel, m.Watermark); err != nil {
			return nil, err
		}
	}
	m.Mailboxes, err = readMailboxes(ctx, store, q.mailboxes)
	return m, err
}
