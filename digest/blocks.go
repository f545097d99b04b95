package digest

import (
	"fmt"
	"strings"

	"tlsbrief/templates"
	"tlsbrief/tlsrpt"
)

// A findingView is one cause as it is shown, at one or several MX hosts.
type findingView struct {
	Mark   string // "!" where mail was held, else "-"
	Weight string // action or attention
	Title  string
	Result string // as RFC 8460 spells it
	Count  string
	State  string
	SeenBy string

	Hosts      []string // each with its sessions, where there are several
	Paragraphs []string
	Likely     []string
	Do         []string
	See        []string // commands
	Quotes     []string
}

// newFindingView puts findings that differ in nothing but the MX host into
// words. Together they are held to what the totals allow for their
// result type (R14).
func newFindingView(t *typeJudgement, group []*finding, hosts int) findingView {
	f := group[0]
	v := findingView{Mark: "-", Weight: "attention", Result: resultName(f.Result)}
	if f.weight() >= tlsrpt.Action {
		v.Mark, v.Weight = "!", "action"
	}
	sum, upTo := groupSessions(t, group)
	all := map[string]*reporterTally{}
	byDay := daily{}
	for _, g := range group {
		for _, r := range g.Reporters {
			addReporter(all, r)
		}
		for d, n := range g.ByDay {
			byDay.add(d, n)
		}
	}
	reporters := sortedReporters(all)
	v.Title = findingTitle(f.Result, hostsOf(group))
	v.Count = sessions(sum, upTo)
	v.State = stateWords(group)
	v.SeenBy = reporterNames(reporters)
	if len(group) > 1 {
		v.Hosts = hostLines(group, hosts)
	}
	v.Paragraphs = paragraphs(f, sum, reporters, byDay)
	v.advise(f, group)
	v.quote(group)
	return v
}

// groupSessions adds up the sessions of a group, held to what the totals allow.
func groupSessions(t *typeJudgement, group []*finding) (sum tlsrpt.Sessions, upTo bool) {
	for _, g := range group {
		sum, upTo = sum.Plus(g.Sessions), upTo || g.UpTo
	}
	if most := t.Results[group[0].Result]; sum > most {
		return most, true
	}
	return sum, upTo
}

// hostsOf returns the MX hosts of a group.
func hostsOf(group []*finding) []string {
	hosts := make([]string, 0, len(group))
	for _, g := range group {
		hosts = append(hosts, g.MX)
	}
	return hosts
}

// actionFor is what to do about a group, in a sentence that can be forwarded.
// It names the host only where there is one: the title lists several.
func actionFor(f *finding, group []*finding) string {
	host := f.MX
	if len(group) > 1 {
		host = ""
	}
	return tlsrpt.Meaning(f.Result).For(host, f.Domain).Action
}

// addReporter adds a reporter's sessions to those it has already.
func addReporter(all map[string]*reporterTally, r *reporterTally) {
	if known := all[r.key()]; known != nil {
		known.Sessions = known.Sessions.Plus(r.Sessions)
		return
	}
	sum := *r
	all[r.key()] = &sum
}

// hostLines lists the MX hosts of a finding with their sessions.
func hostLines(group []*finding, most int) []string {
	var out []string
	for i, g := range group {
		if i == most {
			return append(out, fmt.Sprintf("and %d more MX hosts", len(group)-i))
		}
		name := "no MX host named"
		if g.MX != "" {
			name = templates.Line(g.MX)
		}
		out = append(out, name+": "+sessions(g.Sessions, g.UpTo))
	}
	return out
}

// stateWords says since when there is a finding.
func stateWords(group []*finding) string {
	f := group[0]
	first := f.First
	for _, g := range group {
		first = min(first, g.First)
	}
	since := templates.ShortDay(first.time())
	n := int(f.Last-first) + 1
	switch f.State {
	case StateOngoing:
		return fmt.Sprintf("ongoing, day %d (since %s)", n, since)
	case StateBack:
		return fmt.Sprintf("back since %s, after days without it", since)
	default:
		return "new on " + since
	}
}

