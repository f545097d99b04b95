package digest

import "tlsbrief/internal/tlsrpt"

// A Probe is one to be answered by a look at a domain, just now: is what
// reports tell of still so? Without a result type it asks why no reports come.
type Probe struct {
	Domain string
	Type   tlsrpt.PolicyType
	Result tlsrpt.ResultType
	MX     string // the host that reports name; may be empty
}

// An Answer is what the look found. Words and Fix are whole sentences, printable,
// and bounded by whoever answers.
type Answer struct {
	State AnswerState
	Words string
	Fix   string // what to do; may be empty
}

// An AnswerState says how a question was answered. Its zero value is none.
type AnswerState string

// The answers there are. To the question why no reports come, AnswerSo gives a
// reason and AnswerNotSeen says that none was found.
const (
	AnswerSo        AnswerState = "so"        // it is so now
	AnswerOther     AnswerState = "other"     // something else is wrong there
	AnswerNotSeen   AnswerState = "not-seen"  // looked at, and well
	AnswerUnchecked AnswerState = "unchecked" // it could not be looked at
)

// maxProbed bounds at how many domains a digest has a look.
const maxProbed = 20

// apply fills in what was answered. It changes no verdict: that is the reports'.
func (j *judgement) apply(answers map[Probe]Answer) {
	j.Answers = answers
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Findings {
				if a, ok := answers[f.probe()]; ok {
					f.Answer = a
				}
			}
		}
	}
}

// probe asks whether a finding is still so.
func (f *finding) probe() Probe {
	return Probe{Domain: f.Domain, Type: f.Type, Result: f.Result, MX: f.MX}
}

// Probes are those that a look can answer, the worst domains first; none where
// the digest is not about now.
func (j *judgement) Probes() []Probe {
	if !j.Facts.Current {
		return nil
	}
	var out []Probe
	domains := 0
	for _, d := range j.Domains {
		before := len(out)
		if j.probesSilence(d) {
			out = append(out, Probe{Domain: d.Name})
		}
		for _, t := range d.Types {
			for _, f := range t.Findings {
				if f.Result != "" && f.Result != tlsrpt.DANERequired && !f.others() {
					out = append(out, f.probe())
				}
			}
		}
		if len(out) > before {
			domains++
		}
		if domains == maxProbed {
			break
		}
	}
	return out
}

// probesSilence reports whether the digest says that no reports come for a domain.
func (j *judgement) probesSilence(d *Domain) bool {
	return d.Reports == 0 && !d.Uncounted && (d.Stopped || j.Verdict == VerdictSilent)
}

// commonAnswer is what a look found of a group, if it found the same of all.
func commonAnswer(group []*finding) AnswerState {
	for _, f := range group {
		if f.Answer.State != group[0].Answer.State {
			return ""
		}
	}
	return group[0].Answer.State
}
