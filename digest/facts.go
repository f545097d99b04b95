package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tlsbrief/internal/report"
)

// material is what a digest is made of, as it was read at one moment. Judging
// and rendering it takes no clock and no database.
type material struct {
	Spec
	Kind            kind
	Now             time.Time // when it was read
	LastRun         time.Time // when the digest was last built; zero if never
	Current         bool      // it is about now, not a preview of days long gone
	First, Until    day       // the nominal period, or the days asked for: First inclusive, Until exclusive
	ByDays          bool      // the days were asked for, so nothing outside them is told of
	AuthenticityOff bool
	Accept          []Accept
	Version         string

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

// hasNews reports whether the fallback digest has something to say.
func (m *material) hasNews() bool {
	return len(m.Tally.reports) > 0 || len(m.Tally.uncounted.reports) > 0 || len(m.Rejected) > 0 || len(blind(m.unread())) > 0
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

// read reads what a digest is to be made of.
func (d *Digester) read(ctx context.Context, s *task, sel selection) (*material, error) {
	m := &material{
		Spec: s.Spec, Kind: s.kind, Now: sel.now, LastRun: sel.lastRun,
		First: sel.first, Until: dayOf(sel.now), ByDays: sel.byDays, Untold: sel.untold,
		AuthenticityOff: d.o.AuthenticityOff, Accept: d.o.Accept, Version: d.o.Version, Tally: newTally(),
		Stretches: map[stretch]struct{}{}, Reach: map[string]day{}, ReachBy: map[string]day{},
	}
	m.Current = true
	if sel.byDays {
		m.First, m.Until = sel.from, sel.to
		m.Current = sel.to.time().AddDate(0, 0, 2).After(sel.now)
	}
	var err error
	// The watermark comes before all else: what is recorded from here on is for
	// the next digest.
	if m.Watermark, err = d.o.DB.LastNews(ctx); err != nil {
		return nil, fmt.Errorf("reading how far reports are recorded: %w", err)
	}
	if m.Domains, err = d.domains(ctx, s); err != nil {
		return nil, err
	}
	m.Tally.ask(m.Domains)
	names := s.filter(m.Domains)
	if err := d.readRows(ctx, m, names, sel); err != nil {
		return nil, err
	}
	if err := d.readEarly(ctx, m, names, sel); err != nil {
		return nil, err
	}
	if err := d.readHistory(ctx, m, names); err != nil {
		return nil, err
	}
	if err := d.readStretches(ctx, m, names, sel); err != nil {
		return nil, err
	}
	if err := d.readChecks(ctx, m, names, sel); err != nil {
		return nil, err
	}
	if err := d.readModes(ctx, m); err != nil {
		return nil, err
	}
	if err := d.readWitnesses(ctx, m); err != nil {
		return nil, err
	}
	if err := d.readPolicyStates(ctx, m); err != nil {
		return nil, err
	}
	if s.kind != kindConfigured {
		if m.Rejected, err = d.rejected(ctx, sel, m.Watermark); err != nil {
			return nil, err
		}
	}
	if m.Current && d.o.Overrun != nil {
		m.Overrun = d.o.Overrun()
	}
	m.Mailboxes, err = d.mailboxes(ctx)
	return m, err
}

// domains returns the domains of a digest: those it names, and of those that
// reports speak of the ones its patterns match, or that nobody else claims.
func (d *Digester) domains(ctx context.Context, s *task) ([]domainName, error) {
	known, err := d.o.DB.Domains(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the domains: %w", err)
	}
	return s.patterns.choose(known), nil
}

// filter returns the names to ask the database for; nil for all of them.
func (s *task) filter(domains []domainName) []string {
	if s.kind == kindAll {
		return nil
	}
	names := make([]string, 0, len(domains))
	for _, d := range domains {
		names = append(names, d.Name)
	}
	return names
}

// readRows adds up the rows that the digest covers.
func (d *Digester) readRows(ctx context.Context, m *material, names []string, sel selection) error {
	if !sel.byDays && m.Watermark <= sel.newsAfter {
		return nil // nothing new; a zero bound would be none
	}
	f := report.Filter{Domains: names, NewsAfter: sel.newsAfter, NewsUpTo: m.Watermark}
	if sel.byDays {
		f = report.Filter{Domains: names, From: sel.from.time(), To: sel.to.time()}
	}
	err := d.o.DB.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
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
func (d *Digester) readEarly(ctx context.Context, m *material, names []string, sel selection) error {
	if sel.byDays || sel.newsAfter == 0 || sel.lastRun.IsZero() {
		return nil
	}
	f := report.Filter{Domains: names, NewsUpTo: sel.newsAfter, Early: true, From: (dayOf(sel.lastRun) - maxStretch).time(), To: dayOf(sel.now).time()}
	err := d.o.DB.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
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

// rejected returns the messages that could not be read and are news, by the same
// rule as reports. Which days such a message is about nobody knows: to days asked
// for belongs what came in on them or up to two days later.
func (d *Digester) rejected(ctx context.Context, sel selection, upTo int64) ([]report.RejectedMessage, error) {
	after := sel.newsAfter
	if sel.byDays {
		after = 0
	}
	if upTo <= after {
		return nil, nil
	}
	all, err := d.o.DB.RejectedMessages(ctx, after, upTo)
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
func (d *Digester) readHistory(ctx context.Context, m *material, names []string) error {
	last := m.lastRead()
	from, to := (last - historyDays).time(), (last + 1).time()
	// Side by side: of many domains each takes a while, and none needs another.
	var reads sync.WaitGroup
	var errs [3]error
	reads.Go(func() {
		if m.Days, errs[0] = d.o.DB.DayTotals(ctx, names, from, to); errs[0] != nil {
			errs[0] = fmt.Errorf("reading the totals of past days: %w", errs[0])
		}
	})
	reads.Go(func() {
		if m.Failures, errs[1] = d.o.DB.FailureDays(ctx, names, from, to); errs[1] != nil {
			errs[1] = fmt.Errorf("reading the failures of past days: %w", errs[1])
		}
	})
	reads.Go(func() {
		if m.ReporterDays, errs[2] = d.o.DB.ReporterDays(ctx, names, from, to); errs[2] != nil {
			errs[2] = fmt.Errorf("reading who reported on past days: %w", errs[2])
		}
	})
	reads.Wait()
	return errors.Join(errs[:]...)
}
