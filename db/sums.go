package db

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// SQLite's SUM fails on overflow, and TOTAL rounds. Both would be a stranger's
// to bring about, so sums are made of two halves of each count, which neither
// overflow nor lose anything below 2^37 rows, and are put together by whole.

const halfBits = 26

// whole puts a sum together from the sums of its halves. It stops at the largest
// int64.
func whole(high, low int64) tlsrpt.Sessions {
	const largest = 1<<63 - 1
	if high > largest>>halfBits {
		return largest
	}
	return tlsrpt.Sessions(high << halfBits).Plus(tlsrpt.Sessions(low))
}

// inDomains selects policies of a span of days that count, by domain and day in
// that order: of the domains in a JSON array, or of all where that is NULL. Its
// parameters are in spanArgs. It reads only the span's part of policy_sum or
// policy_failing, whatever else is stored.
const inDomains = ` FROM domain AS d CROSS JOIN policy AS p ON p.about = d.id AND p.day >= ? AND p.day < ?
	WHERE d.name IN (SELECT value FROM json_each(?)) AND p.counts = 1 `

const inAllDomains = ` FROM domain AS d CROSS JOIN policy AS p ON p.about = d.id AND p.day >= ? AND p.day < ?
	WHERE p.counts = 1 `

// span returns the FROM clause for domains, nil being all, and its arguments.
func span(domains []string, from, to time.Time) (string, []any, error) {
	first, end := daySpan(from, to)
	if domains == nil {
		return inAllDomains, []any{first, end}, nil
	}
	names, err := json.Marshal(domains)
	return inDomains, []any{first, end, string(names)}, err
}

// DayTotals sums sessions by day, domain and policy type, over the reports that
// count, of the days in [from, to) and these domains; nil is all of them. Sorted
// so. A zero time does not bound it.
func (d *DB) DayTotals(ctx context.Context, domains []string, from, to time.Time) ([]report.DayTotal, error) {
	totals, err := d.dayTotals(ctx, domains, from, to)
	return totals, d.fail("summing days", err)
}

func (d *DB) dayTotals(ctx context.Context, domains []string, from, to time.Time) ([]report.DayTotal, error) {
	clause, args, err := span(domains, from, to)
	if err != nil {
		return nil, err
	}
	var totals []report.DayTotal
	_, err = collect(ctx, d.reader, func(rows *sql.Rows) (none struct{}, err error) {
		var t report.DayTotal
		var day, okHigh, okLow, failedHigh, failedLow int64
		var overlap bool
		if err := rows.Scan(&t.Domain, &day, &t.Type, &overlap, &okHigh, &okLow, &failedHigh, &failedLow); err != nil {
			return none, err
		}
		t.Day, t.Successful, t.Failed = dayTime(day), whole(okHigh, okLow), whole(failedHigh, failedLow)
		if overlap {
			t.Overlap, t.OverlapFailed = t.Successful.Plus(t.Failed), t.Failed
		}
		if n := len(totals); n > 0 && totals[n-1].Day.Equal(t.Day) && totals[n-1].Domain == t.Domain && totals[n-1].Type == t.Type {
			last := &totals[n-1]
			last.Successful, last.Failed = last.Successful.Plus(t.Successful), last.Failed.Plus(t.Failed)
			last.Overlap, last.OverlapFailed = last.Overlap.Plus(t.Overlap), last.OverlapFailed.Plus(t.OverlapFailed)
		} else {
			totals = append(totals, t)
		}
		return none, nil
	}, `SELECT d.name, p.day, p.type, p.overlap, SUM(p.successful >> 26), SUM(p.successful & 67108863), SUM(p.failed >> 26), SUM(p.failed & 67108863)`+
		clause+`GROUP BY d.id, p.day, p.type, p.overlap ORDER BY d.id, p.day, p.type, p.overlap`, args...)
	slices.SortFunc(totals, func(a, b report.DayTotal) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Type, b.Type))
	})
	return totals, err
}

// FailureDays sums failure details by day, domain, policy type, result type and
// receiving MX host, over the reports that count, of the days in [from, to) and
// these domains; nil is all of them. Sorted so. A zero time does not bound it.
//
// How many there are is a stranger's to choose, so of each day, domain and policy
// type only the [MostCauses] with the most sessions are told apart, and the
// others are summed by result type as those of [OtherHosts].
func (d *DB) FailureDays(ctx context.Context, domains []string, from, to time.Time) ([]report.FailureDay, error) {
	const step = "summing failures"
	clause, args, err := span(domains, from, to)
	if err != nil {
		return nil, d.fail(step, err)
	}
	sums := failureSums{groups: map[failureGroup]map[failureCause]tlsrpt.Sessions{}}
	// Summed here rather than in SQL: SQLite would keep every name before it
	// could say which are the largest.
	_, err = collect(ctx, d.reader, func(rows *sql.Rows) (none struct{}, err error) {
		var g failureGroup
		var c failureCause
		var n tlsrpt.Sessions
		if err := rows.Scan(&g.day, &g.domain, &g.kind, &c.result, &c.mx, &n); err != nil {
			return none, err
		}
		sums.add(g, c, n)
		return none, nil
	}, `SELECT picked.day, picked.name, picked.type, x.result_type,
			CASE WHEN x.receiving_mx_hostname = '' AND picked.domain <> picked.about -- see PolicyRow.MX
				THEN (SELECT own.name FROM domain AS own WHERE own.id = picked.domain) ELSE x.receiving_mx_hostname END, x.sessions
		FROM (SELECT p.report, p.position, p.day, p.type, p.domain, p.about, d.name`+clause+`AND p.failures > 0) AS picked
			CROSS JOIN failure AS x ON x.report = picked.report AND x.policy = picked.position`, args...)
	if err != nil {
		return nil, d.fail(step, err)
	}
	return sums.days(), nil
}
