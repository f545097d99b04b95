package db

import (
	"database/sql"
	"encoding/json"
	"math"
)

// reportsAtOnce is how many reports EachPolicy asks for in one query.
const reportsAtOnce = 200

// fewDomains is up to how many domains it pays to start from the domains, rather
// than to pass over the reports on others.
const fewDomains = 50

// pick returns a function that returns the reports of a filter in their order,
// some at a time, and none at the end. How they are found depends on which part
// of the filter selects least, so that a digest of a day's news does not read
// years, nor does an export of years hold them.
func (w *policyWalk) pick(f Filter) func() ([]int64, error) {
	first, end := daySpan(f.From, f.To)
	upTo := f.NewsUpTo
	if upTo == 0 {
		upTo = math.MaxInt64
	}
	switch {
	case f.NewsAfter > 0:
		return w.pickAtOnce(`SELECT id FROM report WHERE news > ? AND news <= ? AND day >= ? AND day < ? ORDER BY day, id`,
			f.NewsAfter, upTo, first, end)
	case f.Domains != nil && len(f.Domains) <= fewDomains:
		names, err := json.Marshal(f.Domains)
		if err != nil {
			return func() ([]int64, error) { return nil, err }
		}
		return w.pickAtOnce(`SELECT id FROM report WHERE news <= ? AND id IN (
				SELECT p.report FROM domain AS d CROSS JOIN policy AS p ON p.domain = d.id AND p.day >= ? AND p.day < ?
				WHERE d.name IN (SELECT value FROM json_each(?)))
			ORDER BY day, id`, upTo, first, end, string(names))
	}
	return w.pickByDay(upTo, first, end)
}

// pickAtOnce reads all the numbers first.
func (w *policyWalk) pickAtOnce(query string, args ...any) func() ([]int64, error) {
	var ids []int64
	read := false
	return func() ([]int64, error) {
		if !read {
			var err error
			if ids, err = w.ids(func(rows *sql.Rows, id *int64) error { return rows.Scan(id) }, query, args...); err != nil {
				return nil, err
			}
			read = true
		}
		some := ids[:min(len(ids), reportsAtOnce)]
		ids = ids[len(some):]
		return some, nil
	}
}

// pickByDay walks along the days, and remembers no more than where it is.
func (w *policyWalk) pickByDay(upTo, first, end int64) func() ([]int64, error) {
	day, last := first, int64(0)
	return func() ([]int64, error) {
		ids, err := w.ids(func(rows *sql.Rows, id *int64) error { return rows.Scan(id, &day) },
			`SELECT id, day FROM report WHERE (day, id) > (?, ?) AND day < ? AND news <= ? ORDER BY day, id LIMIT ?`,
			day, last, end, upTo, reportsAtOnce)
		if len(ids) > 0 {
			last = ids[len(ids)-1]
		}
		return ids, err
	}
}

func (w *policyWalk) ids(scan func(*sql.Rows, *int64) error, query string, args ...any) ([]int64, error) {
	rows, err := w.view.QueryContext(w.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := scan(rows, &id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
