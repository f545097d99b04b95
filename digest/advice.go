package digest

import (
	"fmt"
	"slices"
	"strings"

	wording "tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
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
	looked  string // what a look just now found of it; may be empty
}

// told remembers what stands further up in a digest, so that it is not said
// again further down.
type told struct {
	sentences map[string]bool
	actions   map[string]bool // of advice, by domain and action
	policy    bool            // how long the policy has been as it is
}

func newTold() *told {
	return &told{sentences: map[string]bool{}, actions: map[string]bool{}}
}

// once returns the sentence the first time, and nothing from then on.
func (t *told) once(sentence string) string {
	if t.sentences[sentence] {
		return ""
	}
	t.sentences[sentence] = true
	return sentence
}

// first says what to do first, each in a sentence that can be forwarded.
func (w words) first(t *told) []string {
	switch w.Verdict {
	case VerdictAction, VerdictAttention:
		var out []string
		for _, a := range w.advices() {
			out = append(out, a.sentence(w.several()))
			for _, d := range a.domains {
				t.actions[d+"\x00"+a.action] = true
			}
		}
		return out
	case VerdictSilent:
		return w.firstSilent()
	case VerdictBlind:
		return w.firstBlind()
	default:
		return nil
	}
}

// advices returns the advice for each of the heaviest causes. What one server
// needs for two policies or two domains is said once.
func (w words) advices() []*advice {
	var out []*advice
	for _, group := range w.heaviest() {
		g, f := group.findings, group.findings[0]
		a := &advice{findingTitle(g), f.meaning().Title, hostsOf(g), []string{f.Domain}, actionFor(g), ownerOf(g), lookedShort(g)}
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
	if a.looked != "" {
		s += " " + a.looked
	}
	return s
}

// actionFor is what to do about a group, in a sentence that can be forwarded.
// What one of several senders sees alone is to be looked at before anything is
// changed.
func actionFor(group []*finding) string {
	f := group[0]
	if f.Result == "" {
		return "Look at the certificate and the encryption (STARTTLS) of every mail server, as the commands below do for one."
	}
	meaning := meaningOf(group)
	action := meaning.Action
	if f.Fate == tlsrpt.HeldByOne || lookedState(group) == AnswerSo || len(reportersOf(group)) > 1 || f.Asked < 2 || meaning.Looks {
		return action
	}
	return "Check first with the commands below whether it is so, since one sender alone sees it; then " + lowerFirst(action)
}

// ownerOf says who can do it.
func ownerOf(group []*finding) string {
	if group[0].Result == "" {
		return "whoever runs your mail servers"
	}
	return meaningOf(group).Owner
}

// meaningOf explains a group, with the names of its servers and its domain.
func meaningOf(group []*finding) wording.Meaning {
	f := group[0]
	return f.meaning().ForServers(f.MX, len(hostsOf(group)), f.Domain)
}

// see returns the commands that go with what to do first.
func (w words) see() []string {
	switch {
	case w.Verdict == VerdictBlind:
		return []string{"tlsbrief verify"}
	case w.waits():
		return []string{"tlsbrief status"}
	case w.Verdict == VerdictSilent && w.looksForReports():
		return w.seeSilent()
	}
	return nil
}

// maxNotes is how many notes of one kind a digest has at most.
const maxNotes = 10

// notes names what bears on the verdict and is no part of it.
func (w words) notes() []string {
	var out []string
	if w.AuthenticityOff {
		out = append(out, `Signatures are not checked, because authenticity is "off" in the configuration: anyone could have sent what is counted here.`)
	}
	if !w.Overrun.IsZero() && !w.waits() {
		out = append(out, w.overrunSentence())
	}
	if w.Verdict != VerdictBlind {
		for _, u := range w.Unread {
			out = append(out, u.sentence()+" Reports may be missing here.")
		}
	}
	if s, ok := w.onlyStretch(); ok && w.ByDays && (w.First > s.First || w.Last < s.Last) {
		out = append(out, fmt.Sprintf("You asked for %s. The only report about it counts %s together, and cannot be divided.", daySpan(w.First, w.Last), s))
	}
	if w.Kind == kindFallback && len(w.Domains) > 0 {
		names := make([]string, 0, len(w.Domains))
		for _, d := range w.Domains {
			names = append(names, d.Name)
		}
		out = append(out, fmt.Sprintf("No configured digest claims %s. To move a domain, add it to the domains of a digest.", listNames(names, 5)))
	}
	if n := len(w.Rejected); n > 0 && (w.Kind != kindFallback || len(w.Domains) > 0) {
		out = append(out, fmt.Sprintf("%s looked like %s and could not be read: see \"Not counted\" below.",
			templates.Plural(int64(n), "message"), verb(n, "a report", "reports")))
	}
	if w.Tally.domains[otherDomains] != nil {
		out = append(out, fmt.Sprintf(`Reports came for more than %s domains. Those beyond are not told apart: they are added up as "other domains".`, templates.Count(maxDomains)))
	}
	if s := w.Untold.sentence(w.Location); s != "" {
		out = append(out, s)
	}
	out = append(out, w.unseen()...)
	return append(out, w.stoppedDomains()...)
}

// unseen names what is not reported any more while those that saw it are silent:
// nobody knows whether it is mended.
func (w words) unseen() []string {
	var out []string
	for _, d := range w.Domains {
		for _, t := range d.Types {
			for _, f := range t.Unseen {
				if len(out) == maxNotes {
					return out
				}
				where := ""
				if w.several() {
					where = " for " + domainWord(f.Domain)
				}
				out = append(out, fmt.Sprintf("Not known to be mended: %s%s (%s; %s). It is not reported any more, but %s, which saw it, %s not reported since.",
					lowerFirst(findingTitle([]*finding{f})), where, typeName(f.Type), daySpan(f.First, f.Last), listPhrases(f.Silent, 3), verb(len(f.Silent), "has", "have")))
			}
		}
	}
	return out
}

// stoppedDomains names the domains of several whose reports have stopped.
func (w words) stoppedDomains() []string {
	if !w.several() {
		return nil
	}
	var out []string
	for _, d := range w.Domains {
		if d.Stopped && d.Reports == 0 && len(out) < maxNotes {
			s := fmt.Sprintf("No reports for %s any more: they used to come on most days, the last is about %s.",
				domainWord(d.Name), templates.ShortDay(d.LastDay.time()))
			out = append(out, strings.TrimSpace(s+" "+w.silenceReason(d)))
		}
	}
	return out
}

// footer says who wrote the digest and how to see more.
func (w words) footer() []string {
	name := "tlsbrief"
	if w.Version != "" {
		name += " " + templates.Line(w.Version)
	}
	at := w.Now
	if w.Location != nil {
		at = at.In(w.Location)
	}
	return []string{fmt.Sprintf("%s read %s, %s. Digest: %s.", name,
		templates.Plural(int64(len(w.Tally.reports)+len(w.Tally.uncounted.reports)), "report"),
		at.Format("Monday 2 January 2006 15:04 MST"), templates.Line(w.Name)), "Details: " + exportCommand(w.judgement)}
}

// exportCommand shows all that a digest is made of.
func exportCommand(j *judgement) string {
	days := fmt.Sprintf(" --from %s --to %s", j.First, j.Last)
	if s, ok := j.onlyStretch(); ok {
		days = fmt.Sprintf(" --from %s --to %s", s.First, s.Last)
	}
	if len(j.Domains) == 1 {
		return "tlsbrief export --domain " + shellWord(j.Domains[0].Name) + days
	}
	return "tlsbrief export" + days
}
