package digest

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A cause is what a finding is about: one kind of failure at one receiving MX
// host, under one kind of policy. An empty result stands for failures that a
// report's total has and its details do not explain.
type cause struct {
	Type   tlsrpt.PolicyType
	Result tlsrpt.ResultType
	MX     string
}

// A causeTally adds up one cause. A report's details are held to its own total,
// so what is counted is never more than the summaries allow.
type causeTally struct {
	sessions  tlsrpt.Sessions
	upTo      bool            // some details claimed more than their total, or did not say
	denied    tlsrpt.Sessions // of sessions, those whose report's total counts no failure
	byDay     daily
	raw       daily       // as the details have it, to be compared with the history
	until     map[day]day // where a day stands for several: the last of them
	modes     map[tlsrpt.Mode]tlsrpt.Sessions
	reporters map[string]*reporterTally
	bare      bool // some details give no reason
	listed    bool // some details are about a server that the policy lists, or of which nobody knows whether it does
	reasons   quotes
	links     quotes
	addresses quotes
}

// A causeShare is what one policy of one report says of one cause.
type causeShare struct {
	sessions tlsrpt.Sessions // held to the policy's own total
	denied   bool            // that total is 0
	raw      tlsrpt.Sessions // as the details have it
	upTo     bool            // the details claim more than the total, or name no count
}

// causesOf splits the failures of one policy by cause.
//
// Details may overlap (R14), so each cause is held to the policy's total on its
// own. Details without any count stand for up to the whole total. What the
// details leave unexplained of the total is a cause with an empty result. Where
// the total is 0 beside details with counts the report contradicts itself, and
// the details are believed: what may be a failure is not to be hidden.
func causesOf(row *report.PolicyRow) map[cause]causeShare {
	p := &row.Policy
	shares := map[cause]causeShare{}
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
			s.sessions, s.upTo = p.Failed, true
		case s.raw == 0:
			delete(shares, c)
			continue
		case p.Failed == 0:
			s.sessions, s.upTo, s.denied = s.raw, true, true
		case s.raw > p.Failed:
			s.sessions, s.upTo = p.Failed, true
		default:
			s.sessions = s.raw
		}
		shares[c] = s
	}
	if rest := p.Failed - min(sum, p.Failed); rest > 0 && (sum > 0 || len(shares) == 0) {
		c := cause{Type: p.Type}
		s := shares[c]
		s.sessions, s.raw = s.sessions.Plus(rest), s.raw.Plus(rest)
		shares[c] = s
	}
	return shares
}

// explained takes out of shares what details without a result type claim beyond what
// those with one leave of a total, and returns how much it took: what is explained is
// not to be told again as something that nobody explains.
func explained(shares map[cause]causeShare, failed tlsrpt.Sessions) (taken tlsrpt.Sessions) {
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
func causeOf(row *report.PolicyRow, f *tlsrpt.Failure) cause {
	return cause{row.Policy.Type, tlsrpt.ResultType(report.ShortName(string(f.ResultType))), report.ShortName(row.MX(f))}
}

// largestFirst returns causes in order, those with the most sessions first.
func largestFirst(shares map[cause]causeShare) []cause {
	return slices.SortedFunc(maps.Keys(shares), func(a, b cause) int {
		return cmp.Or(cmp.Compare(shares[b].sessions, shares[a].sessions), compareCauses(a, b))
	})
}

// cause returns the tally of a cause, new where there is none yet.
func (t *typeTally) cause(c cause) *causeTally {
	ct := t.causes[c]
	if ct == nil {
		ct = &causeTally{
			byDay: daily{}, raw: daily{}, until: map[day]day{},
			modes:     map[tlsrpt.Mode]tlsrpt.Sessions{},
			reporters: map[string]*reporterTally{},
		}
		t.causes[c] = ct
	}
	return ct
}

// add counts what one row says of this cause.
func (c *causeTally) add(row *report.PolicyRow, who reporter, days stretch, s causeShare, left *room) {
	on := days.First
	if days.several() {
		c.until[on] = max(c.until[on], days.Last)
	}
	if s.denied {
		c.denied = c.denied.Plus(s.sessions)
	}
	c.sessions = c.sessions.Plus(s.sessions)
	c.upTo = c.upTo || s.upTo
	c.byDay.add(on, s.sessions)
	c.raw.add(on, s.raw)
	c.modes[row.Policy.Mode] = c.modes[row.Policy.Mode].Plus(s.sessions)
	if c.reporters[who.key()] == nil {
		if left.seen <= 0 {
			who = reporter{Organization: otherSenders}
		} else {
			left.seen--
		}
	}
	addReporter(c.reporters, &reporterTally{reporter: who, Sessions: s.sessions})
}

// quote remembers what a detail says beyond its counts.
func (c *causeTally) quote(p *tlsrpt.Policy, f *tlsrpt.Failure) {
	c.listed = c.listed || !p.Unlisted(f.ReceivingMXHostname)
	c.reasons.add(f.ReasonCode)
	c.bare = c.bare || f.ReasonCode == ""
	c.links.add(f.AdditionalInformation)
	c.addresses.add(f.ReceivingIP)
}

// maxQuotes bounds how many different strings of one kind a finding quotes, and
// maxQuote how long each is kept, in bytes: more than is shown of it.
const (
	maxQuotes = 3
	maxQuote  = 1 << 10
)

// quotes keeps the first few different strings, and whether there were more.
type quotes struct {
	Seen []string
	More bool
}

// add remembers a string unless it is empty or known.
func (q *quotes) add(s string) {
	if len(s) > maxQuote {
		s = strings.Clone(strings.ToValidUTF8(s[:maxQuote], ""))
	}
	if s == "" || slices.Contains(q.Seen, s) {
		return
	}
	if len(q.Seen) == maxQuotes {
		q.More = true
		return
	}
	q.Seen = append(q.Seen, s)
}
