package words

import (
	"fmt"
	"slices"
	"strings"

	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
)

// maxAnswers is how many different things one block says that probes found.
const maxAnswers = 3

// probeWords says what probes just now found of a group, at each of its hosts.
func probeWords(group []*judge.Finding) string {
	var out []string
	for _, f := range group {
		if s := answerSentence(f.Answer); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if n := len(out); n > maxAnswers {
		out = append(out[:maxAnswers], fmt.Sprintf("At %d more hosts: see tlsbrief check %s.", n-maxAnswers, shellWord(group[0].Domain)))
	}
	return strings.Join(out, " ")
}

// answerSentence puts an answer into words.
func answerSentence(a report.Answer) string {
	switch a.State {
	case report.AnswerSo:
		return "Confirmed by a look from here just now: " + a.Words
	case report.AnswerOther:
		return strings.TrimSpace("A look from here just now found something else there: " + a.Words + " " + a.Fix)
	case report.AnswerNotSeen:
		return strings.TrimSpace("Not seen by a look from here just now: it may be mended, or lie between the sender and you. " + a.Words)
	case report.AnswerUnchecked:
		return "Whether it is still so could not be seen from here. " + upperFirst(a.Words)
	}
	return ""
}

// probeShort says in a few words what probes found of a whole group; nothing
// where it found one thing at one host and another at the next.
func probeShort(group []*judge.Finding) string {
	switch state := judge.CommonAnswer(group); state {
	case report.AnswerSo:
		return "Looked at from here just now: it is still so."
	case report.AnswerNotSeen:
		return "Looked at from here just now: not seen, so it may be mended already."
	}
	return ""
}

// maxReasons is for how many domains a digest says why no reports come.
const maxReasons = 5

// silenceReasons says what a probe just now found of why no reports come.
func silenceReasons(j *judge.Judgement) []string {
	var out []string
	for _, d := range j.Domains {
		s := silenceReason(j, d)
		if s == "" || len(out) == maxReasons {
			continue
		}
		if j.Several() {
			s = domainWord(d.Name) + ": " + lowerFirst(s)
		}
		out = append(out, s)
	}
	return out
}

// silenceReason says it of one domain.
func silenceReason(j *judge.Judgement, d *judge.Domain) string {
	a := j.Answers[report.Probe{Domain: d.Name}]
	switch a.State {
	case report.AnswerSo, report.AnswerOther:
		s := "The most likely reason, found just now: " + a.Words
		if c, ok := j.Facts.Gone[d.Name]; ok {
			s += " " + untilThen(c.Message)
		}
		return s
	case report.AnswerNotSeen:
		return "A look just now found that reports are asked for: " + a.Words
	case report.AnswerUnchecked:
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
func silenceFixes(j *judge.Judgement) (fixes []string, asked bool) {
	asked = len(j.Domains) > 0
	for _, d := range j.Domains {
		a := j.Answers[report.Probe{Domain: d.Name}]
		if a.State == "" || a.State == report.AnswerUnchecked {
			asked = false
		}
		if (a.State != report.AnswerSo && a.State != report.AnswerOther) || a.Fix == "" || len(fixes) == maxReasons {
			continue
		}
		where := ""
		if j.Several() {
			where = domainWord(d.Name) + ": "
		}
		fixes = append(fixes, where+a.Fix+" Reports start again within a day or two.")
	}
	return fixes, asked
}
