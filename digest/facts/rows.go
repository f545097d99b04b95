package facts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tlsbrief/internal/report"
)

// readRows adds up the rows that the digest covers.
func readRows(ctx context.Context, store Store, m *Facts, names []string, sel Selection) error {
	if !sel.ByDays && m.Watermark <= sel.NewsAfter {
		return nil // nothing new; a zero bound would be none
	}
	f := report.Filter{Domains: names, NewsAfter: sel.NewsAfter, NewsUpTo: m.Watermark}
	if sel.ByDays {
		f = report.Filter{Domains: names, From: sel.From.Time(), To: sel.To.Time()}
	}
	err := store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		if isOver(row, sel.Now) && (sel.ByDays || isNews(row, sel.Cutoff)) {
			m.Tally.Add(row)
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
func readEarly(ctx context.Context, store Store, m *Facts, names []string, sel Selection) error {
	if sel.ByDays || sel.NewsAfter == 0 || sel.LastRun.IsZero() {
		return nil
	}
	f := report.Filter{Domains: names, NewsUpTo: sel.NewsAfter, Early: true, From: (DayOf(sel.LastRun) - maxSpan).Time(), To: DayOf(sel.Now).Time()}
	err := store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		if !isOver(row, sel.LastRun) && isOver(row, sel.Now) && isNews(row, sel.Cutoff) {
			m.Tally.Add(row)
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
func readRejected(ctx context.Context, store Store, sel Selection, upTo int64) ([]report.RejectedMessage, error) {
	after := sel.NewsAfter
	if sel.ByDays {
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
		if sel.ByDays {
			return came.Before(sel.From.Time()) || !came.Before((sel.To + 2).Time())
		}
		return r.Via == report.ViaBackfill && !came.After(sel.Cutoff)
	}), nil
}

// isLate reports whether a report arrived more than two days after the time it
// covers: it then belongs to a day of which a digest has spoken already. When a
// file arrived nobody knows, and it is not called late.
func isLate(row *report.PolicyRow) bool {
	return row.ReceivedAt.After(row.Report.End.AddDate(0, 0, 2))
}
