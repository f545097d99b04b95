package facts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tlsbrief/internal/report"
)

// rows adds up the rows that the digest covers.
func (r *reader) rows(ctx context.Context) error {
	if !r.q.ByDays && r.f.Watermark <= r.q.SeqAfter {
		return nil // nothing new; a zero bound would be none
	}
	f := report.Filter{Domains: r.names, SeqAfter: r.q.SeqAfter, SeqUpTo: r.f.Watermark}
	if r.q.ByDays {
		f = report.Filter{Domains: r.names, From: r.q.From.Time(), To: r.q.To.Time()}
	}
	err := r.store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		if isOver(row, r.q.Now) && (r.q.ByDays || isNews(row, r.q.Cutoff)) {
			r.f.Tally.Add(row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading reports: %w", err)
	}
	return nil
}

// early adds up the rows that earlier runs passed over because their days were
// not over then, and are now.
func (r *reader) early(ctx context.Context) error {
	if r.q.ByDays || r.q.SeqAfter == 0 || r.q.LastRun.IsZero() {
		return nil
	}
	f := report.Filter{Domains: r.names, SeqUpTo: r.q.SeqAfter, Early: true, From: (DayOf(r.q.LastRun) - maxSpan).Time(), To: DayOf(r.q.Now).Time()}
	err := r.store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		if !isOver(row, r.q.LastRun) && isOver(row, r.q.Now) && isNews(row, r.q.Cutoff) {
			r.f.Tally.Add(row)
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

// rejected reads the messages that could not be read and are news, by the same rule
// as reports. Which days such a message is about nobody knows: to days asked for
// belongs what came in on them or up to two days later.
func (r *reader) rejected(ctx context.Context) error {
	after := r.q.SeqAfter
	if r.q.ByDays {
		after = 0
	}
	if !r.q.Rejected || r.f.Watermark <= after {
		return nil
	}
	all, err := r.store.RejectedMessages(ctx, after, r.f.Watermark)
	if err != nil {
		return fmt.Errorf("reading which messages were rejected: %w", err)
	}
	r.f.Rejected = slices.DeleteFunc(all, func(m report.RejectedMessage) bool {
		came := m.ReceivedAt
		if came.IsZero() {
			came = m.RecordedAt
		}
		if r.q.ByDays {
			return came.Before(r.q.From.Time()) || !came.Before((r.q.To + 2).Time())
		}
		return m.Via == report.ViaBackfill && !came.After(r.q.Cutoff)
	})
	return nil
}

// isLate reports whether a report arrived more than two days after the time it
// covers: it then belongs to a day of which a digest has spoken already. When a
// file arrived nobody knows, and it is not called late.
func isLate(row *report.PolicyRow) bool {
	return row.ReceivedAt.After(row.Report.End.AddDate(0, 0, 2))
}
