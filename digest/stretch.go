package digest

import (
	"context"
	"fmt"
	"maps"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// A stretch is the UTC days that a report is about, both included: one as a rule
// (RFC 8460, section 4.1), several of senders that report by the week. Its
// sessions are booked on the first day, and cannot be told apart by day.
type stretch struct{ First, Last day }

// stretchOf returns the days of a report. One of 24 hours that begin within a
// UTC day, as senders elsewhere on the globe write them, is about that day.
func stretchOf(r *tlsrpt.Report) stretch {
	const whole = 24 * time.Hour
	first := dayOf(r.Start)
	n := day(r.End.Sub(r.Start).Round(whole) / whole)
	return stretch{first, first + max(1, n) - 1}
}

// several reports whether there is more than one day.
func (s stretch) several() bool { return s.Last > s.First }

// holds reports whether a day is one of them.
func (s stretch) holds(d day) bool { return s.First <= d && d <= s.Last }

// String returns the days in words.
func (s stretch) String() string { return daySpan(s.First, s.Last) }

// maxStretch is how many days before those shown a report may begin that reaches
// into them.
const maxStretch = 31

// readStretches looks for reports of several days that reach into the days
// shown, among those that the digest does not cover: so that these are not said to be without a report, and days asked for
// within one tell of it.
func (d *Digester) readStretches(ctx context.Context, m *material, names []string, sel selection) error {
	first, last := m.pictureDays()
	if sel.byDays {
		first = min(first, sel.from)
	}
	f := report.Filter{Domains: names, Long: true, From: (first - maxStretch).time(), To: (last + 1).time()}
	err := d.o.DB.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		s := stretchOf(&row.Report)
		if !s.several() || !isOver(row, sel.now) {
			return nil
		}
		if row.Auth.Result.Counts() {
			m.Stretches[s] = struct{}{}
			m.Reach[row.Domain()] = max(m.Reach[row.Domain()], s.Last)
			who := reporterOf(row).key()
			m.ReachBy[who] = max(m.ReachBy[who], s.Last)
		}
		if sel.byDays && s.First < sel.from && s.holds(sel.from) {
			m.Tally.add(row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking for reports of several days: %w", err)
	}
	return nil
}

// stopped returns who has stopped reporting. Who reports by the week is heard of
// on its last day.
func (m *material) stopped() []stoppedReporter {
	reach := maps.Clone(m.ReachBy)
	if reach == nil {
		reach = map[string]day{}
	}
	for key, r := range m.Tally.reporters {
		reach[key] = max(reach[key], r.until)
	}
	return stoppedReporters(m.ReporterDays, reach, m.reachable())
}

// pictureDays returns the first and the last of the days in the picture.
func (m *material) pictureDays() (first, last day) {
	last = m.reachable()
	if _, covered := m.coveredDays(); !m.ByDays && covered > last {
		last = min(covered, dayOf(m.Now))
	}
	return last - pictureDays + 1, last
}

// stretchAt returns a report's several days that hold a day.
func (m *material) stretchAt(d day) (stretch, bool) {
	best, found := stretch{}, false
	look := func(s stretch) {
		if s.holds(d) && (!found || s.First < best.First || s.First == best.First && s.Last < best.Last) {
			best, found = s, true
		}
	}
	for s := range m.Tally.stretches {
		look(s)
	}
	for s := range m.Stretches {
		look(s)
	}
	return best, found
}

// inStretches says how much of what is counted stands in reports of several
// days, as the end of a phrase; nothing where none does.
func (w words) inStretches() string {
	var n tlsrpt.Sessions
	first, last := day(0), day(0)
	for s, k := range w.Tally.stretches {
		if n = n.Plus(k); first == 0 || s.First < first {
			first = s.First
		}
		last = max(last, s.Last)
	}
	if len(w.Tally.stretches) == 0 || first == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s in reports for several days, %s)", templates.Count(int64(n)), daySpan(first, last))
}

// onlyStretch returns the several days that all reports covered are about, where
// there is nothing else.
func (j *judgement) onlyStretch() (stretch, bool) {
	if len(j.Tally.stretches) != 1 || j.Tally.singles {
		return stretch{}, false
	}
	for s := range j.Tally.stretches {
		return s, true
	}
	return stretch{}, false
}
