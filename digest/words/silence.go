package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// leadSilent says that nothing came that counts, and what that means.
func (w renderer) leadSilent() []string {
	if w.o.Fallback && len(w.j.Domains) == 0 {
		return []string{leadFallback(w.j)}
	}
	if w.waits() {
		return leadWaiting(w.j)
	}
	names := w.j.Names()
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(w.j.Facts.Tally.Uncounted.Domains()))
	}
	about := "any domain"
	if len(names) > 0 {
		about = listNames(names, 5)
	}
	if n := len(w.j.Facts.Tally.Uncounted.Reports); n > 0 {
		return []string{unverifiedSentence(w.j, about, n)}
	}
	out := []string{silentSentence(w.j, about)}
	if k := len(w.j.Stopped); k > 0 {
		out = append(out, fmt.Sprintf("%s used to report on most days and no longer %s. That does not mean that all is well: nobody is telling you.",
			templates.Plural(int64(k), "sender"), verb(k, "does", "do")))
	} else {
		out = append(out, "That does not mean that all is well, only that nobody has told you. Domains that get little mail have days without a report.")
	}
	return append(out, silenceReasons(w.j)...)
}

// silentSentence says since when nothing came.
func silentSentence(j *judge.Judgement, about string) string {
	readable := ""
	if len(j.Facts.Rejected) > 0 {
		readable = " that could be read"
	}
	last := j.LastDay()
	switch {
	case j.Facts.ByDays:
		s := fmt.Sprintf("No report%s about %s has arrived for %s.", readable, spanText(j.First, j.Last), about)
		if last > 0 {
			s += fmt.Sprintf(" The last one before that is about %s.", templates.LongDay(last.Time()))
		}
		return s
	case last > 0:
		return fmt.Sprintf("No report%s about any day after %s has arrived for %s.%s", readable, templates.ShortDay(last.Time()), about, lastHeard(j, last))
	case j.Facts.LastRun.IsZero():
		return fmt.Sprintf("No report%s has arrived for %s so far.", readable, about)
	default:
		return fmt.Sprintf("No report%s has arrived for %s in the last %d days.", readable, about, facts.HistoryDays)
	}
}

// lastHeard names who reported on the last day that there are reports about.
func lastHeard(j *judge.Judgement, last facts.Day) string {
	var names []string
	for _, r := range j.Facts.ReporterDays {
		if facts.DayOf(r.Day) == last && r.Reporter != "" {
			names = append(names, hostWord(r.Reporter))
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return fmt.Sprintf(" The last %s from %s.", verb(len(names), "one came", "ones came"), listPhrases(names, 3))
}

// unverifiedSentence says that reports came and none of them counts, and what
// they claim.
func unverifiedSentence(j *judge.Judgement, about string, n int) string {
	s := fmt.Sprintf("None of the %s that came for %s could be verified, so nothing is known for sure.", templates.Plural(int64(n), "report"), about)
	if n == 1 {
		s = fmt.Sprintf("The one report that came for %s could not be verified, so nothing is known for sure.", about)
	}
	var claimed tlsrpt.Sessions
	for _, u := range j.Uncounted {
		claimed = claimed.Plus(u.Claimed.Failed)
	}
	if claimed > 0 {
		s += fmt.Sprintf(" %s %s, perhaps genuine: see \"Not counted\" below.", verb(n, "It claims", "They claim"), templates.Plural(int64(claimed), "failed session"))
	}
	if last := j.LastDay(); last > 0 {
		s += fmt.Sprintf(" The last report that counts is about %s.", templates.LongDay(last.Time()))
	}
	return s
}

// leadFallback says why there is a fallback digest without reports that count.
func leadFallback(j *judge.Judgement) string {
	var out []string
	if n := len(j.Facts.Rejected); n > 0 {
		out = append(out, fmt.Sprintf("%s looked like %s and could not be read; in the mailbox %s as %s.",
			templates.Plural(int64(n), "message"), verb(n, "a TLS report", "TLS reports"), verb(n, "it is", "they are"), verb(n, "it was", "they were")))
	}
	if n := len(j.Facts.Tally.Uncounted.Reports); n > 0 {
		out = append(out, fmt.Sprintf("%s for domains that no digest claims could not be verified.", templates.Plural(int64(n), "report")))
	}
	if len(out) == 0 {
		return "No report came for a domain that no digest claims."
	}
	return strings.Join(out, " ")
}

// firstSilent says where to look when nothing comes, or nothing that counts.
func (w renderer) firstSilent() []string {
	if len(w.j.Facts.Tally.Uncounted.Reports) > 0 {
		return firstUnverified(w.j)
	}
	if !w.looksForReports() {
		return nil
	}
	if w.waits() {
		return firstWaiting()
	}
	out, asked := silenceFixes(w.j)
	if !asked {
		out = append(out, fmt.Sprintf("See whether reports are still asked for: %s should answer with v=TLSRPTv1 and a rua= that leads to your mailbox.",
			verb(len(seeSilent(w.j)), "the command below", "each command below")))
	}
	return append(out,
		"Look into the Junk folder of that mailbox and at its filters: reports are mail from strangers with an attachment.",
		"See that the mailbox is not full and still takes mail from outside, and with tlsbrief verify that every folder may still be read.",
	)
}

// maxLookups is how many domains a digest gives a command for.
const maxLookups = 5

// seeSilent returns the look-ups of the domains that are silent.
func seeSilent(j *judge.Judgement) []string {
	var out []string
	for _, d := range j.Domains[:min(len(j.Domains), maxLookups)] {
		out = append(out, "dig +short TXT _smtp._tls."+hostName(d.Name, "YOUR-DOMAIN"))
	}
	if len(out) == 0 {
		return []string{"dig +short TXT _smtp._tls.YOUR-DOMAIN"}
	}
	return out
}

// firstUnverified says how reports come to be verified, by why they were not.
func firstUnverified(j *judge.Judgement) []string {
	var waiting, rewritten, bare bool
	for _, u := range j.Uncounted {
		switch {
		case u.Result == report.AuthUnknown:
			waiting = true
		case u.File:
			bare = true
		default:
			rewritten = true
		}
	}
	var out []string
	if rewritten {
		out = append(out, "Set trusted_authserv_id to the name of a mail server of yours that checks signatures on arrival: its word then stands in. "+
			"Signatures usually break because a mail system rewrites messages on their way in.")
	}
	if waiting {
		out = append(out, "Wait for the next poll where DNS did not answer: these signatures are then checked again.")
	}
	if bare {
		out = append(out, "Feed in the whole mails, not the attachments alone: a report file by itself bears no signature.")
	}
	if rewritten || bare {
		out = append(out, `If that cannot be, authenticity = "off" counts every report; anyone could then send you false ones.`)
	}
	return out
}
