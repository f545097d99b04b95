package words

import (
	"fmt"
	"slices"
	"strings"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// newFindingView puts findings that differ in nothing but the MX host into
// words. Together they are held to what the totals allow for their
// result type (R14).
func newFindingView(g *judge.Group, hosts int, told *dedup) findingView {
	group, f := g.Findings, g.Findings[0]
	v := findingView{
		Mark: "-", Weight: "attention", Result: resultName(f.Result),
		Title: findingTitle(group), Count: sessions(g.Sessions, g.Bound), Fate: FateShort(f.Fate, f.Result),
		State: stateWords(group), SeenBy: reporterNames(judge.ReportersOf(group)),
	}
	if f.Weight() >= tlsrpt.Action {
		v.Mark, v.Weight = "!", "action"
	}
	if len(group) > 1 || f.Others() {
		v.Hosts = hostLines(group, hosts)
		if several := judge.SumOf(group); several > g.Sessions {
			v.Hosts = append(v.Hosts, "One session may have failed at several of these servers.")
		}
	}
	v.Paragraphs = paragraphs(group, g.Sessions, told)
	v.advise(group, told)
	v.quote(group)
	return v
}

// hostLines lists the MX hosts of a finding with their sessions.
func hostLines(group []*judge.Finding, most int) []string {
	var out []string
	named := slices.DeleteFunc(slices.Clone(group), func(g *judge.Finding) bool { return g.Others() })
	for i, g := range named {
		if i == most {
			out = append(out, fmt.Sprintf("and %s more MX hosts", templates.Count(int64(len(named)-i))))
			break
		}
		name := "no MX host named"
		if g.MX != "" {
			name = hostWord(g.MX)
		}
		out = append(out, name+": "+sessions(g.Sessions, g.Bound))
	}
	for _, g := range group {
		if g.Others() {
			out = append(out, "other hosts: "+sessions(g.Sessions, g.Bound))
		}
	}
	return out
}

// stateWords says since when there is a finding.
func stateWords(group []*judge.Finding) string {
	f := group[0]
	for _, g := range group {
		if g.First < f.First {
			f = g
		}
	}
	return standingWords(f) + laterWords(group)
}

// laterWords says that none of a group of findings was seen on the last days
// covered, and since when.
func laterWords(group []*judge.Finding) string {
	last, later := group[0], group[0].Later
	for _, g := range group {
		later = min(later, g.Later)
		if g.Last > last.Last {
			last = g
		}
	}
	if later == 0 {
		return ""
	}
	since := "the later day"
	if later > 1 {
		since = fmt.Sprintf("the %s later days", templates.Count(int64(later)))
	}
	if last.First == last.Last {
		return fmt.Sprintf(", and not seen on %s reported here", since)
	}
	return fmt.Sprintf(", last seen on %s and not on %s reported here", templates.ShortDay(last.Last.Time()), since)
}

// standingWords says since when there is one finding.
func standingWords(f *judge.Finding) string {
	since := templates.ShortDay(f.First.Time())
	until, several := f.Until[f.First]
	switch {
	case f.State == facts.StateBack:
		return fmt.Sprintf("back since %s, after %s without it", since, templates.Plural(int64(f.Gap), "day"))
	case f.State == facts.StateOngoing && (several || len(f.Until) > 0):
		return "ongoing (since " + since + ")"
	case f.State == facts.StateOngoing:
		return ongoingWords(f.Timeline, since)
	case several:
		return "new, in a report for " + spanText(f.First, until)
	default:
		return "new on " + since
	}
}

// ongoingWords says for how long, and on how many of these days it was seen where
// nothing was reported on some.
func ongoingWords(s facts.Timeline, since string) string {
	n := int(s.Last-s.First) + 1
	switch {
	case s.Days >= n || s.Days == 0:
		return fmt.Sprintf("ongoing, day %d (since %s)", n, since)
	case s.Days == 2:
		return fmt.Sprintf("ongoing: seen on %s and on %s, nothing reported between", since, templates.ShortDay(s.Last.Time()))
	default:
		return fmt.Sprintf("ongoing: seen on %d of the %d days since %s, nothing reported on the others", s.Days, n, since)
	}
}

// paragraphs says what a finding means, what became of the mail, whose side it
// probably is on, and on which days it was seen.
func paragraphs(group []*judge.Finding, sum tlsrpt.Sessions, told *dedup) []string {
	f := group[0]
	what := "The reports count these failures without any details."
	if f.Result != "" {
		what = meaningOf(group).What
	}
	out := []string{what}
	if f.Contradicted {
		out = append(out, "The totals of the same reports count no failure: these details may be a mistake of the sender.")
	}
	if slices.ContainsFunc(group, func(g *judge.Finding) bool { return g.Others() }) {
		out = append(out, truncatedSentence())
	}
	for _, s := range []string{probeWords(group), told.once(fateSentence(group)), side(f, sum, judge.ReportersOf(group)), dayWords(group), waiverEnded(f)} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// truncatedSentence says what "other hosts" are.
func truncatedSentence() string {
	return fmt.Sprintf(`The reports name more than %s causes here. Those beyond are not told apart: their sessions are added up as those of "other hosts". So many names are hardly those of mail servers.`,
		templates.Count(facts.MaxCauses))
}

// dayWords lists the days of a finding that was seen on several.
func dayWords(group []*judge.Finding) string {
	byDay, until := facts.Daily{}, map[facts.Day]facts.Day{}
	for _, g := range group {
		for d, n := range g.ByDay {
			byDay.Add(d, n)
			until[d] = max(until[d], g.Until[d])
		}
	}
	days := byDay.Days()
	if len(days) < 2 {
		return ""
	}
	parts := make([]string, 0, len(days))
	for _, d := range days[max(0, len(days)-facts.PictureDays):] {
		parts = append(parts, spanText(d, max(d, until[d]))+": "+templates.Count(int64(byDay[d])))
	}
	return "By day: " + strings.Join(parts, ", ") + "."
}

// smallCount is up to how many sessions call for caution.
const smallCount = 5

// manySenders is how many senders are many, however many more do not see it.
const manySenders = 4

// side says on whose side the fault probably lies: many senders point to the
// receiver, one of several to that one. It is a likelihood, never a fact.
func side(f *judge.Finding, sum tlsrpt.Sessions, reporters []*facts.ReporterTally) string {
	if f.Fate == tlsrpt.HeldByOne {
		return "" // that sender's own rule
	}
	n, told := len(reporters), toldOf(f.Type)
	few := ""
	if sum <= smallCount {
		few = " It is few sessions, too: look again if it lasts."
	}
	switch {
	case n > 1 && sum > smallCount && (n*2 >= f.Asked || n >= manySenders):
		return fmt.Sprintf("%s see it, so the fault is probably on your side.", ofSenders(n, f.Asked, told))
	case n > 1:
		return fmt.Sprintf("%s see it: look at your side first; it may pass.", ofSenders(n, f.Asked, told))
	case f.Asked > 1:
		return fmt.Sprintf("Only one of the %d senders that %s sees it, so it may be on that sender's side or on the way.", f.Asked, told) + few
	case n == 1:
		return fmt.Sprintf("Only %s %s, so it cannot be told whose side the fault is on.", reporterShort(reporters), told) + few
	default:
		return ""
	}
}

// ofSenders writes how many of those asked.
func ofSenders(n, asked int, told string) string {
	switch {
	case n < asked:
		return fmt.Sprintf("%d of the %d senders that %s", n, asked, told)
	case n == 2:
		return "Both senders that " + told
	default:
		return fmt.Sprintf("All %d senders that %s", n, told)
	}
}

// toldOf says what reporters of one policy type have in common.
func toldOf(t tlsrpt.PolicyType) string {
	switch t {
	case tlsrpt.STS, tlsrpt.TLSA:
		return "reported on " + typeName(t)
	default:
		return "reported under this heading"
	}
}

// fateSentence says what became of the mail, and how the mode of the policy is
// known where that matters.
func fateSentence(group []*judge.Finding) string {
	f := group[0]
	s := FateSentence(f.Fate, f.Result, len(judge.HostsOf(group)))
	if f.Fate == tlsrpt.HeldByOne {
		return fmt.Sprintf("Mail from %s was held back: %s on DANE.", reporterShort(judge.ReportersOf(group)), verb(len(judge.ReportersOf(group)), "this sender insists", "these senders insist"))
	}
	if f.Type != tlsrpt.STS || f.Fate == tlsrpt.Unprotected || f.Fate == tlsrpt.Uncertain {
		return s
	}
	switch f.ModeFrom {
	case facts.ModeElsewise:
		return s + fmt.Sprintf(" (That the MTA-STS policy is in %s mode is known from another report: %s.)", f.Mode, "the one with the failures does not quote it")
	case facts.ModeChecked:
		return s + fmt.Sprintf(" (That the MTA-STS policy is in %s mode was found by the domain check: the report with the failures does not quote it.)", f.Mode)
	case facts.ModeUnknown:
		return s + " No report tells which mode your MTA-STS policy is in; in enforce mode such mail is held back."
	}
	return s
}

// advise fills in causes, advice and commands.
func (v *findingView) advise(group []*judge.Finding, told *dedup) {
	f := group[0]
	m := meaningOf(group)
	if f.Result == "" {
		m.Causes = nil
		m.Commands = append([]string{"dig +short MX " + hostName(f.Domain, "YOUR-DOMAIN")}, m.Commands...)
	}
	for _, c := range m.Causes {
		v.Likely = append(v.Likely, c.Why+" "+c.Do)
	}
	if action := actionFor(group); !told.actions[f.Domain+"\x00"+action] {
		v.Do = []string{action}
	}
	v.See = m.Commands
}
