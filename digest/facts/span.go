package facts

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A Span is the UTC days that a report is about, both included: one as a rule
// (RFC 8460, section 4.1), several of senders that report by the week. Its
// sessions are booked on the first day, and cannot be told apart by day.
type Span struct{ First, Last Day }

// spanOf returns the days of a report. One of 24 hours that begin within a
// UTC day, as senders elsewhere on the globe write them, is about that day.
func spanOf(r *tlsrpt.Report) Span {
	const whole = 24 * time.Hour
	first := DayOf(r.Start)
	n := Day(r.End.Sub(r.Start).Round(whole) / whole)
	return Span{first, first + max(1, n) - 1}
}

// several reports whether there is more than one day.
func (s Span) several() bool { return s.Last > s.First }

// holds reports whether a day is one of them.
func (s Span) holds(d Day) bool { return s.First <= d && d <= s.Last }

// maxSpan is how many days before those shown a report may begin that reaches
// into them.
const maxSpan = 31

// spans looks for reports of several days that reach into the days
// shown, among those that the digest does not cover: so that these are not said to be without a report, and days asked for
// within one tell of it.
func (r *reader) spans(ctx context.Context) error {
	first, last := r.f.PictureDays()
	if r.q.ByDays {
		first = min(first, r.q.From)
	}
	f := report.Filter{Domains: r.names, Long: true, From: (first - maxSpan).Time(), To: (last + 1).Time()}
	err := r.store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		s := spanOf(&row.Report)
		if !s.several() || !isOver(row, r.q.Now) {
			return nil
		}
		if row.Auth.Result.Counts() {
			r.f.Spans[s] = struct{}{}
			r.f.Reach[row.Domain()] = max(r.f.Reach[row.Domain()], s.Last)
			who := reporterOf(row).Key()
			r.f.ReachBy[who] = max(r.f.ReachBy[who], s.Last)
		}
		if r.q.ByDays && s.First < r.q.From && s.holds(r.q.From) {
			r.f.Tally.Add(row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking for reports of several days: %w", err)
	}
	return nil
}

// SpanAt returns a report's several days that hold a day.
func (m *Facts) SpanAt(d Day) (Span, bool) {
	best, found := Span{}, false
	look := func(s Span) {
		if s.holds(d) && (!found || s.First < best.First || s.First == best.First && s.Last < best.Last) {
			best, found = s, true
		}
	}
	for s := range m.Tally.Spans {
		look(s)
	}
	for s := range m.Spans {
		look(s)
	}
	return best, found
}

// OnlySpan returns the several days that all reports covered are about, where
// there is nothing else.
func (m *Facts) OnlySpan() (Span, bool) {
	if len(m.Tally.Spans) != 1 || m.Tally.singles {
		return Span{}, false
	}
	for s := range m.Tally.Spans {
		return s, true
	}
	return Span{}, false
}
