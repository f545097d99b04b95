package facts

import (
	"cmp"
	"maps"
	"slices"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A Cause is what a finding is about: one kind of failure at one receiving MX
// host, under one kind of policy. An empty result stands for failures that a
// report's total has and its details do not explain.
type Cause struct {
	Type   tlsrpt.PolicyType
	Result tlsrpt.ResultType
	MX     string
}

// A CauseTally adds up one cause. A report's details are held to its own total,
// so what is counted is never more than the summaries allow.
type CauseTally struct {
	Sessions     tlsrpt.Sessions
	Bound        bool            // some details claimed more than their total, or did not say
	Contradicted tlsrpt.Sessions // of sessions, those whose report's total counts no failure
	ByDay        Daily
	Raw          Daily       // as the details have it, to be compared with the history
	Until        map[Day]Day // where a day stands for several: the last of them
	Modes        map[tlsrpt.Mode]tlsrpt.Sessions
	Reporters    map[string]*ReporterTally
	NoReason     bool // some details give no reason
	Listed       bool // some details are about a server that the policy lists, or of which nobody knows whether it does
	Reasons      Quotes
	Links        Quotes
	Addresses    Quotes
}

// A causeShare is what one policy of one report says of one cause.
type causeShare struct {
	sessions     tlsrpt.Sessions // held to the policy's own total
	contradicted bool            // that total is 0
	raw          tlsrpt.Sessions // as the details have it
	bound        bool            // the details claim more than the total, or name no count
}

// causesOf splits the failures of one policy by cause.
//
// Details may overlap (R14), so each cause is held to the policy's total on its
// own. Details without any count stand for up to the whole total. What the
// details leave unexplained of the total is a cause with an empty result. Where
// the total is 0 beside details with counts the report contradicts itself, and
// the details are believed: what may be a failure is not to be hidden.
func causesOf(row *report.PolicyRow) map[Cause]causeShare {
	p := &row.Policy
	shares := map[Cause]causeShare{}
	var sum tlsrpt.Sessions
	for i := range p.Failures {
		f := &p.Failures[i]
		c := causeOf(row, f)
		s := shares[c]
		s.raw = s.raw.Plus(f.Sessions)
		shares[c] = s
		sum = sum.Plus(f.Sessions)
	}
	sum -= explained(shares, p.Failed)
	for c, s := range shares {
		switch {
		case sum == 0 && p.Failed > 0:
			s.sessions, s.bound = p.Failed, true
		case s.raw == 0:
			delete(shares, c)
			continue
		case p.Failed == 0:
			s.sessions, s.bound, s.contradicted = s.raw, true, true
		case s.raw > p.Failed:
			s.sessions, s.bound = p.Failed, true
		default:
			s.sessions = s.raw
		}
		shares[c] = s
	}
	if rest := p.Failed - min(sum, p.Failed); rest > 0 && (sum > 0 || len(shares) == 0) {
		c := Cause{Type: p.Type}
		s := shares[c]
		s.sessions, s.raw = s.sessions.Plus(rest), s.raw.Plus(rest)
		shares[c] = s
	}
	return shares
}

// explained takes out of shares what details without a result type claim beyond what
// those with one leave of a total, and returns how much it took: what is explained is
// not to be told again as something that nobody explains.
func explained(shares map[Cause]causeShare, failed tlsrpt.Sessions) (taken tlsrpt.Sessions) {
	left := failed
	for c, s := range shares {
		if c.Result != "" {
			left -= min(left, s.raw)
		}
	}
	if failed == 0 || left == failed {
		return 0 // nothing is explained
	}
	for _, c := range largestFirst(shares) {
		if s := shares[c]; c.Result == "" {
			n := min(s.raw, left)
			left -= n
			taken += s.raw - n
			s.raw = n
			shares[c] = s
		}
	}
	return taken
}

// causeOf returns the cause that one detail is about.
func causeOf(row *report.PolicyRow, f *tlsrpt.Failure) Cause {
	return Cause{row.Policy.Type, tlsrpt.ResultType(report.ShortName(string(f.ResultType))), report.ShortName(row.MX(f))}
}

// largestFirst returns causes in order, those with the most sessions first.
func largestFirst(shares map[Cause]causeShare) []Cause {
	return slices.SortedFunc(maps.Keys(shares), func(a, b Cause) int {
		return cmp.Or(cmp.Compare(shares[b].sessions, shares[a].sessions), CompareCauses(a, b))
	})
}

// cause returns the tally of a cause, new where there is none yet.
func (t *TypeTally) cause(c Cause) *CauseTally {
	ct := t.Causes[c]
	if ct == nil {
		ct = &CauseTally{
			ByDay: Daily{}, Raw: Daily{}, Until: map[Day]Day{},
			Modes:     map[tlsrpt.Mode]tlsrpt.Sessions{},
			Reporters: map[string]*ReporterTally{},
		}
		t.Causes[c] = ct
	}
	return ct
}

// add counts what one row says of this cause.
func (c *CauseTally) add(row *report.PolicyRow, who Reporter, days Span, s causeShare, left *budget) {
	on := days.First
	if days.several() {
		c.Until[on] = max(c.Until[on], days.Last)
	}
	if s.contradicted {
		c.Contradicted = c.Contradicted.Plus(s.sessions)
	}
	c.Sessions = c.Sessions.Plus(s.sessions)
	c.Bound = c.Bound || s.bound
	c.ByDay.Add(on, s.sessions)
	c.Raw.Add(on, s.raw)
	c.Modes[row.Policy.Mode] = c.Modes[row.Policy.Mode].Plus(s.sessions)
	if c.Reporters[who.Key()] == nil {
		if left.seen <= 0 {
			who = Reporter{Organization: OtherSenders}
		} else {
			left.seen--
		}
	}
	AddReporter(c.Reporters, &ReporterTally{Reporter: who, Sessions: s.sessions})
}

// quote remembers what a detail says beyond its counts.
func (c *CauseTally) quote(p *tlsrpt.Policy, f *tlsrpt.Failure) {
	c.Listed = c.Listed || !p.Unlisted(f.ReceivingMXHostname)
	c.Reasons.add(f.ReasonCode)
	c.NoReason = c.NoReason || f.ReasonCode == ""
	c.Links.add(f.AdditionalInformation)
	c.Addresses.add(f.ReceivingIP)
}

// CompareOthers puts last what stands for more causes than are told apart.
func CompareOthers(a, b Cause) int {
	switch {
	case a.Others() == b.Others():
		return 0
	case a.Others():
		return 1
	default:
		return -1
	}
}

// CompareCauses orders causes for the sake of a stable output.
func CompareCauses(a, b Cause) int {
	return cmp.Or(CompareTypes(a.Type, b.Type), cmp.Compare(a.Result, b.Result), cmp.Compare(a.MX, b.MX))
}

// CompareTypes puts sts, tlsa and no-policy-found first, then the others by name.
func CompareTypes(a, b tlsrpt.PolicyType) int {
	return cmp.Or(cmp.Compare(typeRank(a), typeRank(b)), cmp.Compare(a, b))
}

// typeRank is the place of a policy type in a digest (DESIGN 7).
func typeRank(t tlsrpt.PolicyType) int {
	switch t {
	case tlsrpt.STS:
		return 0
	case tlsrpt.TLSA:
		return 1
	case tlsrpt.NoPolicyFound:
		return 2
	default:
		return 3
	}
}
