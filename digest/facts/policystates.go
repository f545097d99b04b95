package facts

import (
	"context"
	"fmt"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// PolicyState is what the database knows of the MTA-STS policy of one domain.
type PolicyState struct {
	report.ModeHistory
	Senders int // who reported on it while it was clean, within the days of the history
}

// CleanFrom returns the first day of those up to last without a failure, and the
// first of them that the history has.
func CleanFrom(s report.ModeHistory, last Day) (since, counted Day) {
	since = DayOf(s.ModeSince)
	if !s.LastFailed.IsZero() {
		since = max(since, DayOf(s.LastFailed)+1)
	}
	return since, max(since, last-HistoryDays+1)
}

// maxPolicyStates bounds for how many domains the senders are counted, which
// reads their reports. Digests of more domains name fewer of them.
const maxPolicyStates = 20

// policyStates reads since when the MTA-STS policies that were reported on
// have been as they are.
func (r *reader) policyStates(ctx context.Context) error {
	r.f.PolicyStates = map[string]PolicyState{}
	last := r.f.LastTold()
	for _, name := range r.f.Domains {
		mode := r.f.modeOf(name.Name)
		// Of several domains only those that could be enforced are told of.
		if mode != tlsrpt.ModeTesting && (mode != tlsrpt.ModeEnforce || len(r.f.Tally.Domains) > 1) {
			continue
		}
		state, err := readPolicyState(ctx, r.store, name.Name, mode, last, len(r.f.PolicyStates) < maxPolicyStates)
		if err != nil {
			return err
		}
		r.f.PolicyStates[name.Name] = state
	}
	return nil
}

// readPolicyState reads since when a policy has been as it is, and who has reported
// on it since, where they are to be counted.
func readPolicyState(ctx context.Context, store HistoryStore, domain string, mode tlsrpt.Mode, last Day, count bool) (s PolicyState, err error) {
	end := (last + 1).Time()
	if s.ModeHistory, err = store.ModeHistory(ctx, domain, mode, end); err != nil {
		return s, fmt.Errorf("reading how long policies are in force: %w", err)
	}
	if since, from := CleanFrom(s.ModeHistory, last); count && !s.ModeSince.IsZero() && since <= last {
		if s.Senders, err = store.Senders(ctx, domain, from.Time(), end); err != nil {
			return s, fmt.Errorf("counting senders: %w", err)
		}
	}
	return s, nil
}

// modeOf returns the mode of the policy of a domain that this digest has sts
// reports of; empty where it has none or they do not tell.
func (m *Facts) modeOf(domain string) tlsrpt.Mode {
	t := m.Tally.Domains[domain]
	if t == nil || t.Types[tlsrpt.STS] == nil {
		return ""
	}
	return t.Modes.Heaviest()
}
