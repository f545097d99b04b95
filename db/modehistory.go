package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// ModeHistory returns since when the MTA-STS policy of a domain has been in a mode,
// and when it last saw a failure, on days before the given one. It reads a few
// index entries, however much is stored.
func (d *DB) ModeHistory(ctx context.Context, domain string, mode tlsrpt.Mode, before time.Time) (report.ModeHistory, error) {
	s, err := d.modeHistory(ctx, domain, mode, dayFrom(before))
	return s, d.fail("reading since when the policy of "+domain+" is in its mode", err)
}

// The queries of ModeHistory: each reads one end of an index. The conditions on type,
// counts and mode are those of the indexes.
const (
	modeDays = `SELECT day FROM policy WHERE about = (SELECT id FROM domain WHERE name = ?)
		AND type = 'sts' AND counts = 1 AND mode <> '' AND mode = ? AND day < ?`
	lastOfMode  = modeDays + ` ORDER BY day DESC LIMIT 1`
	firstOfMode = modeDays + ` AND day > ? ORDER BY day LIMIT 1`
	lastFailure = `SELECT day FROM policy WHERE about = (SELECT id FROM domain WHERE name = ?)
		AND type = 'sts' AND counts = 1 AND (failed > 0 OR failures > 0) AND day < ? ORDER BY day DESC LIMIT 1`
)

func (d *DB) modeHistory(ctx context.Context, domain string, mode tlsrpt.Mode, before int64) (s report.ModeHistory, err error) {
	never := int64(-1)
	other := never // the last day of another mode
	for _, m := range [...]tlsrpt.Mode{tlsrpt.ModeEnforce, tlsrpt.ModeTesting, tlsrpt.ModeNone} {
		if m == mode {
			continue
		}
		last, err := d.dayOr(ctx, never, lastOfMode, domain, m, before)
		if err != nil {
			return s, err
		}
		other = max(other, last)
	}
	first, err := d.dayOr(ctx, never, firstOfMode, domain, mode, before, other)
	if err != nil {
		return s, err
	}
	failed, err := d.dayOr(ctx, never, lastFailure, domain, before)
	if err != nil {
		return s, err
	}
	if first != never {
		s.ModeSince = dayTime(first)
	}
	if failed != never {
		s.LastFailed = dayTime(failed)
	}
	return s, nil
}

// dayOr returns the day that a query finds, or another where it finds none.
func (d *DB) dayOr(ctx context.Context, none int64, query string, args ...any) (day int64, err error) {
	err = d.reader.QueryRowContext(ctx, query, args...).Scan(&day)
	if errors.Is(err, sql.ErrNoRows) {
		return none, nil
	}
	return day, err
}

// Senders counts who reported on a domain under sts on the days in [from, to), by
// the reports that count. It reads the reports of these days.
func (d *DB) Senders(ctx context.Context, domain string, from, to time.Time) (int, error) {
	first, end := daySpan(from, to)
	var n int
	err := d.reader.QueryRowContext(ctx, `SELECT COUNT(DISTINCT r.reporter) FROM domain AS d
		CROSS JOIN policy AS p ON p.about = d.id AND p.day >= ? AND p.day < ? AND p.type = 'sts' AND p.counts = 1
		CROSS JOIN report AS r ON r.id = p.report WHERE d.name = ?`, first, end, domain).Scan(&n)
	return n, d.fail("counting who reports on "+domain, err)
}
