package words

import (
	"fmt"
	"strings"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/templates"
)

// maxNotes is how many notes of one kind a digest has at most.
const maxNotes = 10

// notes names what bears on the verdict and is no part of it.
func (w renderer) notes() []string {
	var out []string
	if w.o.AuthenticityOff {
		out = append(out, `Signatures are not checked, because authenticity is "off" in the configuration: anyone could have sent what is counted here.`)
	}
	if !w.j.Facts.Overrun.IsZero() && !w.waits() {
		out = append(out, overrunSentence(w.j))
	}
	if w.j.Verdict != judge.VerdictBlind {
		for _, u := range w.j.Unread {
			out = append(out, unreadSentence(u)+" Reports may be missing here.")
		}
	}
	if s, ok := w.j.Facts.OnlySpan(); ok && w.j.Facts.ByDays && (w.j.First > s.First || w.j.Last < s.Last) {
		out = append(out, fmt.Sprintf("You asked for %s. The only report about it counts %s together, and cannot be divided.", spanText(w.j.First, w.j.Last), spanText(s.First, s.Last)))
	}
	if w.o.Fallback && len(w.j.Domains) > 0 {
		out = append(out, fmt.Sprintf("No configured digest claims %s. To move a domain, add it to the domains of a digest.", listNames(w.j.Names(), 5)))
	}
	if n := len(w.j.Facts.Rejected); n > 0 && (!w.o.Fallback || len(w.j.Domains) > 0) {
		out = append(out, fmt.Sprintf("%s looked like %s and could not be read: see \"Not counted\" below.",
			templates.Plural(int64(n), "message"), verb(n, "a report", "reports")))
	}
	if w.j.Facts.Tally.Domains[facts.OtherDomains] != nil {
		out = append(out, fmt.Sprintf(`Reports came for more than %s domains. Those beyond are not told apart: they are added up as "other domains".`, templates.Count(facts.MaxDomains)))
	}
	if s := unsentSentence(w.j.Facts.Unsent, w.o.Location); s != "" {
		out = append(out, s)
	}
	out = append(out, unseenNotes(w.j)...)
	return append(out, stoppedNotes(w.j)...)
}

// unseenNotes names what is not reported any more while those that saw it are silent:
// nobody knows whether it is mended.
func unseenNotes(j *judge.Judgement) []string {
	var out []string
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Unseen {
				if len(out) == maxNotes {
					return out
				}
				where := ""
				if j.Several() {
					where = " for " + domainWord(f.Domain)
				}
				out = append(out, fmt.Sprintf("Not known to be mended: %s%s (%s; %s). It is not reported any more, but %s, which saw it, %s not reported since.",
					lowerFirst(findingTitle([]*judge.Finding{f})), where, typeName(f.Type), spanText(f.First, f.Last), listPhrases(sortedNames(f.Silent), 3), verb(len(f.Silent), "has", "have")))
			}
		}
	}
	return out
}

// stoppedNotes names the domains of several whose reports have stopped.
func stoppedNotes(j *judge.Judgement) []string {
	if !j.Several() {
		return nil
	}
	var out []string
	for _, d := range j.Domains {
		if d.Stopped && d.Reports == 0 && len(out) < maxNotes {
			s := fmt.Sprintf("No reports for %s any more: they used to come on most days, the last is about %s.",
				domainWord(d.Name), templates.ShortDay(d.LastDay.Time()))
			out = append(out, strings.TrimSpace(s+" "+silenceReason(j, d)))
		}
	}
	return out
}

// footer says who wrote the digest and how to see more.
func (w renderer) footer() []string {
	name := "tlsbrief"
	if w.o.Version != "" {
		name += " " + templates.Line(w.o.Version)
	}
	at := w.j.Facts.Now
	if w.o.Location != nil {
		at = at.In(w.o.Location)
	}
	return []string{fmt.Sprintf("%s read %s, %s. Digest: %s.", name,
		templates.Plural(int64(len(w.j.Facts.Tally.Reports)+len(w.j.Facts.Tally.Uncounted.Reports)), "report"),
		at.Format("Monday 2 January 2006 15:04 MST"), templates.Line(w.o.Name)), "Details: " + exportCommand(w.j)}
}

// exportCommand shows all that a digest is made of.
func exportCommand(j *judge.Judgement) string {
	days := fmt.Sprintf(" --from %s --to %s", j.First, j.Last)
	if s, ok := j.Facts.OnlySpan(); ok {
		days = fmt.Sprintf(" --from %s --to %s", s.First, s.Last)
	}
	if len(j.Domains) == 1 {
		return "tlsbrief export --domain " + shellWord(j.Domains[0].Name) + days
	}
	return "tlsbrief export" + days
}

// unsentSentence says what was not told, empty where that is nothing.
func unsentSentence(u facts.Unsent, location *time.Location) string {
	if u.Since.IsZero() || u.Reports+u.Uncounted == 0 {
		return ""
	}
	if location == nil {
		location = time.UTC
	}
	s := fmt.Sprintf("The runs of this digest since its last mail, of %s, were not sent. They covered ", u.Since.In(location).Format("Mon 2 Jan 2006"))
	if u.Reports > 0 {
		s += fmt.Sprintf("%s on %s, %s (%s)", templates.Plural(int64(u.Reports), "report"),
			templates.Plural(int64(u.Sessions()), "delivery attempt"), failedOf(u.Totals), spanText(u.First, u.Last))
	}
	if u.Reports > 0 && u.Uncounted > 0 {
		s += ", and "
	}
	if u.Uncounted > 0 {
		s += templates.Plural(int64(u.Uncounted), "report") + " that could not be verified"
	}
	return s + "."
}

// failedOf says how many of the delivery attempts failed.
func failedOf(u facts.Totals) string {
	switch {
	case u.Failed == 0:
		return "none of which failed"
	case u.Successful == 0:
		return "all of which failed"
	}
	return templates.Count(int64(u.Failed)) + " of which failed"
}
