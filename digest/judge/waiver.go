package judge

import (
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/tlsrpt"
)

// A Waiver is a failure that the owner knows of and puts up with for a time. A
// finding that it covers stays out of the verdict and is named at the end. What
// is left empty covers everything; at least one of Result, MX and Sender is set.
type Waiver struct {
	Result tlsrpt.ResultType
	MX     string    // a receiving MX host, or "*.example.net" for all below it
	Domain string    // a policy domain, or "*.example.org"
	Sender string    // who must be alone in reporting it: a signing domain
	Until  time.Time // the last UTC day of failures that it covers
	Why    string
}

// covers reports whether a finding is what is accepted, whatever its days. What
// stands for causes that are not told apart never is.
func (a *Waiver) covers(f *Finding) bool {
	if f.Others() || a.Result != "" && a.Result != f.Result || !nameMatches(a.MX, f.MX) || !nameMatches(a.Domain, f.Domain) {
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
	return want == "" || facts.NewPatterns([]string{want}).Matches(name)
}

// waive moves the findings that are accepted out of the way. One whose
// acceptance has run out stays, and says so.
func (j *Policy) waive(rules []Waiver) {
	kept := j.Findings[:0]
	for _, f := range j.Findings {
		for i := range rules {
			rule := &rules[i]
			switch {
			case !rule.covers(f):
				continue
			case f.Last <= facts.DayOf(rule.Until):
				f.Waiver = rule
			default:
				f.ExpiredWaiver = rule
				continue // another may still hold
			}
			break
		}
		if f.Waiver != nil {
			j.Waived = append(j.Waived, f)
			continue
		}
		kept = append(kept, f)
	}
	j.Findings = kept
}

// Waived counts the sessions of what is accepted, at most: details overlap
// (R14).
func (j *Judgement) Waived() tlsrpt.Sessions {
	var all tlsrpt.Sessions
	for _, d := range j.Domains {
		for _, t := range d.Types {
			all = all.Plus(min(SumOf(t.Waived), t.Failed))
		}
	}
	return min(all, j.Overall.Failed)
}
