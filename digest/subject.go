package digest

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"tlsbrief/templates"
)

// subjectLimit is how long a subject should stay, in characters.
const subjectLimit = 99

// subject fills in the parts of the subject.
func (v *view) subject(w words) {
	v.Who = w.who()
	v.Words = strings.ToLower(v.Title)
	first, last := w.spanDays()
	v.When = shortSpan(first, last)
	total, failed := int64(w.Overall.sessions()), int64(w.Overall.Failed)
	switch w.Verdict {
	case VerdictAction, VerdictAttention:
		v.Numbers = fmt.Sprintf("%s of %s failed", templates.Count(failed), templates.Plural(total, "delivery attempt"))
		if failed == 0 {
			v.Numbers = "failures reported"
		}
		if w.Verdict == VerdictAction {
			v.Clause = "mail may be held"
		}
	case VerdictClear:
		v.Numbers = templates.Plural(total, "delivery attempt") + ", none failed"
	case VerdictSilent:
		v.silentSubject(w)
	case VerdictBlind:
		v.Words, v.When = "blind - "+w.blindShort(), ""
	}
	if utf8.RuneCountInString(v.Who)+utf8.RuneCountInString(v.Numbers)+len(v.Clause)+len(v.Words)+len(v.When)+16 > subjectLimit {
		v.Clause = ""
	}
}

// silentSubject fills in the subject where nothing arrived that counts.
func (v *view) silentSubject(w words) {
	v.When = ""
	last := day(0)
	for _, d := range w.Domains {
		last = max(last, d.LastDay)
	}
	switch {
	case w.Kind == kindFallback && len(w.Rejected) > 0 && len(w.Tally.uncounted.reports) == 0:
		v.Who, v.Words = "", templates.Plural(int64(len(w.Rejected)), "message")+" could not be read"
	case len(w.Tally.uncounted.reports) > 0:
		v.Words = "no verified reports"
		v.Numbers = templates.Plural(int64(len(w.Tally.uncounted.reports)), "report") + " not counted"
	case last > 0 && !w.ByDays:
		v.Words = "no reports since " + shortSpan(last, last)
	case w.ByDays:
		v.When = shortSpan(w.First, w.Last)
	default:
		v.Words = "no reports yet"
	}
}

// renderSubject returns the subject as one clean line.
func renderSubject(set *templates.Set, v *view) (string, error) {
	s, err := set.Render(templates.Subject, v)
	if err != nil {
		return "", err
	}
	return templates.Line(strings.Join(strings.Fields(s), " ")), nil
}
