package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"

	"tlsbrief/internal/report"
)

// countedDomains selects the domains that a report which counts is about. Of the
// reports on each it looks no further than at the first such.
const countedDomains = `SELECT d.name FROM domain AS d
	WHERE EXISTS (SELECT 1 FROM policy AS p INDEXED BY policy_sum WHERE p.about = d.id AND p.counts = 1) ORDER BY d.name`

// CountedDomains lists the domains that reports which count are about, sorted. Its
// cost follows from how many domains there are, and not from how many reports.
func (d *DB) CountedDomains(ctx context.Context) ([]string, error) {
	names, err := texts(d.reader.QueryContext(ctx, countedDomains))
	return names, d.fail("listing the domains reported on", err)
}

// SaveDomainCheck puts a look in the place of the one before, and adds what had
// changed between them.
func (d *DB) SaveDomainCheck(ctx context.Context, c report.DomainCheck, changes []report.DomainChange) error {
	findings, err := json.Marshal(c.Findings)
	if err != nil {
		return fmt.Errorf("writing down what was found at %s: %w", c.Domain, err)
	}
	return d.write(ctx, "saving the check of "+c.Domain, func(t *tx) error {
		_, err := t.exec(`INSERT INTO domain_check (domain, checked_at, mode, findings, seen) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (domain) DO UPDATE SET checked_at = excluded.checked_at, mode = excluded.mode,
				findings = excluded.findings, seen = excluded.seen`,
			c.Domain, c.At.Unix(), string(c.Mode), string(findings), string(c.Seen))
		if err != nil {
			return err
		}
		for _, ch := range changes {
			seq, err := t.nextSeq()
			if err != nil {
				return err
			}
			if _, err := t.exec("INSERT INTO domain_change (news, domain, noticed_at, code, message, fix) VALUES (?, ?, ?, ?, ?, ?)",
				seq, ch.Domain, ch.At.Unix(), ch.Code, ch.Message, ch.Fix); err != nil {
				return err
			}
		}
		return nil
	})
}

// DomainChecks returns the last look at each of the domains that was looked at;
// nil is all of them.
func (d *DB) DomainChecks(ctx context.Context, domains []string) (map[string]report.DomainCheck, error) {
	wanted, args, err := amongDomains(domains)
	if err != nil {
		return nil, err
	}
	all, err := collect(ctx, d.reader, func(rows *sql.Rows) (c report.DomainCheck, err error) {
		var at int64
		var findings, seen string
		if err = rows.Scan(&c.Domain, &at, &c.Mode, &findings, &seen); err != nil {
			return c, err
		}
		c.At, c.Seen = unix(at), json.RawMessage(seen)
		return c, json.Unmarshal([]byte(findings), &c.Findings)
	}, "SELECT domain, checked_at, mode, findings, seen FROM domain_check WHERE "+wanted, args...)
	checks := make(map[string]report.DomainCheck, len(all))
	for _, c := range all {
		checks[c.Domain] = c
	}
	return checks, d.fail("reading what was found at the domains", err)
}

// DomainChanges returns what had changed at domains, the oldest first.
func (d *DB) DomainChanges(ctx context.Context, f report.ChangeFilter) ([]report.DomainChange, error) {
	wanted, names, err := amongDomains(f.Domains)
	if err != nil {
		return nil, err
	}
	upTo, from, to := f.SeqUpTo, int64(math.MinInt64), int64(math.MaxInt64)
	if upTo == 0 {
		upTo = math.MaxInt64
	}
	if !f.From.IsZero() {
		from = f.From.Unix()
	}
	if !f.To.IsZero() {
		to = f.To.Unix()
	}
	changes, err := collect(ctx, d.reader, func(rows *sql.Rows) (c report.DomainChange, err error) {
		var at int64
		err = rows.Scan(&c.Domain, &at, &c.Code, &c.Message, &c.Fix)
		c.At = unix(at)
		return c, err
	}, `SELECT domain, noticed_at, code, message, fix FROM domain_change
		WHERE news > ? AND news <= ? AND noticed_at >= ? AND noticed_at < ? AND `+wanted+` ORDER BY news`,
		append([]any{f.SeqAfter, upTo, from, to}, names...)...)
	return changes, d.fail("reading what changed at the domains", err)
}

// amongDomains is a condition that a row is about one of the domains; nil is all.
func amongDomains(domains []string) (condition string, args []any, err error) {
	if domains == nil {
		return "TRUE", nil, nil
	}
	names, err := json.Marshal(domains)
	return "domain IN (SELECT value FROM json_each(?))", []any{string(names)}, err
}
