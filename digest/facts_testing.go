package digest

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// urgentDays is for how many days back failures under a policy are urgent.
const urgentDays = 7

// A testingPolicy is what is recorded of the MTA-STS policy of one domain, and of
// how long it has been in testing mode.
type testingPolicy struct {
	Last     day // the day before now
	Sessions daily
	Failed   tlsrpt.Sessions     // in the last week
	Details  []report.FailureDay // of the last week; only where something failed
	State    policyState
}

// readTesting reads it.
func readTesting(ctx context.Context, store historyStore, domain string, now time.Time) (*testingPolicy, error) {
	p := &testingPolicy{Last: dayOf(now) - 1, Sessions: daily{}}
	domains, end := []string{domain}, (p.Last + 1).time()
	totals, err := store.DayTotals(ctx, domains, (p.Last - historyDays + 1).time(), end)
	if err != nil {
		return nil, fmt.Errorf("reading what failed of late: %w", err)
	}
	for _, t := range totals {
		if t.Type != tlsrpt.STS {
			continue
		}
		on := dayOf(t.Day)
		p.Sessions.add(on, t.Successful.Plus(t.Failed))
		if on > p.Last-urgentDays {
			p.Failed = p.Failed.Plus(t.Failed)
		}
	}
	if p.Failed > 0 {
		if p.Details, err = store.FailureDays(ctx, domains, (p.Last - urgentDays + 1).time(), end); err != nil {
			return nil, fmt.Errorf("reading how it failed of late: %w", err)
		}
	}
	p.State, err = readPolicyState(ctx, store, domain, tlsrpt.ModeTesting, p.Last, true)
	return p, err
}
