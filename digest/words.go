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

// who names what the digest is about.
func (w words) who() string {
	switch len(w.Domains) {
	case 0:
		if len(w.Spec.Domains) == 1 {
			return templates.Line(w.Spec.Domains[0])
		}
		return templates.Line(w.Name)
	case 1:
		return templates.Line(w.Domains[0].Name)
	default:
		return templates.Plural(int64(len(w.Domains)), "domain")
	}
}

// spanDays returns the first and last day that the numbers are mainly about: the
// days asked for, or those whose reports came in time.
func (j *judgement) spanDays() (first, last day) {
	if j.ByDays {
		return j.First, j.Last
	}
	found := false
	for _, d := range j.Domains {
		for _, c := range d.Days {
			if c.Late {
				continue
			}
			if !found || c.Day < first {
				first = c.Day
			}
			if !found || c.Day > last {
				last = c.Day
			}
			found = true
		}
	}
	if !found {
		return j.First, j.Last
	}
	return first, last
}

// lateDays returns how many covered days lie outside the span.
func (j *judgement) lateDays() map[day]bool {
	first, last := j.spanDays()
	out := map[day]bool{}
	for _, d := range j.Domains {
		for _, c := range d.Days {
			if c.Day < first || c.Day > last {
				out[c.Day] = true
			}
		}
	}
	return out
}

// shortSpan writes days as "22 Nov" or "15 to 21 Nov".
func shortSpan(first, last day) string {
	a, b := first.time(), last.time()
	switch {
	case first >= last:
		return b.Format("2 Jan")
	case a.Month() == b.Month() && a.Year() == b.Year():
		return a.Format("2") + " to " + b.Format("2 Jan")
	default:
		return a.Format("2 Jan") + " to " + b.Format("2 Jan")
	}
}

// periodLong writes the days covered with their year.
func periodLong(j *judgement) string {
	first, last := j.spanDays()
	if first >= last {
		return templates.LongDay(last.time()) + " (UTC)"
	}
	return templates.LongDay(first.time()) + " to " + templates.LongDay(last.time()) + " (UTC)"
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

// leadSilent says that nothing came that counts, and what that means.
func (w words) leadSilent() []string {
	if w.Kind == kindFallback && len(w.Domains) == 0 {
		return []string{w.leadFallback()}
	}
	var out []string
	names := make([]string, 0, len(w.Domains))
	last := day(0)
	for _, d := range w.Domains {
		names = append(names, d.Name)
		last = max(last, d.LastDay)
	}
	about := "any domain"
	if len(names) > 0 {
		about = listNames(names, 5)
	}
	n := len(w.Tally.uncounted.reports)
	s := fmt.Sprintf("Nothing has arrived for %s%s.", about, w.silentSince())
	if n > 0 {
		s = fmt.Sprintf("None of the %s that came for %s could be verified, so nothing is known for sure.", templates.Plural(int64(n), "report"), about)
	}
	if last > 0 {
		s += fmt.Sprintf(" The last report that counts is about %s.", templates.LongDay(last.time()))
	} else {
		s += " No report that counts has come in the last 60 days."
	}
	out = append(out, s)
	if k := len(w.Stopped); k > 0 {
		out = append(out, fmt.Sprintf("%s used to report on most days and no longer %s. That does not mean that all is well: nobody is telling you.",
			templates.Plural(int64(k), "sender"), verb(k, "does", "do")))
	} else {
		out = append(out, "That does not mean that all is well, only that nobody has told you. Domains that get little mail have days without a report.")
	}
	return out
}

// silentSince says for how long nothing came.
func (w words) silentSince() string {
	switch {
	case w.ByDays:
		return " for " + daySpan(w.First, w.Last)
	case w.LastRun.IsZero():
		return " so far"
	default:
		return " since the digest of " + templates.ShortDay(w.LastRun)
	}
}

// leadFallback says why there is a fallback digest without reports that count.
func (w words) leadFallback() string {
	var out []string
	if n := len(w.Rejected); n > 0 {
		out = append(out, fmt.Sprintf("%s looked like TLS reports and could not be read; in the mailbox they are as they were.", templates.Plural(int64(n), "message")))
	}
	if n := len(w.Tally.uncounted.reports); n > 0 {
		out = append(out, fmt.Sprintf("%s for domains that no digest claims could not be verified.", templates.Plural(int64(n), "report")))
	}
	if len(out) == 0 {
		return "No report came for a domain that no digest claims."
	}
	return strings.Join(out, " ")
}

// leadBlind says which mailbox could not be read, since when, and why.
func (w words) leadBlind() []string {
	out := []string{"Nothing is known about the mail to your domains: the reports could not be fetched."}
	for _, b := range w.Blind {
		out = append(out, blindSentence(b))
	}
	return out
}

// blindShort names the unreadable mailbox for the subject.
func (w words) blindShort() string {
	if len(w.Blind) == 1 {
		return "mailbox " + templates.Line(w.Blind[0].Name) + " cannot be read"
	}
	return templates.Plural(int64(len(w.Blind)), "mailbox") + " cannot be read"
}

// blindSentence says since when a mailbox has not been read, and why.
func blindSentence(b mailboxState) string {
	s := fmt.Sprintf("Mailbox %s could not be read", templates.Line(b.Name))
	switch {
	case !b.Since.IsZero():
		s += " since " + b.Since.UTC().Format("Monday 2 January 2006 15:04 UTC")
	case !b.LastGood.IsZero():
		s += "; it was last read on " + b.LastGood.UTC().Format("Monday 2 January 2006 15:04 UTC")
	default:
		s = fmt.Sprintf("Mailbox %s has never been read: no poll of it has worked yet", templates.Line(b.Name))
	}
	if b.Error != "" {
		s += ": " + templates.Line(b.Error)
	}
	return strings.TrimSuffix(s, ".") + "."
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
