package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"tlsbrief/internal/report"
)

// ReporterDays says which reporters were heard of on which days, over the
// reports that count, of the days in [from, to) and about these domains; nil is
// all of them. By day, reporter and organization. A zero time does not bound it.
//
// Where there are many domains it steps from one reporter to the next, so that its
// cost follows from how many there are, and not from how many reports each has
// sent.
func (d *DB) ReporterDays(ctx context.Context, domains []string, from, to time.Time) ([]report.ReporterDay, error) {
	days, err := d.reporterDays(ctx, domains, from, to)
	return days, d.fail("listing who reported", err)
}

// The steps of ReporterDays. nextHeard finds the reporter after another, aboutWanted
// whether a report of one is about a domain that is asked for; %s are their ids.
const (
	nextHeard = `SELECT day, reporter, organization FROM report INDEXED BY report_heard
		WHERE counts = 1 AND (day, reporter, organization) > (?, ?, ?) AND day < ? ORDER BY day, reporter, organization LIMIT 1`
	aboutWanted = `SELECT EXISTS (SELECT 1 FROM report AS r INDEXED BY report_heard
		WHERE r.counts = 1 AND r.day = ? AND r.reporter = ? AND r.organization = ?
			AND EXISTS (SELECT 1 FROM policy AS p WHERE p.report = r.id AND p.about IN (%s)))`
)

// manyDomains is from how many domains on it does not pay to read the reports on
// each.
const manyDomains = 10

func (d *DB) reporterDays(ctx context.Context, domains []string, from, to time.Time) ([]report.ReporterDay, error) {
	if domains != nil && len(domains) < manyDomains {
		return d.reportersOfFew(ctx, domains, from, to)
	}
	view, err := d.reader.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer view.Rollback() // nothing was written
	next, err := view.PrepareContext(ctx, nextHeard)
	if err != nil {
		return nil, err
	}
	defer next.Close()
	wanted := func(int64, *report.ReporterDay) (bool, error) { return true, nil }
	if domains != nil {
		ids, err := domainIDs(ctx, view, domains)
		if err != nil || len(ids) == 0 {
			return nil, err
		}
		about, err := view.PrepareContext(ctx, strings.Replace(aboutWanted, "%s", strings.Join(ids, ", "), 1))
		if err != nil {
			return nil, err
		}
		defer about.Close()
		wanted = func(day int64, r *report.ReporterDay) (is bool, err error) {
			err = about.QueryRowContext(ctx, day, r.Reporter, r.Organization).Scan(&is)
			return is, err
		}
	}
	return walkHeard(ctx, next, wanted, from, to)
}

// reportersOfFew is ReporterDays for a few domains.
func (d *DB) reportersOfFew(ctx context.Context, domains []string, from, to time.Time) ([]report.ReporterDay, error) {
	clause, args, err := span(domains, from, to)
	if err != nil {
		return nil, err
	}
	return collect(ctx, d.reader, func(rows *sql.Rows) (r report.ReporterDay, err error) {
		var day int64
		err = rows.Scan(&day, &r.Reporter, &r.Organization)
		r.Day = dayTime(day)
		return r, err
	}, `SELECT DISTINCT picked.day, r.reporter, r.organization FROM (SELECT p.report, p.day`+clause+`) AS picked
			CROSS JOIN report AS r ON r.id = picked.report ORDER BY picked.day, r.reporter, r.organization`, args...)
}

// walkHeard steps along report_heard and keeps what is wanted.
func walkHeard(ctx context.Context, next *sql.Stmt, wanted func(int64, *report.ReporterDay) (bool, error), from, to time.Time) ([]report.ReporterDay, error) {
	first, end := daySpan(from, to)
	var days []report.ReporterDay
	at := report.ReporterDay{} // sorts before all of its day: no report lacks a reporter
	for day := first; ; {
		err := next.QueryRowContext(ctx, day, at.Reporter, at.Organization, end).Scan(&day, &at.Reporter, &at.Organization)
		if errors.Is(err, sql.ErrNoRows) {
			return days, nil
		}
		if err != nil {
			return nil, err
		}
		is, err := wanted(day, &at)
		if err != nil {
			return nil, err
		}
		if is {
			at.Day = dayTime(day)
			days = append(days, at)
		}
	}
}

// domainIDs returns the numbers of the domains that are known, as text.
func domainIDs(ctx context.Context, view *sql.Tx, domains []string) ([]string, error) {
	names, err := json.Marshal(domains)
	if err != nil {
		return nil, err
	}
	rows, err := view.QueryContext(ctx, "SELECT id FROM domain WHERE name IN (SELECT value FROM json_each(?))", string(names))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, strconv.FormatInt(id, 10))
	}
	return ids, rows.Err()
}
