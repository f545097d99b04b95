package digest

import (
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// How much of what strangers may invent is told apart. No honest report comes
// near; what goes beyond is added up under a name of ours, so that nothing is
// lost and no report can use up the memory.
const (
	maxCauses    = report.MostCauses // of one domain and policy type, or that one sender claims
	maxAllCauses = 20_000            // of all domains
	maxSeen      = 200_000           // senders of a cause, over all causes
	maxSenders   = 1_000
	maxDomains   = 10_000 // beside those asked for by name
	maxKinds     = 4      // policy types of a domain beside those of RFC 8460
)

// The names of what is not told apart. One that a report uses itself is counted
// among the others.
const (
	otherSenders                   = "(other senders)"
	otherDomains                   = "(other domains)"
	otherKinds   tlsrpt.PolicyType = "(other policy types)"
)

// A room is what is left of the bounds over all domains.
type room struct{ causes, seen int }

// newRoom returns all of it.
func newRoom() *room { return &room{causes: maxAllCauses, seen: maxSeen} }

// others reports whether a cause stands for more than are told apart.
func (c cause) others() bool { return c.MX == report.OtherHosts }

// other returns the cause that c is added to where it is not told apart: that of
// its result type, so that its weight stays what it is.
func (c cause) other() cause {
	if c.Result != "" && !c.Result.Known() {
		c.Result = report.OtherResults
	}
	return cause{c.Type, c.Result, report.OtherHosts}
}

// few reports whether there cannot be many causes like this one: without a host,
// and of a result type that RFC 8460 knows.
func (c cause) few() bool { return c.MX == "" && (c.Result == "" || c.Result.Known()) }

// keep returns the cause to count c under, c itself while there is room.
func (t *typeTally) keep(c cause) cause {
	if t.causes[c] != nil || c.few() {
		return c
	}
	if t.named >= maxCauses || t.room.causes <= 0 {
		t.crowded = true
		return c.other()
	}
	t.named++
	t.room.causes--
	return c
}

// sender returns who to count a report for: who itself while there is room.
func (t *tally) sender(who reporter) reporter {
	if t.reporters[who.key()] == nil && len(t.reporters) >= maxSenders {
		return reporter{Organization: otherSenders}
	}
	return who
}

// name returns the domain to count a row under: its own where that is asked for
// by name, or there is room.
func (t *tally) name(domain string) string {
	if _, asked := t.asked[domain]; asked || t.domains[domain] != nil || len(t.domains) < maxDomains+len(t.asked) {
		return domain
	}
	return otherDomains
}

// ask keeps room for the domains that a digest asks for by name.
func (t *tally) ask(domains []domainName) {
	t.asked = map[string]struct{}{}
	for _, d := range domains {
		if d.Exact {
			t.asked[d.Name] = struct{}{}
		}
	}
}

// kind returns the policy type to count a row under.
func (d *domainTally) kind(t tlsrpt.PolicyType) tlsrpt.PolicyType {
	if t.Known() || d.types[t] != nil {
		return t
	}
	if d.kinds >= maxKinds {
		return otherKinds
	}
	d.kinds++
	return t
}
