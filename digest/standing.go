package digest

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/db"
	"tlsbrief/tlsrpt"
)

// urgentDays is for how many days back failures under a policy are urgent.
const urgentDays = 7

// A Standing is what verified reports tell of the MTA-STS policy of a domain.
type Standing struct {
	Ready  string          // that it can be moved from testing to enforce, in a sentence; empty: not as far as is known
	Failed tlsrpt.Sessions // under it in the last week
}

// PolicyStanding reads what reports tell of the MTA-STS policy of a domain, for
// who has looked at the policy itself.
func PolicyStanding(ctx context.Context, d *db.DB, domain string, now time.Time) (Standing, error) {
	last := dayOf(now) - 1
	totals, err := d.DayTotals(ctx, []string{domain}, (last - historyDays + 1).time(), (last + 1).time())
	if err != nil {
		return Standing{}, fmt.Errorf("reading what failed of late: %w", err)
	}
	var out Standing
	sessions := daily{}
	for _, t := range totals {
		if t.Type != tlsrpt.STS {
			continue
		}
		on := dayOf(t.Day)
		sessions.add(on, t.Successful.Plus(t.Failed))
		if on > last-urgentDays {
			out.Failed = out.Failed.Plus(t.Failed)
		}
	}
	state := policyState{}
	if state.Standing, err = d.Standing(ctx, domain, tlsrpt.ModeTesting, (last + 1).time()); err != nil || state.ModeSince.IsZero() {
		return out, err
	}
	since, from := cleanFrom(state.Standing, last)
	if since > last {
		return out, nil
	}
	if state.Senders, err = d.Senders(ctx, domain, from.time(), (last + 1).time()); err != nil {
		return out, err
	}
	if r := newReadiness(tlsrpt.ModeTesting, state, last, sessions); r.ready() {
		out.Ready = "it has been in testing mode for " + r.inMode() + ". " + r.clean()
	}
	return out, nil
}
