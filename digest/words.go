package digest

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"tlsbrief/templates"
	"tlsbrief/tlsrpt"
)

// words puts the top of a digest into sentences: the verdict, what to do first,
// and what bears on it.
type words struct{ *judgement }

// who names what the digest is about.
func (w words) who() string {
	switch len(w.Domains) {
	case 0:
		if len(w.Spec.Domains) == 1 {
			return templates.Line(w.Spec.Domains[0])
		}
		if w.Name == NameAll {
			return "all domains"
		}
		return templates.Line(w.Name)
	case 1:
		return templates.Line(w.Domains[0].Name)
	default:
		return templates.Plural(int64(len(w.Domains)), "domain")
	}
}

// when says for which days, within a sentence.
func (w words) when() string {
	first, last := w.spanDays()
	s := "on " + daySpan(first, last)
	if first < last {
		s = "from " + daySpan(first, last)
	}
	if n := len(w.lateDays()); n > 0 {
		s += fmt.Sprintf(", late reports for %s included", templates.Plural(int64(n), "other day"))
	}
	return s
}

// lead is the verdict in sentences.
func (w words) lead() []string {
	switch w.Verdict {
	case VerdictAction, VerdictAttention:
		return w.leadFailures()
	case VerdictClear:
		return w.leadClear()
	case VerdictSilent:
		return w.leadSilent()
	default:
		return w.leadBlind()
	}
}

// worst returns the findings of the heaviest cause, which differ in nothing but
// the MX host, and how many sessions met it.
func (j *judgement) worst() (group []*finding, n tlsrpt.Sessions, upTo bool) {
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, g := range grouped(t.Findings) {
				sum, bound := groupSessions(t, g)
				if group == nil || g[0].weight() > group[0].weight() || g[0].weight() == group[0].weight() && sum > n {
					group, n, upTo = g, sum, bound
				}
			}
		}
	}
	return group, n, upTo
}

// leadFailures says how much failed, the main cause, and what became of the mail.
func (w words) leadFailures() []string {
	total, failed := int64(w.Overall.sessions()), int64(w.Overall.Failed)
	s := fmt.Sprintf("%s of %s (%s) failed %s.", templates.Count(failed),
		templates.Plural(total, "delivery attempt"), templates.Percent(failed, total), w.when())
	if failed == 0 {
		s = fmt.Sprintf("Reports name failures in their details %s, though their totals count none.", w.when())
	}
	group, n, upTo := w.worst()
	f := group[0]
	cause := lowerFirst(findingTitle(f.Result, hostsOf(group)))
	where := ""
	if w.several() {
		where = " for " + templates.Line(f.Domain)
	}
	switch {
	case w.causes() == 1:
		s += fmt.Sprintf(" The cause%s: %s.", where, cause)
	default:
		s += fmt.Sprintf(" The main cause%s, %s: %s.", where, sessions(n, upTo), cause)
	}
	return []string{s + " " + fateSentence(f)}
}

// causes counts what is told apart as a finding, over all domains.
func (j *judgement) causes() int {
	n := 0
	for _, d := range j.Domains {
		for _, t := range d.Types {
			n += len(grouped(t.Findings))
		}
	}
	return n
}

// leadClear says that reports came and all is well, as far as they tell.
func (w words) leadClear() []string {
	n := int64(w.Overall.sessions())
	who := templates.Plural(int64(len(w.Reporters)), "sender")
	if n == 0 {
		return []string{fmt.Sprintf("%s reported %s, but counted no delivery attempt.", who, w.when())}
	}
	s := fmt.Sprintf("%s reported %s %s. All of them used TLS", who, templates.Plural(n, "delivery attempt"), w.when())
	if w.hasPolicy() {
		return []string{s + " as your policy asks."}
	}
	return []string{s + "; these senders found no policy of yours (MTA-STS or DANE) that asks for it."}
}

// hasPolicy tells whether any sender saw a policy.
func (j *judgement) hasPolicy() bool {
	for _, d := range j.Domains {
		for _, t := range d.Types {
			if t.Type != tlsrpt.NoPolicyFound && t.sessions() > 0 {
				return true
			}
		}
	}
	return false
}

// verb picks the form for a number.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// sessions writes a count that may be a bound.
func sessions(n tlsrpt.Sessions, upTo bool) string {
	s := templates.Plural(int64(n), "session")
	if upTo {
		return "up to " + s
	}
	return s
}

// lowerFirst writes the first letter small, unless the word is all capitals.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	next, _ := utf8.DecodeRuneInString(s[n:])
	if strings.ToUpper(string(next)) == string(next) {
		return s
	}
	return strings.ToLower(string(r)) + s[n:]
}
