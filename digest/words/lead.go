package words

import (
	"fmt"

	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// countCauses counts what is told apart as a cause, over all domains. What a sender
// counts under MTA-STS and DANE alike (Q31) is one.
func countCauses(j *judge.Judgement) int {
	seen := map[string]struct{}{}
	for _, g := range j.Groups() {
		seen[g.Findings[0].Domain+"\x00"+findingTitle(g.Findings)] = struct{}{}
	}
	return len(seen)
}

// silentDomains returns the domains that nothing came for.
func silentDomains(j *judge.Judgement) []string {
	var names []string
	for _, d := range j.Domains {
		if d.Reports == 0 {
			names = append(names, d.Name)
		}
	}
	return names
}

// leadFailures says how much failed, the main cause, and what became of the mail.
func leadFailures(j *judge.Judgement) []string {
	total, failed := int64(j.Overall.Sessions()), int64(j.Overall.Failed)
	worst := j.Worst()
	if failed == 0 {
		return []string{deniedSentence(j, worst)}
	}
	what := "failed"
	if j.Verdict == judge.VerdictAttention {
		what = "had a TLS problem"
	}
	s := fmt.Sprintf("%s of %s (%s) %s %s.", templates.Count(failed),
		templates.Plural(total, "delivery attempt"), templates.Percent(failed, total), what, coveredWords(j))
	s += causeSentence(j, worst) + " " + fateSentence(worst.Findings)
	if j.Verdict == judge.VerdictAction {
		s += restSentence(j, worst)
	}
	if n := j.Waived(); n > 0 {
		s += fmt.Sprintf(" Of the %s, %s %s known and accepted.", templates.Count(failed), templates.Count(int64(n)), verb(int(min(n, 2)), "is", "are"))
	}
	for _, sentence := range heldByOne(j, worst) {
		s += " " + sentence
	}
	if t := trendSentence(j); t != "" {
		s += " " + t
	}
	return []string{s}
}

// causeSentence names the heaviest cause, and whether it is the largest, too.
func causeSentence(j *judge.Judgement, worst *judge.Group) string {
	f := worst.Findings[0]
	cause := lowerFirst(findingTitle(worst.Findings))
	where := ""
	if j.Several() {
		where = " for " + domainWord(f.Domain)
	}
	switch {
	case countCauses(j) == 1 && f.Result == "":
		return ""
	case countCauses(j) == 1:
		return fmt.Sprintf(" The cause%s: %s.", where, cause)
	case worst.Sessions >= j.Largest():
		return fmt.Sprintf(" The main cause%s, %s: %s.", where, sessions(worst.Sessions, worst.Bound), cause)
	default:
		return fmt.Sprintf(" The most serious cause%s, %s: %s.", where, sessions(worst.Sessions, worst.Bound), cause)
	}
}

// restSentence says how many failed attempts there are beside those of the
// heaviest cause, and of how many the mail was not held.
func restSentence(j *judge.Judgement, worst *judge.Group) string {
	held := min(j.Held(), j.Overall.Failed)
	rest := j.Overall.Failed - held - min(j.Waived(), j.Overall.Failed-held)
	if rest == 0 {
		return ""
	}
	through := true
	for _, g := range j.Groups() {
		through = through && (g.Weight() >= tlsrpt.Action || g.Fate().WentThrough())
	}
	others, all := templates.Plural(int64(rest), "attempt"), ""
	if held > worst.Sessions {
		others = templates.Count(int64(rest))
		all = fmt.Sprintf(" In all, the mail of %s may be held;", templates.Plural(int64(held), "attempt"))
	}
	switch {
	case through && all == "":
		return fmt.Sprintf(" The mail of the other %s went through.", others)
	case through:
		return fmt.Sprintf("%s that of the other %s went through.", all, others)
	case all == "":
		return fmt.Sprintf(" The other %s had lighter problems, listed below.", others)
	}
	return fmt.Sprintf("%s the other %s had lighter problems, listed below.", all, others)
}

// heldByOne names the senders that held their mail back on their own account,
// unless that has been said of the heaviest cause already.
func heldByOne(j *judge.Judgement, worst *judge.Group) []string {
	var out []string
	for _, g := range j.Groups() {
		if g.Fate() == tlsrpt.HeldByOne && g != worst && len(out) < 2 {
			out = append(out, fateSentence(g.Findings))
		}
	}
	return out
}

// deniedSentence is for reports that contradict themselves: details of failures
// beside totals that count none.
func deniedSentence(j *judge.Judgement, worst *judge.Group) string {
	return fmt.Sprintf("Reports name failures in their details %s, though their totals count none. If the details are right, %s failed: %s. In that case %s",
		coveredWords(j), sessions(worst.Sessions, worst.Bound), lowerFirst(findingTitle(worst.Findings)), lowerFirst(fateSentence(worst.Findings)))
}

// leadClear says that reports came and all is well, as far as they tell.
func leadClear(j *judge.Judgement) []string {
	n := int64(j.Overall.Sessions())
	who := templates.Plural(int64(len(j.Reporters)), "sender")
	s := fmt.Sprintf("%s reported %s, but counted no delivery attempt: nothing failed, and nothing was tried.", who, coveredWords(j))
	if n > 0 {
		all := fmt.Sprintf("All %s used TLS", templates.Count(n))
		if n == 1 {
			all = "It used TLS"
		}
		if failed := int64(j.Overall.Failed); failed > 0 {
			all = fmt.Sprintf("%s failed (%s), and %s known and accepted: see the end", templates.Count(failed), templates.Percent(failed, n), verb(int(min(failed, 2)), "it is", "all are"))
		}
		s = fmt.Sprintf("%s reported %s %s. %s", who, templates.Plural(n, "delivery attempt"), coveredWords(j), all)
		switch without := withoutPolicy(j); {
		case without == n:
			s += "; no sender found a policy of yours (MTA-STS or DANE) that asks for it."
		case without > 0:
			s += fmt.Sprintf(". For %s of them the sender found no policy of yours (MTA-STS or DANE).", templates.Count(without))
		default:
			s += "."
		}
	}
	if silent := silentDomains(j); len(silent) > 0 {
		s += fmt.Sprintf(" No report came for %s.", listNames(silent, 5))
	}
	if t := trendSentence(j); t != "" {
		s += " " + t
	}
	out := []string{s}
	if len(j.Domains) == 1 {
		out = append(out, policySentences(j.Domains[0])...)
	}
	return out
}

// withoutPolicy counts the sessions of senders that found no policy.
func withoutPolicy(j *judge.Judgement) int64 {
	var n tlsrpt.Sessions
	for _, d := range j.Domains {
		for _, t := range d.Types {
			if t.Type == tlsrpt.NoPolicyFound {
				n = n.Plus(t.Sessions())
			}
		}
	}
	return int64(n)
}
