package digest

import (
	"fmt"
	"slices"
	"strings"

	"tlsbrief/internal/tlsrpt"
)

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

// maxLooks is how many different things one block says that a look found.
const maxLooks = 3

// lookedWords says what a look just now found of a group, at each of its hosts.
func lookedWords(group []*finding) string {
	var out []string
	for _, f := range group {
		if s := answerSentence(f.Looked); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if n := len(out); n > maxLooks {
		out = append(out[:maxLooks], fmt.Sprintf("At %d more hosts: see tlsbrief check %s.", n-maxLooks, shellWord(group[0].Domain)))
	}
	return strings.Join(out, " ")
}

// answerSentence puts an answer into words.
func answerSentence(a Answer) string {
	switch a.State {
	case AnswerSo:
		return "Confirmed by a look from here just now: " + a.Words
	case AnswerOther:
		return strings.TrimSpace("A look from here just now found something else there: " + a.Words + " " + a.Fix)
	case AnswerNotSeen:
		return strings.TrimSpace("Not seen by a look from here just now: it may be mended, or lie between the sender and you. " + a.Words)
	case AnswerUnchecked:
		return "Whether it is still so could not be seen from here. " + upperFirst(a.Words)
	}
	return ""
}

// lookedShort says in a few words what a look found of a whole group; nothing
// where it found one thing at one host and another at the next.
func lookedShort(group []*finding) string {
	switch state := lookedState(group); state {
	case AnswerSo:
		return "Looked at from here just now: it is still so."
	case AnswerNotSeen:
		return "Looked at from here just now: not seen, so it may be mended already."
	}
	return ""
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

// maxReasons is for how many domains a digest says why no reports come.
const maxReasons = 5

// silenceReasons says what a look just now found of why no reports come.
func silenceReasons(j *judgement) []string {
	var out []string
	for _, d := range j.Domains {
		s := silenceReason(j, d)
		if s == "" || len(out) == maxReasons {
			continue
		}
		if j.several() {
			s = domainWord(d.Name) + ": " + lowerFirst(s)
		}
		out = append(out, s)
	}
	return out
}

// silenceReason says it of one domain.
func silenceReason(j *judgement, d *domainJudgement) string {
	a := j.Answers[Question{Domain: d.Name}]
	switch a.State {
	case AnswerSo, AnswerOther:
		s := "The most likely reason, found just now: " + a.Words
		if c, ok := j.Facts.Gone[d.Name]; ok {
			s += " " + untilThen(c.Message)
		}
		return s
	case AnswerNotSeen:
		return "A look just now found that reports are asked for: " + a.Words
	case AnswerUnchecked:
		return "Whether reports are still asked for could not be looked up just now: " + a.Words
	}
	return ""
}

// untilThen leaves of the words on a record that is gone what it was until then:
// that it is not there has been said.
func untilThen(message string) string {
	if _, was, ok := strings.Cut(message, " is gone. "); ok {
		return was
	}
	return message
}

// silenceFixes says what to do where the reason is known; asked reports whether for
// every silent domain something is known.
func silenceFixes(j *judgement) (fixes []string, asked bool) {
	asked = len(j.Domains) > 0
	for _, d := range j.Domains {
		a := j.Answers[Question{Domain: d.Name}]
		if a.State == "" || a.State == AnswerUnchecked {
			asked = false
		}
		if (a.State != AnswerSo && a.State != AnswerOther) || a.Fix == "" || len(fixes) == maxReasons {
			continue
		}
		where := ""
		if j.several() {
			where = domainWord(d.Name) + ": "
		}
		fixes = append(fixes, where+a.Fix+" Reports start again within a day or two.")
	}
	return fixes, asked
}