// paragraphs says what a finding means, what became of the mail, whose side it
// probably is on, and on which days it was seen.
func paragraphs(f *finding, sum tlsrpt.Sessions, reporters []*reporterTally, byDay daily) []string {
	var out []string
	if f.Result == "" {
		out = append(out, "The reports count these failures and do not say what failed or where.")
	} else {
		out = append(out, tlsrpt.Meaning(f.Result).For(f.MX, f.Domain).What)
	}
	out = append(out, fateSentence(f), side(f, sum, reporters))
	if days := byDay.days(); len(days) > 1 {
		parts := make([]string, 0, len(days))
		for _, d := range days[max(0, len(days)-pictureDays):] {
			parts = append(parts, templates.ShortDay(d.time())+": "+templates.Count(int64(byDay[d])))
		}
		out = append(out, "By day: "+strings.Join(parts, ", ")+".")
	}
	return out
}

// smallCount is up to how many sessions of one sender call for caution.
const smallCount = 5

// side says on whose side the fault probably lies: many senders point to the
// receiver, one of several to that one. It is a likelihood, never a fact.
func side(f *finding, sum tlsrpt.Sessions, reporters []*reporterTally) string {
	switch n := len(reporters); {
	case n > 1:
		return fmt.Sprintf("%d of the %d senders that reported see it, so the fault is probably on your side.", n, f.Asked)
	case f.Asked > 1:
		s := fmt.Sprintf("Only one of the %d senders that reported sees it, so it may be on that sender's side or on the way.", f.Asked)
		if sum <= smallCount {
			s += " It is few sessions, too: look again if it lasts."
		}
		return s
	default:
		return "Only one sender reported, so it cannot be told whose side the fault is on."
	}
}

// fateSentence says what became of the mail, and how the mode of the policy is
// known where that matters.
func fateSentence(f *finding) string {
	s := f.Fate.Sentence()
	if f.Type != tlsrpt.STS || f.Fate == tlsrpt.Unprotected {
		return s
	}
	switch f.ModeFrom {
	case modeElsewise:
		return s + fmt.Sprintf(" (That the MTA-STS policy is in %s mode is known from another report: these do not quote it.)", f.Mode)
	case modeUnknown:
		return s + " No report tells which mode your MTA-STS policy is in; in enforce mode such mail is held back."
	}
	return s
}

// advise fills in causes, advice and commands.
func (v *findingView) advise(f *finding, group []*finding) {
	if f.Result == "" {
		v.Do = []string{"Wait for a report with details, or ask the sender named above."}
		return
	}
	m := tlsrpt.Meaning(f.Result).For(f.MX, f.Domain)
	for _, c := range m.Causes {
		v.Likely = append(v.Likely, c.Why+" "+c.Do)
	}
	if action := actionFor(f, group); action != "" {
		v.Do = []string{action}
	}
	v.See = m.Commands
}

// quote fills in what the details say beyond their counts.
func (v *findingView) quote(group []*finding) {
	var reasons, links, addresses quotes
	for _, g := range group {
		reasons.join(g.Reasons)
		links.join(g.Links)
		addresses.join(g.Addresses)
	}
	for _, q := range []struct {
		label string
		quotes
	}{{"Reason given", reasons}, {"More from the sender (a link from a stranger)", links}, {"Server addresses seen", addresses}} {
		if len(q.Seen) == 0 {
			continue
		}
		shown := make([]string, len(q.Seen))
		for i, s := range q.Seen {
			shown[i] = templates.Line(s)
		}
		text := q.label + ": " + strings.Join(shown, "; ")
		if q.More {
			text += "; and more"
		}
		v.Quotes = append(v.Quotes, text)
	}
}

// join adds the strings of another.
func (q *quotes) join(other quotes) {
	for _, s := range other.Seen {
		q.add(s)
	}
	q.More = q.More || other.More
}
