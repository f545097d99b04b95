package digest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tlsbrief/internal/report"
)

// readRows adds up the rows that the digest covers.
func readRows(ctx context.Context, store Store, m *Facts, names []string, sel Selection) error {
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
func readEarly(ctx context.Context, store Store, m *Facts, names []string, sel Selection) error {
	if sel.byDays || sel.newsAfter == 0 || sel.lastRun.IsZero() {
		return nil
	}
	f := report.Filter{Domains: names, NewsUpTo: sel.newsAfter, Early: true, From: (dayOf(sel.lastRun) - maxSpan).time(), To: dayOf(sel.now).time()}
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
func readRejected(ctx context.Context, store Store, sel Selection, upTo int64) ([]report.RejectedMessage, error) {
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

// isLate reports whether a report arrived more than two days after the time it
// covers: it then belongs to a day of which a digest has spoken already. When a
// file arrived nobody knows, and it is not called late.
func isLate(row *report.PolicyRow) bool {
	return row.ReceivedAt.After(row.Report.End.AddDate(0, 0, 2))
}
