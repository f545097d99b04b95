package db

import "context"

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
