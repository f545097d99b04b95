package judge

import (
	"tlsbrief/digest/facts"
	"tlsbrief/internal/tlsrpt"
)

// When a policy in testing mode is said to be safe to enforce: after so many days
// without a failure, on enough of which enough was seen by more than one sender.
// What few saw for a short time proves little.
const (
	ReadyDays     = 14
	ReadyReported = 7 // days with reports, of those
	ReadySessions = 50
	ReadySenders  = 2
)

// A Readiness says for how long an MTA-STS policy has been in its mode, and for
// how long no verified report has told of a failure under it.
type Readiness struct {
	Mode       tlsrpt.Mode
	ModeSince  facts.Day
	ModeDays   int       // up to the last day that reports could be here for
	CleanSince facts.Day // the first day after the last failure, not before ModeSince
	CleanDays  int
	LastFailed facts.Day // 0: never, or not in this mode
	Reported   int       // of the clean days, those with reports; of at most historyDays
	Sessions   tlsrpt.Sessions
	Senders    int
	Counted    int // the clean days that Reported, Sessions and Senders are about
}

// judgeReadiness returns how long the policy of a domain has been clean; nil
// where reports do not tell its mode, or it is one that asks for nothing.
func judgeReadiness(domain string, mode tlsrpt.Mode, m *facts.Facts, h *facts.History) *Readiness {
	s, ok := m.PolicyStates[domain]
	if !ok || s.ModeSince.IsZero() {
		return nil
	}
	return newReadiness(mode, s, m.LastTold(), h.Sessions[facts.PolicyKey{Domain: domain, Type: tlsrpt.STS}])
}

// newReadiness counts what is known of a policy up to a day: sessions are those
// under it.
func newReadiness(mode tlsrpt.Mode, s facts.PolicyState, last facts.Day, sessions facts.Daily) *Readiness {
	since, from := facts.CleanFrom(s.ModeHistory, last)
	r := &Readiness{
		Mode: mode, ModeSince: facts.DayOf(s.ModeSince), ModeDays: int(last-facts.DayOf(s.ModeSince)) + 1,
		CleanSince: since, CleanDays: max(0, int(last-since)+1),
		Senders: s.Senders, Counted: max(0, int(last-from)+1),
	}
	if !s.LastFailed.IsZero() && facts.DayOf(s.LastFailed) >= r.ModeSince {
		r.LastFailed = facts.DayOf(s.LastFailed)
	}
	for on, n := range sessions {
		if on >= from && on <= last && n > 0 {
			r.Reported++
			r.Sessions = r.Sessions.Plus(n)
		}
	}
	return r
}

// Ready reports whether the policy can be moved to enforce, as far as reports tell.
func (r *Readiness) Ready() bool {
	return r.Mode == tlsrpt.ModeTesting && r.CleanDays >= ReadyDays && r.Reported >= ReadyReported &&
		r.Sessions >= ReadySessions && r.Senders >= ReadySenders
}

// TestingReadiness returns the readiness of a policy in testing mode; nil where it is
// in none.
func TestingReadiness(p *facts.TestingPolicy) *Readiness {
	if p.State.ModeSince.IsZero() {
		return nil
	}
	return newReadiness(tlsrpt.ModeTesting, p.State, p.Last, p.Sessions)
}

// HeldIfEnforced returns of how many of the sessions that failed in the last week
// the mail is held back where the policy is enforced: as far as details tell
// otherwise, none of it, as where a sender could not fetch the policy. Details may
// count more than the totals (R14), of either kind.
func HeldIfEnforced(p *facts.TestingPolicy) tlsrpt.Sessions {
	var held, through tlsrpt.Sessions
	for _, f := range p.Details {
		switch {
		case f.Type != tlsrpt.STS:
		case fateOf(facts.Cause{Type: f.Type, Result: f.ResultType, MX: f.MX}, tlsrpt.ModeEnforce).Weight() >= tlsrpt.Action:
			held = held.Plus(f.Sessions)
		default:
			through = through.Plus(f.Sessions)
		}
	}
	return max(min(held, p.Failed), p.Failed-min(through, p.Failed))
}
