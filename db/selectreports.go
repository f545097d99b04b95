package db

import (
	"encoding/json"
	"math"

	"tlsbrief/internal/report"
)

// reportsAtOnce is how many reports EachPolicy asks for in one query.
const reportsAtOnce = 200

// fewDomains is up to how many domains it pays to start from the domains, rather
// than to pass over the reports on others.
const fewDomains = 50

// longReports selects the reports on several days.
const longReports = `SELECT id FROM report INDEXED BY report_long
	WHERE ends_at - starts_at >= 129600 AND news > ? AND news <= ? AND day >= ? AND day < ? ORDER BY day, id`

// earlyReports selects the reports that were recorded before the days they are about
// were over.
const earlyReports = `SELECT id FROM report INDEXED BY report_early
	WHERE recorded_at < max(ends_at, (day + max(1, (ends_at - starts_at + 43200) / 86400)) * 86400)
		AND news > ? AND news <= ? AND day >= ? AND day < ? ORDER BY day, id`

// reportsOfDomains selects the reports of a span of news that have a policy about one
// of some domains. Each report of the span is looked up once, but read only where
// it is one of these.
const reportsOfDomains = `WITH wanted (id) AS MATERIALIZED (SELECT d.id FROM domain AS d WHERE d.name IN (SELECT value FROM json_each(?)))
	SELECT id FROM report INDEXED BY report_news WHERE news > ? AND news <= ? AND day >= ? AND day < ?
		AND EXISTS (SELECT 1 FROM policy AS p WHERE p.report = report.id AND p.about IN wanted)
	ORDER BY day, id`

// queryReports returns a function that returns the reports of a filter in their order,
// some at a time, and none at the end. How they are found depends on which part
// of the filter selects least, so that a digest of a day's news does not read
// years, nor does an export of years hold them.
func (w *policyWalk) queryReports(f report.Filter) func() ([]int64, error) {
	first, end := daySpan(f.From, f.To)
	upTo := f.SeqUpTo
	if upTo == 0 {
		upTo = math.MaxInt64
	}
	switch {
	case f.Early:
		return w.queryAtOnce(earlyReports, f.SeqAfter, upTo, first, end)
	case f.Long:
		return w.queryAtOnce(longReports, f.SeqAfter, upTo, first, end)
	case f.SeqAfter > 0 && f.Domains != nil && !f.PolicyDomains:
		names, err := json.Marshal(f.Domains)
		if err != nil {
			return func() ([]int64, error) { return nil, err }
		}
		return w.queryAtOnce(reportsOfDomains, string(names), f.SeqAfter, upTo, first, end)
	case f.SeqAfter > 0:
		return w.queryAtOnce(`SELECT id FROM report INDEXED BY report_news WHERE news > ? AND news <= ? AND day >= ? AND day < ? ORDER BY day, id`,
			f.SeqAfter, upTo, first, end)
	case f.Domains != nil && !f.PolicyDomains && len(f.Domains) <= fewDomains:
		names, err := json.Marshal(f.Domains)
		if err != nil {
			return func() ([]int64, error) { return nil, err }
		}
		return w.queryAtOnce(`SELECT id FROM report WHERE news <= ? AND id IN (
				SELECT p.report FROM domain AS d CROSS JOIN policy AS p ON p.about = d.id AND p.day >= ? AND p.day < ?
				WHERE d.name IN (SELECT value FROM json_each(?)))
			ORDER BY day, id`, upTo, first, end, string(names))
	}
	return w.queryByDay(upTo, first, end)
}

// queryAtOnce reads all the numbers first.
func (w *policyWalk) queryAtOnce(query string, args ...any) func() ([]int64, error) {
	var ids []int64
	read := false
	return func() ([]int64, error) {
		if !read {
			var err error
			if ids, err = w.ids(query, args...); err != nil {
				return nil, err
			}
			read = true
		}
		some := ids[:min(len(ids), reportsAtOnce)]
		ids = ids[len(some):]
		return some, nil
	}
}

// queryByDay walks along the days, and remembers no more than where it is.
func (w *policyWalk) queryByDay(upTo, first, end int64) func() ([]int64, error) {
	day, last := first-1, int64(math.MaxInt64)
	return func() ([]int64, error) {
		for {
			ids, err := w.ids(`SELECT id FROM report WHERE day = ? AND id > ? AND news <= ? ORDER BY id LIMIT ?`, day, last, upTo, reportsAtOnce)
			if err != nil {
				return nil, err
			}
			if len(ids) > 0 {
				last = ids[len(ids)-1]
				return ids, nil
			}
			next, err := w.ids(`SELECT day FROM report WHERE day > ? AND day < ? ORDER BY day LIMIT 1`, day, end)
			if err != nil || len(next) == 0 {
				return nil, err
			}
			day, last = next[0], 0
		}
	}
}

// ids reads the only column of a query, an integer.
func (w *policyWalk) ids(query string, args ...any) ([]int64, error) {
	rows, err := w.view.QueryContext(w.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
