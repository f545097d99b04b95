package digest_test

import (
	"testing"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// The database and the digest name one reporter, however its mails spell it.
func TestOneReporterInDatabaseAndDigest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	spellings := []string{"mail.google.com", "mail.google.com.", "MAIL.Google.com", "mail.google.com:25"}
	for i, submitter := range spellings {
		g := one(time.Date(2026, 11, 10+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), "", tlsrpt.ModeEnforce, 0)
		g.Organization, g.Submitter, g.Auth = "Google Inc.", submitter, report.AuthUnchecked
		r.record(g)
	}
	days, err := r.db.ReporterDays(r.ctx, nil, time.Time{}, time.Time{})
	if err != nil || len(days) != len(spellings) {
		t.Fatalf("%d days, %v", len(days), err)
	}
	for _, d := range days {
		if d.Reporter != "mail.google.com" {
			t.Errorf("the database has %q on %s", d.Reporter, d.Day)
		}
	}
	tally := facts.NewTally()
	if err := r.db.EachPolicy(r.ctx, report.Filter{}, func(row *report.PolicyRow) error { tally.Add(row); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(tally.Reporters) != 1 || tally.Reporters["mail.google.com"] == nil {
		t.Errorf("the digest has %d reporters, and not mail.google.com alone: %v", len(tally.Reporters), tally.Reporters)
	}
}
