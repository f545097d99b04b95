package facts

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// urgentDays is for how many days back failures under a policy are urgent.
const urgentDays = 7

// A TestingPolicy is what is recorded of the MTA-STS policy of one domain, and of
// how long it has been in testing mode.
type TestingPolicy struct {
	Last     Day // the day before now
	Sessions Daily
	Failed   tlsrpt.Sessions     // in the last week
	Details  []report.FailureDay // of the last week; only where something failed
	State    PolicyState
}

// ReadTesting reads it.
func ReadTesting(ctx context.Context, store HistoryStore, domain string, now time.Time) (*TestingPolicy, error) {
	p := &TestingPolicy{Last: DayOf(now) - 1, Sessions: Daily{}}
	domains, end := []string{domain}, (p.Last + 1).Time()
	totals, err := store.DayTotals(ctx, domains, (p.Last - HistoryDays + 1).Time(), end)
	if err != nil {
		return nil, fmt.Errorf("reading what failed of late: %w", err)
	}
	for _, t := range totals {
		if t.Type != tlsrpt.STS {
			continue
		}
		on := DayOf(t.Day)
		p.Sessions.Add(on, t.Successful.Plus(t.Failed))
		if on > p.Last-urgentDays {
			p.Failed = p.Failed.Plus(t.Failed)
		}
	}
	if p.Failed > 0 {
		if p.Details, err = store.FailureDays(ctx, domains, (p.Last - urgentDays + 1).Time(), end); err != nil {
			return nil, fmt.Errorf("reading how it failed of late: %w", err)
		}
	}
	p.State, err = readPolicyState(ctx, store, domain, tlsrpt.ModeTesting, p.Last, true)
	return p, err
}
