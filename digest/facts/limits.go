package facts

import (
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// How much of what strangers may invent is told apart. No honest report comes
// near; what goes beyond is added up under a name of ours, so that nothing is
// lost and no report can use up the memory.
const (
	MaxCauses    = report.MostCauses // of one domain and policy type, or that one sender claims
	maxAllCauses = 20_000            // of all domains
	maxSeen      = 200_000           // senders of a cause, over all causes
	MaxSenders   = 1_000
	MaxDomains   = 10_000 // beside those asked for by name
	MaxKinds     = 4      // policy types of a domain beside those of RFC 8460
)

// The names of what is not told apart. One that a report uses itself is counted
// among the others.
const (
	OtherSenders                   = "(other senders)"
	OtherDomains                   = "(other domains)"
	otherKinds   tlsrpt.PolicyType = "(other policy types)"
)

// A budget is what is left of the bounds over all domains.
type budget struct{ causes, seen int }

// newBudget returns all of it.
func newBudget() *budget { return &budget{causes: maxAllCauses, seen: maxSeen} }

// Others reports whether a cause stands for more than are told apart.
func (c Cause) Others() bool { return c.MX == report.OtherHosts }

// other returns the cause that c is added to where it is not told apart: that of
// its result type, so that its weight stays what it is.
func (c Cause) other() Cause {
	if c.Result != "" && !c.Result.Known() {
		c.Result = report.OtherResults
	}
	return Cause{c.Type, c.Result, report.OtherHosts}
}

// few reports whether there cannot be many causes like this one: without a host,
// and of a result type that RFC 8460 knows.
func (c Cause) few() bool { return c.MX == "" && (c.Result == "" || c.Result.Known()) }

// keep returns the cause to count c under, c itself while there is room.
func (t *TypeTally) keep(c Cause) Cause {
	if t.Causes[c] != nil || c.few() {
		return c
	}
	if t.named >= MaxCauses || t.budget.causes <= 0 {
		t.Truncated = true
		return c.other()
	}
	t.named++
	t.budget.causes--
	return c
}

// sender returns who to count a report for: who itself while there is room.
func (t *Tally) sender(who Reporter) Reporter {
	if t.Reporters[who.Key()] == nil && len(t.Reporters) >= MaxSenders {
		return Reporter{Organization: OtherSenders}
	}
	return who
}

// name returns the domain to count a row under: its own where that is asked for
// by name, or there is room.
func (t *Tally) name(domain string) string {
	if _, asked := t.asked[domain]; asked || t.Domains[domain] != nil || len(t.Domains) < MaxDomains+len(t.asked) {
		return domain
	}
	return OtherDomains
}

// Ask keeps room for the domains that a digest asks for by name.
func (t *Tally) Ask(domains []DomainName) {
	t.asked = map[string]struct{}{}
	for _, d := range domains {
		if d.Exact {
			t.asked[d.Name] = struct{}{}
		}
	}
}

// kind returns the policy type to count a row under.
func (d *DomainTally) kind(t tlsrpt.PolicyType) tlsrpt.PolicyType {
	if t.Known() || d.Types[t] != nil {
		return t
	}
	if d.kinds >= MaxKinds {
		return otherKinds
	}
	d.kinds++
	return t
}
