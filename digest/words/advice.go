package words

import (
	"slices"
	"strings"

	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// maxFirst is how many things to do first a digest names.
const maxFirst = 3

// An advice is one thing to do first: a sentence that can be forwarded, and to
// whom.
type advice struct {
	title   string
	kind    string   // the title without the servers
	hosts   []string // may be empty
	domains []string
	action  string
	owner   string
	probed  string // what a probe just now found of it; may be empty
}

// dedup remembers what stands further up in a digest, so that it is not said
// again further down.
type dedup struct {
	sentences map[string]bool
	actions   map[string]bool // of advice, by domain and action
	policy    bool            // how long the policy has been as it is
}

func newDedup() *dedup {
	return &dedup{sentences: map[string]bool{}, actions: map[string]bool{}}
}

// once returns the sentence the first time, and nothing from then on.
func (t *dedup) once(sentence string) string {
	if t.sentences[sentence] {
		return ""
	}
	t.sentences[sentence] = true
	return sentence
}

// first says what to do first, each in a sentence that can be forwarded.
func (w renderer) first(t *dedup) []string {
	switch w.j.Verdict {
	case judge.VerdictAction, judge.VerdictAttention:
		var out []string
		for _, a := range advices(w.j) {
			out = append(out, a.sentence(w.j.Several()))
			for _, d := range a.domains {
				t.actions[d+"\x00"+a.action] = true
			}
		}
		return out
	case judge.VerdictSilent:
		return w.firstSilent()
	case judge.VerdictBlind:
		return firstBlind(w.j)
	default:
		return nil
	}
}

// advices returns the advice for each of the heaviest causes. What one server
// needs for two policies or two domains is said once.
func advices(j *judge.Judgement) []*advice {
	var out []*advice
	for _, group := range j.Heaviest() {
		g, f := group.Findings, group.Findings[0]
		a := &advice{findingTitle(g), meaningOfFinding(f).Title, judge.HostsOf(g), []string{f.Domain}, actionFor(g), ownerOf(g), probeShort(g)}
		i := slices.IndexFunc(out, func(o *advice) bool { return o.covers(a) })
		switch {
		case i >= 0:
			if !slices.Contains(out[i].domains, f.Domain) {
				out[i].domains = append(out[i].domains, f.Domain)
			}
		case len(out) < maxFirst:
			out = append(out, a)
		}
	}
	return out
}

// covers reports whether another piece of advice need not be given beside this
// one: it is the same, or about some of the same servers of a domain.
func (a *advice) covers(o *advice) bool {
	if a.title == o.title && a.action == o.action {
		return true
	}
	if a.kind != o.kind || !slices.Contains(a.domains, o.domains[0]) || len(a.hosts) == 0 && len(o.hosts) > 0 {
		return false
	}
	return !slices.ContainsFunc(o.hosts, func(host string) bool { return !slices.Contains(a.hosts, host) })
}

// sentence puts the advice into words.
func (a *advice) sentence(several bool) string {
	s := a.title
	if several {
		s += " (" + listNames(a.domains, 5) + ")"
	}
	s += ": " + lowerFirst(strings.TrimSuffix(a.action, ".")) + ". Forward to " + a.owner + "."
	if a.probed != "" {
		s += " " + a.probed
	}
	return s
}

// actionFor is what to do about a group, in a sentence that can be forwarded.
// What one of several senders sees alone is to be looked at before anything is
// changed.
func actionFor(group []*judge.Finding) string {
	f := group[0]
	if f.Result == "" {
		return "Look at the certificate and the encryption (STARTTLS) of every mail server, as the commands below do for one."
	}
	meaning := meaningOf(group)
	action := meaning.Action
	if f.Fate == tlsrpt.HeldByOne || judge.CommonAnswer(group) == report.AnswerSo || len(judge.ReportersOf(group)) > 1 || f.Asked < 2 || meaning.Looks {
		return action
	}
	return "Check first with the commands below whether it is so, since one sender alone sees it; then " + lowerFirst(action)
}

// ownerOf says who can do it.
func ownerOf(group []*judge.Finding) string {
	if group[0].Result == "" {
		return "whoever runs your mail servers"
	}
	return meaningOf(group).Owner
}

// meaningOf explains a group, with the names of its servers and its domain.
func meaningOf(group []*judge.Finding) Meaning {
	f := group[0]
	return meaningOfFinding(f).ForServers(f.MX, len(judge.HostsOf(group)), f.Domain)
}

// see returns the commands that go with what to do first.
func (w renderer) see() []string {
	switch {
	case w.j.Verdict == judge.VerdictBlind:
		return []string{"tlsbrief verify"}
	case w.waits():
		return []string{"tlsbrief status"}
	case w.j.Verdict == judge.VerdictSilent && w.looksForReports():
		return seeSilent(w.j)
	}
	return nil
}
