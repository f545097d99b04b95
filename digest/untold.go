package digest

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/db"
	"tlsbrief/templates"
)

// An unsent says which news the runs of a digest covered that came after its last
// mail and were not sent (OnlyWhen). None where upTo is not above after.
type unsent struct {
	after, upTo int64
	cutoff      time.Time // what backfill brought is news only where it ends after this
	since       time.Time // when the last mail was made
}

// unsent returns what the runs since the last mail covered.
func (t *task) unsent(state db.DigestState) unsent {
	u := unsent{after: state.Told, upTo: state.Watermark, since: state.ToldAt}
	if u.none() {
		return unsent{}
	}
	// The first of these runs was the one that fell due next after the mail.
	first, err := t.schedule.next(state.ToldAt)
	if err != nil {
		first = state.ToldAt
	}
	u.cutoff = t.schedule.start(first.In(t.schedule.location))
	return u
}

func (u unsent) none() bool { return u.upTo <= u.after || u.since.IsZero() }

// An untold is what runs covered that were not sent, summed up, so that nothing is
// lost to the reader of a digest that is sent only now and then. What failed of it
// stands in the mail before (OnlyChanges), or nothing did (OnlyFailures).
type untold struct {
	totals
	Since       time.Time // when the last mail was made; zero: nothing is untold
	Reports     int
	Uncounted   int // reports that do not count
	First, Last day // that the reports are about
}

// readUntold sums up what the runs since the last mail covered. names are those
// of the digest's domains; nil for all.
func (d *Digester) readUntold(ctx context.Context, m *material, names []string, sel selection) error {
	if sel.untold.none() {
		return nil
	}
	t := newTally()
	t.ask(m.Domains)
	f := db.Filter{Domains: names, NewsAfter: sel.untold.after, NewsUpTo: sel.untold.upTo}
	err := d.o.DB.EachPolicy(ctx, f, func(row *db.PolicyRow) error {
		if isNews(row, sel.untold.cutoff) {
			t.add(row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the reports since the last mail: %w", err)
	}
	m.Untold = untold{totals: t.overall, Since: sel.untold.since, Reports: len(t.reports), Uncounted: len(t.uncounted.reports)}
	m.Untold.First, m.Untold.Last, _ = t.span()
	return nil
}

// span returns the first and the last day that reports which count are about.
func (t *tally) span() (first, last day, found bool) {
	for _, d := range t.domains {
		for on, covered := range d.days {
			if !found || on < first {
				first = on
			}
			if !found || covered.until > last {
				last = covered.until
			}
			found = true
		}
	}
	return first, last, found
}

// sentence says what was not told, empty where that is nothing.
func (u untold) sentence(location *time.Location) string {
	if u.Since.IsZero() || u.Reports+u.Uncounted == 0 {
		return ""
	}
	if location == nil {
		location = time.UTC
	}
	s := fmt.Sprintf("The runs of this digest since its last mail, of %s, were not sent. They covered ", u.Since.In(location).Format("Mon 2 Jan"))
	if u.Reports > 0 {
		s += fmt.Sprintf("%s on %s, %s (%s)", templates.Plural(int64(u.Reports), "report"),
			templates.Plural(int64(u.sessions()), "delivery attempt"), u.failed(), daySpan(u.First, u.Last))
	}
	if u.Reports > 0 && u.Uncounted > 0 {
		s += ", and "
	}
	if u.Uncounted > 0 {
		s += templates.Plural(int64(u.Uncounted), "report") + " that could not be verified"
	}
	return s + "."
}

// failed says how many of the delivery attempts failed.
func (u untold) failed() string {
	switch {
	case u.Failed == 0:
		return "none of which failed"
	case u.Successful == 0:
		return "all of which failed"
	}
	return templates.Count(int64(u.Failed)) + " of which failed"
}
