package words

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// subjectLimit is how long a subject should stay, in characters.
const subjectLimit = 99

// shortestWho is how much of a domain a subject keeps at least.
const shortestWho = 20

// subject fills in the parts of the subject. Where it grows too long the numbers
// are put shortly, then the domain is cut: never the verdict, nor what became of
// the mail.
func (v *View) subject(w renderer) {
	v.Prefix, v.Who = templates.Line(w.o.Prefix), w.who()
	v.Words = strings.ToLower(v.Title)
	v.When = shortWhen(w.j)
	var shorter []string
	switch w.j.Verdict {
	case judge.VerdictAction, judge.VerdictAttention:
		shorter = v.failureSubject(w)
	case judge.VerdictClear:
		v.Numbers = templates.Plural(int64(w.j.Overall.Sessions()), "delivery attempt") + ", none failed"
		if w.j.Overall.Sessions() == 0 {
			v.Numbers = ""
		}
		shorter = []string{templates.Count(int64(w.j.Overall.Sessions())) + " attempts, none failed"}
		if failed := int64(w.j.Overall.Failed); failed > 0 {
			v.Numbers = templates.Plural(int64(w.j.Overall.Sessions()), "delivery attempt") + ", " + templates.Plural(failed, "known failure")
			shorter = []string{templates.Count(int64(w.j.Overall.Sessions())) + " attempts, " + templates.Plural(failed, "known failure")}
		}
	case judge.VerdictSilent:
		v.silentSubject(w)
	case judge.VerdictBlind:
		v.Words, v.When = v.Words+" - "+blindShort(w.j), ""
	}
	v.fit(shorter)
}

// failureSubject fills in how much failed and what became of the mail, and
// returns shorter ways to say how much.
func (v *View) failureSubject(w renderer) (shorter []string) {
	total, failed := templates.Plural(int64(w.j.Overall.Sessions()), "delivery attempt"), templates.Count(int64(w.j.Overall.Failed))
	what := " failed"
	if w.j.Verdict == judge.VerdictAttention {
		what = " with a TLS problem"
	}
	v.Clause = fateClause(w.j)
	if w.j.Overall.Failed == 0 {
		v.Numbers = "failures reported"
		return nil
	}
	v.Numbers = failed + " of " + total + what
	return []string{
		failed + " of " + strings.Replace(total, "delivery ", "", 1) + what,
		failed + " of " + templates.Count(int64(w.j.Overall.Sessions())) + what,
	}
}

// fateClause says in a few words what became of the mail that failed.
func fateClause(j *judge.Judgement) string {
	held := j.Held()
	if j.Verdict == judge.VerdictAction {
		if held == 0 || held >= j.Overall.Failed {
			return "mail may be held"
		}
		return templates.Count(int64(held)) + " may be held"
	}
	through, sure, one := true, true, ""
	for _, g := range j.Groups() {
		sure = sure && g.Fate() != tlsrpt.Unproven
		through = through && g.Fate().WentThrough()
		if g.Fate() == tlsrpt.HeldByOne && one == "" {
			one = reporterShort(judge.ReportersOf(g.Findings))
		}
	}
	switch {
	case one != "":
		return "mail from " + one + " held"
	case through && sure:
		return "mail went through"
	case through:
		return "mail probably went through"
	}
	return ""
}

// fit makes the subject short enough, if that can be.
func (v *View) fit(shorter []string) {
	for _, numbers := range shorter {
		if v.subjectLength() <= subjectLimit {
			return
		}
		v.Numbers = numbers
	}
	if over := v.subjectLength() - subjectLimit; over > 0 {
		v.Who = cutFront(v.Who, max(shortestWho, utf8.RuneCountInString(v.Who)-over))
	}
}

// subjectLength returns how many characters the subject has.
func (v *View) subjectLength() int {
	n := utf8.RuneCountInString(v.Prefix) + len(" ") + utf8.RuneCountInString(v.Who) + len(": ") + utf8.RuneCountInString(v.Words)
	for _, part := range []struct{ text, around string }{{v.Numbers, " - "}, {v.Clause, ", "}, {v.When, " ()"}} {
		if part.text != "" {
			n += utf8.RuneCountInString(part.text) + len(part.around)
		}
	}
	return n
}

// cutFront cuts a name to n characters, of which the last stay: the end of a
// domain tells more than its front.
func cutFront(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}

// silentSubject fills in the subject where nothing arrived that counts.
func (v *View) silentSubject(w renderer) {
	v.When = ""
	last := w.j.LastDay()
	switch {
	case len(w.j.Facts.Rejected) > 0 && len(w.j.Domains) == 0 && len(w.j.Facts.Tally.Uncounted.Reports) == 0:
		v.Who, v.Words = "", templates.Plural(int64(len(w.j.Facts.Rejected)), "message")+" could not be read"
	case len(w.j.Facts.Tally.Uncounted.Reports) > 0:
		v.Words = "no verified reports"
		v.Numbers = templates.Plural(int64(len(w.j.Facts.Tally.Uncounted.Reports)), "report") + " not counted"
	case w.waits():
		v.Words = "mail is waiting to be read"
	case last > 0 && !w.j.Facts.ByDays:
		v.Words = "no reports after " + shortSpan(last, last)
	case w.j.Facts.ByDays:
		v.When = shortSpan(w.j.First, w.j.Last)
	default:
		v.Words = "no reports yet"
	}
}

// shortWhen says for which days, in brackets.
func shortWhen(j *judge.Judgement) string {
	first, last := j.SpanDays()
	s := shortSpan(first, last)
	if n := len(j.LateDays()); n > 0 {
		s += fmt.Sprintf(" and %s", templates.Plural(int64(n), "late day"))
	}
	return s
}

// renderSubject returns the subject as one clean line.
func renderSubject(set *templates.Set, v *View) (string, error) {
	s, err := set.Render(templates.Subject, v)
	if err != nil {
		return "", err
	}
	return templates.Line(strings.Join(strings.Fields(s), " ")), nil
}
