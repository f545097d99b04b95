package digest

import (
	"context"
	"fmt"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// When a policy in testing mode is said to be safe to enforce: after so many days
// without a failure, on enough of which enough was seen by more than one sender.
// What few saw for a short time proves little.
const (
	readyDays     = 14
	readyReported = 7 // days with reports, of those
	readySessions = 50
	readySenders  = 2
)

// policyState is what the database knows of the MTA-STS policy of one domain.
type policyState struct {
	report.Standing
	Senders int // who reported on it while it was clean, within the days of the history
}

// A readiness says for how long an MTA-STS policy has been in its mode, and for
// how long no verified report has told of a failure under it.
type readiness struct {
	Mode       tlsrpt.Mode
	ModeSince  day
	ModeDays   int // up to the last day that reports could be here for
	CleanSince day // the first day after the last failure, not before ModeSince
	CleanDays  int
	LastFailed day // 0: never, or not in this mode
	Reported   int // of the clean days, those with reports; of at most historyDays
	Sessions   tlsrpt.Sessions
	Senders    int
	Counted    int // the clean days that Reported, Sessions and Senders are about
}

// cleanFrom returns the first day of those up to last without a failure, and the
// first of them that the history has.
func cleanFrom(s report.Standing, last day) (since, counted day) {
	since = dayOf(s.ModeSince)
	if !s.LastFailed.IsZero() {
		since = max(since, dayOf(s.LastFailed)+1)
	}
	return since, max(since, last-historyDays+1)
}

// maxPolicyStates bounds for how many domains the senders are counted, which
// reads their reports. Digests of more domains name fewer of them.
const maxPolicyStates = 20

// readPolicyStates reads since when the MTA-STS policies that were reported on
// have been as they are.
func (d *Digester) readPolicyStates(ctx context.Context, m *material) error {
	m.PolicyStates = map[string]policyState{}
	last := m.lastTold()
	for _, name := range m.Domains {
		mode := m.modeOf(name.Name)
		// Of several domains only those that could be enforced are told of.
		if mode != tlsrpt.ModeTesting && (mode != tlsrpt.ModeEnforce || len(m.Tally.domains) > 1) {
			continue
		}
		s, err := d.o.DB.Standing(ctx, name.Name, mode, (last + 1).time())
		if err != nil {
			return fmt.Errorf("reading how long policies are in force: %w", err)
		}
		state := policyState{Standing: s}
		if since, from := cleanFrom(s, last); !s.ModeSince.IsZero() && since <= last && len(m.PolicyStates) < maxPolicyStates {
			if state.Senders, err = d.o.DB.Senders(ctx, name.Name, from.time(), (last + 1).time()); err != nil {
				return fmt.Errorf("counting senders: %w", err)
			}
		}
		m.PolicyStates[name.Name] = state
	}
	return nil
}

// modeOf returns the mode of the policy of a domain that this digest has sts
// reports of; empty where it has none or they do not tell.
func (m *material) modeOf(domain string) tlsrpt.Mode {
	t := m.Tally.domains[domain]
	if t == nil || t.types[tlsrpt.STS] == nil {
		return ""
	}
	return t.modes.heaviest()
}

// lastTold is the last day that the digest can tell of: the last covered, or the
// last that reports could be here for.
func (m *material) lastTold() day {
	if _, last := m.coveredDays(); m.ByDays {
		return last
	}
	return m.reachable()
}

// judgeReadiness returns how long the policy of a domain has been clean; nil
// where reports do not tell its mode, or it is one that asks for nothing.
func judgeReadiness(domain string, mode tlsrpt.Mode, m *material, h *history) *readiness {
	s, ok := m.PolicyStates[domain]
	if !ok || s.ModeSince.IsZero() {
		return nil
	}
	return newReadiness(mode, s, m.lastTold(), h.sessions[stream{domain, tlsrpt.STS}])
}

// newReadiness counts what is known of a policy up to a day: sessions are those
// under it.
func newReadiness(mode tlsrpt.Mode, s policyState, last day, sessions daily) *readiness {
	since, from := cleanFrom(s.Standing, last)
	r := &readiness{
		Mode: mode, ModeSince: dayOf(s.ModeSince), ModeDays: int(last-dayOf(s.ModeSince)) + 1,
		CleanSince: since, CleanDays: max(0, int(last-since)+1),
		Senders: s.Senders, Counted: max(0, int(last-from)+1),
	}
	if !s.LastFailed.IsZero() && dayOf(s.LastFailed) >= r.ModeSince {
		r.LastFailed = dayOf(s.LastFailed)
	}
	for on, n := range sessions {
		if on >= from && on <= last && n > 0 {
			r.Reported++
			r.Sessions = r.Sessions.Plus(n)
		}
	}
	return r
}

// ready reports whether the policy can be moved to enforce, as far as reports tell.
func (r *readiness) ready() bool {
	return r.Mode == tlsrpt.ModeTesting && r.CleanDays >= readyDays && r.Reported >= readyReported &&
		r.Sessions >= readySessions && r.Senders >= readySenders
}
