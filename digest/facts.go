package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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

// A request says what a digest is to be made of.
type request struct {
	selection
	patterns  *chooser
	rejected  bool      // messages that could not be read are told of
	mailboxes []string  // names of the mailboxes that reports come from
	overrun   time.Time // since when a poll has been running that takes too long; zero: none
}

// material is what a digest is made of, as it was read at one moment.
type material struct {
	Now          time.Time // when it was read
	LastRun      time.Time // when the digest was last built; zero if never
	Current      bool      // it is about now, not a preview of days long gone
	First, Until day       // the nominal period, or the days asked for: First inclusive, Until exclusive
	ByDays       bool      // the days were asked for, so nothing outside them is told of

	Domains      []domainName
	Tally        *tally
	Modes        map[string]knownMode   // for domains whose failures came without a mode
	Stretches    map[stretch]struct{}   // reports of several days that reach into the days shown
	Reach        map[string]day         // the last day of those, by domain
	ReachBy      map[string]day         // and by reporter
	PolicyStates map[string]policyState // of the MTA-STS policies of domains, where reports tell their mode
	Witnesses    witnesses              // who saw what is not seen any more
	Days         []report.DayTotal
	Failures     []report.FailureDay
	ReporterDays []report.ReporterDay
	Rejected     []report.RejectedMessage
	Mailboxes    []mailboxState
	Overrun      time.Time                      // since when a poll has been running that takes too long; zero: none
	Checks       map[string]report.DomainCheck  // the last look at each domain
	Changes      []report.DomainChange          // what had changed at domains since the digest before
	Gone         map[string]report.DomainChange // when the record that asks for reports has gone, of late

	Watermark int64  // what the digest covers ends here
	Untold    untold // what runs covered since the last mail that were not sent
}

// A domainName is a domain of a digest. Exact says that it was asked for by name
// and is told of even where nothing came for it.
type domainName struct {
	Name  string
	Exact bool
}

// coveredDays returns the first and the last day that the digest is about: those
// of the reports that count, or the nominal period where there are none.
func (m *material) coveredDays() (first, last day) {
	if m.ByDays {
		return m.First, m.Until - 1
	}
	first, last, found := m.Tally.span()
	if !found {
		return m.First, m.Until - 1
	}
	return first, last
}

// reachable is the last day that reports could be here for: yesterday, or the
// last day asked for.
func (m *material) reachable() day {
	if m.ByDays {
		return min(m.Until, dayOf(m.Now)) - 1
	}
	return dayOf(m.Now) - 1
}

// lastRead is the last day that what is recorded is read up to, beside what the
// digest covers: a late report does not make the days after it unknown.
func (m *material) lastRead() day {
	_, last := m.coveredDays()
	return max(last, m.reachable())
}

// A selection says which rows a digest covers.
type selection struct {
	newsAfter int64     // exclusive
	from, to  day       // where byDays
	byDays    bool      // choose by report day, not by news
	cutoff    time.Time // what backfill brought is news only where it ends after this
	now       time.Time
	lastRun   time.Time
	first     day // the nominal period, to name where nothing came
	untold    untold
}

// readFacts reads what a digest is to be made of.
func readFacts(ctx context.Context, store Store, q request) (*material, error) {
	sel := q.selection
	m := &material{
		Now: sel.now, LastRun: sel.lastRun, Current: true,
		First: sel.first, Until: dayOf(sel.now), ByDays: sel.byDays, Untold: sel.untold, Tally: newTally(),
		Stretches: map[stretch]struct{}{}, Reach: map[string]day{}, ReachBy: map[string]day{},
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
	if err := readStretches(ctx, store, m, names, sel); err != nil {
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

// readRows adds up the rows that the digest covers.
func readRows(ctx context.Context, store Store, m *material, names []string, sel selection) error {
	if !sel.byDays && m.Watermark <= sel.newsAfter {
		return nil // nothing new; a zero bound would be none
	}
	f := report.Filter{Domains: names, NewsAfter: sel.newsAfter, NewsUpTo: m.Watermark}
	if sel.byDays {
		f = report.Filter{Domains: names, From: sel.from.time(), To: sel.to.time()}
	}
	err := store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		if isOver(row, sel.now) && (sel.byDays || isNews(row, sel.cutoff)) {
			m.Tally.add(row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading reports: %w", err)
	}
	return nil
}

// readEarly adds up the rows that earlier runs passed over because their days were
// not over then, and are now.
func readEarly(ctx context.Context, store Store, m *material, names []string, sel selection) error {
	if sel.byDays || sel.newsAfter == 0 || sel.lastRun.IsZero() {
		return nil
	}
	f := report.Filter{Domains: names, NewsUpTo: sel.newsAfter, Early: true, From: (dayOf(sel.lastRun) - maxStretch).time(), To: dayOf(sel.now).time()}
	err := store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		if !isOver(row, sel.lastRun) && isOver(row, sel.now) && isNews(row, sel.cutoff) {
			m.Tally.add(row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading reports on days that were not over: %w", err)
	}
	return nil
}

// isOver reports whether the days that a row is about are over. Until they are it is
// told of nowhere (DESIGN 6), since more of them is to come.
func isOver(row *report.PolicyRow, now time.Time) bool { return row.Report.Over().Unix() <= now.Unix() }

// isNews reports whether a row is for a digest. What backfill brought is only
// where its day lies in the nominal period; all else of it is history.
func isNews(row *report.PolicyRow, cutoff time.Time) bool {
	return row.Via != report.ViaBackfill || row.Report.End.After(cutoff)
}

// readRejected returns the messages that could not be read and are news, by the same
// rule as reports. Which days such a message is about nobody knows: to days asked
// for belongs what came in on them or up to two days later.
func readRejected(ctx context.Context, store Store, sel selection, upTo int64) ([]report.RejectedMessage, error) {
	after := sel.newsAfter
	if sel.byDays {
		after = 0
	}
	if upTo <= after {
		return nil, nil
	}
	all, err := store.RejectedMessages(ctx, after, upTo)
	if err != nil {
		return nil, fmt.Errorf("reading which messages were rejected: %w", err)
	}
	return slices.DeleteFunc(all, func(r report.RejectedMessage) bool {
		came := r.ReceivedAt
		if came.IsZero() {
			came = r.RecordedAt
		}
		if sel.byDays {
			return came.Before(sel.from.time()) || !came.Before((sel.to + 2).time())
		}
		return r.Via == report.ViaBackfill && !came.After(sel.cutoff)
	}), nil
}

// readHistory reads the days before, for the picture, the states of findings and
// who has stopped reporting.
func readHistory(ctx context.Context, store Store, m *material, names []string) error {
	last := m.lastRead()
	from, to := (last - historyDays).time(), (last + 1).time()
	// Side by side: of many domains each takes a while, and none needs another.
	var reads sync.WaitGroup
	var errs [3]error
	reads.Go(func() {
		if m.Days, errs[0] = store.DayTotals(ctx, names, from, to); errs[0] != nil {
			errs[0] = fmt.Errorf("reading the totals of past days: %w", errs[0])
		}
	})
	reads.Go(func() {
		if m.Failures, errs[1] = store.FailureDays(ctx, names, from, to); errs[1] != nil {
			errs[1] = fmt.Errorf("reading the failures of past days: %w", errs[1])
		}
	})
	reads.Go(func() {
		if m.ReporterDays, errs[2] = store.ReporterDays(ctx, names, from, to); errs[2] != nil {
			errs[2] = fmt.Errorf("reading who reported on past days: %w", errs[2])
		}
	})
	reads.Wait()
	return errors.Join(errs[:]...)
}
