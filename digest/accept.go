package digest

import (
	"fmt"
	"time"

	wording "tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// An Accept is a failure that the owner knows of and puts up with for a time. A
// finding that it covers stays out of the verdict and is named at the end. What
// is left empty covers everything; at least one of Result, MX and Sender is set.
type Accept struct {
	Result tlsrpt.ResultType
	MX     string    // a receiving MX host, or "*.example.net" for all below it
	Domain string    // a policy domain, or "*.example.org"
	Sender string    // who must be alone in reporting it: a signing domain
	Until  time.Time // the last UTC day of failures that it covers
	Why    string
}

// covers reports whether a finding is what is accepted, whatever its days. What
// stands for causes that are not told apart never is.
func (a *Accept) covers(f *finding) bool {
	if f.others() || a.Result != "" && a.Result != f.Result || !nameMatches(a.MX, f.MX) || !nameMatches(a.Domain, f.Domain) {
		return false
	}
	if a.Sender == "" {
		return true
	}
	for _, r := range f.Reporters {
		if r.Domain != a.Sender {
			return false
		}
	}
	return len(f.Reporters) > 0
}

// nameMatches reports whether a name is the one wanted, or below it where that
// begins with "*."; nothing wanted matches all.
func nameMatches(want, name string) bool {
	return want == "" || newChooser([]string{want}).matches(name)
}

// setAccepted moves the findings that are accepted out of the way. One whose
// acceptance has run out stays, and says so.
func (j *typeJudgement) setAccepted(rules []Accept) {
	kept := j.Findings[:0]
	for _, f := range j.Findings {
		for i := range rules {
			rule := &rules[i]
			switch {
			case !rule.covers(f):
				continue
			case f.Last <= dayOf(rule.Until):
				f.Accepted = rule
			default:
				f.RanOut = rule
				continue // another may still hold
			}
			break
		}
		if f.Accepted != nil {
			j.Accepted = append(j.Accepted, f)
			continue
		}
		kept = append(kept, f)
	}
	j.Findings = kept
}

// accepted counts the sessions of what is accepted, at most: details overlap
// (R14).
func (j *judgement) accepted() tlsrpt.Sessions {
	var all tlsrpt.Sessions
	for _, d := range j.Domains {
		for _, t := range d.Types {
			all = all.Plus(min(sumOf(t.Accepted), t.Failed))
		}
	}
	return min(all, j.Overall.Failed)
}

// acceptedLines names what is accepted, each on a line.
func (j *judgement) acceptedLines(most int) []string {
	var out []string
	n := 0
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Accepted {
				if n++; n <= most {
					out = append(out, acceptedLine(f, j.several()))
				}
			}
		}
	}
	if n > most {
		out = append(out, fmt.Sprintf("and %d more", n-most))
	}
	return out
}

// acceptedLine names one accepted finding, with until when and why.
func acceptedLine(f *finding, several bool) string {
	title := findingTitle([]*finding{f})
	if several {
		title += " for " + domainWord(f.Domain)
	}
	return fmt.Sprintf("%s (%s, %s), %s: %s; accepted until %s: %s", title, typeName(f.Type), resultName(f.Result),
		sessions(f.Sessions, f.UpTo), wording.FateShort(f.Fate, f.Result), templates.LongDay(f.Accepted.Until), templates.Line(f.Accepted.Why))
}

// ranOut says that a finding was accepted, and until when.
func (f *finding) ranOut() string {
	if f.RanOut == nil {
		return ""
	}
	return fmt.Sprintf("It was accepted until %s (%s), and counts again.", templates.LongDay(f.RanOut.Until), templates.Line(f.RanOut.Why))
}
