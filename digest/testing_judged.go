package digest

import "tlsbrief/internal/tlsrpt"

// testingReadiness returns the readiness of a policy in testing mode; nil where it is
// in none.
func testingReadiness(p *testingPolicy) *readiness {
	if p.State.ModeSince.IsZero() {
		return nil
	}
	return newReadiness(tlsrpt.ModeTesting, p.State, p.Last, p.Sessions)
}

// heldIfEnforced returns of how many of the sessions that failed in the last week
// the mail is held back where the policy is enforced: as far as details tell
// otherwise, none of it, as where a sender could not fetch the policy. Details may
// count more than the totals (R14), of either kind.
func heldIfEnforced(p *testingPolicy) tlsrpt.Sessions {
	var held, through tlsrpt.Sessions
	for _, f := range p.Details {
		switch {
		case f.Type != tlsrpt.STS:
		case fateOf(cause{Type: f.Type, Result: f.ResultType, MX: f.MX}, tlsrpt.ModeEnforce).Weight() >= tlsrpt.Action:
			held = held.Plus(f.Sessions)
		default:
			through = through.Plus(f.Sessions)
		}
	}
	return max(min(held, p.Failed), p.Failed-min(through, p.Failed))
}
