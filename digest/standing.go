package digest

import (
	"context"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
)

// A Standing is what verified reports tell of the MTA-STS policy of a domain.
type Standing struct {
	Ready  string          // that it can be moved from testing to enforce, in a sentence; empty: not as far as is known
	Failed tlsrpt.Sessions // in the last week, in ways for which senders hold mail back if it is enforced
}

// PolicyStanding reads what reports tell of the MTA-STS policy of a domain, for
// who has looked at the policy itself.
func PolicyStanding(ctx context.Context, store facts.HistoryStore, domain string, now time.Time) (Standing, error) {
	p, err := facts.ReadTesting(ctx, store, domain, now)
	if err != nil {
		return Standing{}, err
	}
	return Standing{Ready: words.ReadySentence(judge.TestingReadiness(p)), Failed: judge.HeldIfEnforced(p)}, nil
}
