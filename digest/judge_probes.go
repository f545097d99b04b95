package digest

import "tlsbrief/internal/tlsrpt"

// A Question is one to be answered by a look at a domain, just now: is what
// reports tell of still so? Without a result type it asks why no reports come.
type Question struct {
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

// maxLookedAt bounds at how many domains a digest has a look.
const maxLookedAt = 20

// apply fills in what was answered. It changes no verdict: that is the reports'.
func (j *judgement) apply(answers map[Question]Answer) {
	j.Answers = answers
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Findings {
				if a, ok := answers[f.question()]; ok {
					f.Looked = a
				}
			}
		}
	}
}

// question asks whether a finding is still so.
func (f *finding) question() Question {
	return Question{Domain: f.Domain, Type: f.Type, Result: f.Result, MX: f.MX}
}

// questions are those that a look can answer, the worst domains first; none where
// the digest is not about now.
func (j *judgement) questions() []Question {
	if !j.Facts.Current {
		return nil
	}
	var out []Question
	domains := 0
	for _, d := range j.Domains {
		before := len(out)
		if j.wondersAbout(d) {
			out = append(out, Question{Domain: d.Name})
		}
		for _, t := range d.Types {
			for _, f := range t.Findings {
				if f.Result != "" && f.Result != tlsrpt.DANERequired && !f.others() {
					out = append(out, f.question())
				}
			}
		}
		if len(out) > before {
			domains++
		}
		if domains == maxLookedAt {
			break
		}
	}
	return out
}

// wondersAbout reports whether the digest says that no reports come for a domain.
func (j *judgement) wondersAbout(d *domainJudgement) bool {
	return d.Reports == 0 && !d.Uncounted && (d.Stopped || j.Verdict == VerdictSilent)
}

// lookedState is what a look found of a group, if it found the same of all.
func lookedState(group []*finding) AnswerState {
	for _, f := range group {
		if f.Looked.State != group[0].Looked.State {
			return ""
		}
	}
	return group[0].Looked.State
}
