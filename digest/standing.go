package digest

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/tlsrpt"
)

// urgentDays is for how many days back failures under a policy are urgent.
const urgentDays = 7

// A Standing is what verified reports tell of the MTA-STS policy of a domain.
type Standing struct {
	Ready  string          // that it can be moved from testing to enforce, in a sentence; empty: not as far as is known
	Failed tlsrpt.Sessions // in the last week, in ways for which senders hold mail back if it is enforced
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
	var failed tlsrpt.Sessions
	sessions := daily{}
	for _, t := range totals {
		if t.Type != tlsrpt.STS {
			continue
		}
		on := dayOf(t.Day)
		sessions.add(on, t.Successful.Plus(t.Failed))
		if on > last-urgentDays {
			failed = failed.Plus(t.Failed)
		}
	}
	if out.Failed, err = heldIfEnforced(ctx, d, domain, last, failed); err != nil {
		return out, err
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

// heldIfEnforced returns of how many of the sessions that failed in the days up to
// last the mail is held back where the policy is enforced: as far as details tell
// otherwise, none of it, as where a sender could not fetch the policy. Details may
// count more than the totals (R14), of either kind.
func heldIfEnforced(ctx context.Context, d *db.DB, domain string, last day, failed tlsrpt.Sessions) (tlsrpt.Sessions, error) {
	if failed == 0 {
		return 0, nil
	}
	details, err := d.FailureDays(ctx, []string{domain}, (last - urgentDays + 1).time(), (last + 1).time())
	if err != nil {
		return 0, fmt.Errorf("reading how it failed of late: %w", err)
	}
	var held, through tlsrpt.Sessions
	for _, f := range details {
		switch {
		case f.Type != tlsrpt.STS:
		case fateOf(cause{Type: f.Type, Result: f.ResultType, MX: f.MX}, tlsrpt.ModeEnforce).Weight() >= tlsrpt.Action:
			held = held.Plus(f.Sessions)
		default:
			through = through.Plus(f.Sessions)
		}
	}
	return max(min(held, failed), failed-min(through, failed)), nil
}
