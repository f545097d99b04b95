package words

import (
	"fmt"
	"strings"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// maxPolicyNames is how many domains are named whose policy can be enforced, and
// how many for which it is too early.
const maxPolicyNames = 10

// domains fills in the table, the blocks and the shared lines.
func (v *View) domains(j *judge.Judgement, b bounds, told *dedup) {
	left := b.findings
	several := j.Several()
	shared := map[judge.Verdict][]string{}
	for i, d := range j.Domains {
		if several {
			v.addRow(i, d, b.table)
		}
		if several && (d.Verdict == judge.VerdictClear || d.Verdict == judge.VerdictSilent) {
			shared[d.Verdict] = append(shared[d.Verdict], d.Name)
			continue
		}
		if len(d.Types) == 0 {
			continue
		}
		block := domainView{Title: domainTitle(d)}
		if several {
			block.Name = domainWord(d.Name)
		}
		before := left
		for _, t := range d.Types {
			tv := newTypeView(d, t, &left, b.hosts, told)
			v.Hidden += tv.Hidden
			block.Types = append(block.Types, tv)
		}
		if before > 0 || !several {
			v.Domains = append(v.Domains, block)
		}
	}
	// The table has them all, unless it was cut.
	if names := shared[judge.VerdictClear]; len(names) > 0 && v.TableMore > 0 {
		v.Lines = append(v.Lines, "All clear: "+listNames(names, b.names)+".")
	}
	if names := shared[judge.VerdictSilent]; len(names) > 0 && v.TableMore > 0 {
		v.Lines = append(v.Lines, "No reports in this period: "+listNames(names, b.names)+".")
	}
	if several {
		v.Lines = append(v.Lines, policyLines(j, min(b.names, maxPolicyNames))...)
	}
	if v.Hidden > 0 || v.TableMore > 0 {
		v.HowHidden = exportCommand(j)
	}
}

// addRow adds a domain to the table.
func (v *View) addRow(i int, d *judge.Domain, most int) {
	if i >= most {
		v.TableMore++
		return
	}
	v.Table = append(v.Table, tableRow{
		Name: domainWord(d.Name), Verdict: string(d.Verdict), Title: strings.ToLower(domainTitle(d)),
		Sessions: int64(d.Overall.Sessions()), Failed: int64(d.Overall.Failed),
		Share: templates.Percent(int64(d.Overall.Failed), int64(d.Overall.Sessions())),
	})
}

// newTypeView puts one policy type into words. left is how many findings may
// still be shown.
func newTypeView(d *judge.Domain, t *judge.Policy, left *int, hosts int, told *dedup) typeView {
	tv := typeView{
		Label:      typeLabel(t.Type),
		Successful: int64(t.Successful), Failed: int64(t.Failed), Sessions: int64(t.Sessions()),
		Share:  templates.Percent(int64(t.Failed), int64(t.Sessions())),
		Before: upperFirst(beforeWords(t.Before)),
	}
	if t.Failed == 0 && len(t.Findings) == 0 {
		tv.Line = cleanLine(t)
		tv.About = numbersOf(d, t, told)
		return tv
	}
	tv.About = aboutType(d, t, told)
	for _, g := range t.Groups {
		if *left <= 0 {
			tv.Hidden++
			continue
		}
		*left--
		tv.Findings = append(tv.Findings, newFindingView(g, hosts, told))
	}
	return tv
}

// cleanLine is all that is to be said of a policy type without a failure.
func cleanLine(t *judge.Policy) string {
	s := typeLabel(t.Type) + ": " + templates.Plural(int64(t.Sessions()), "session")
	if t.Sessions() > 0 {
		s += ", none failed"
	}
	if b := beforeWords(t.Before); b != "" {
		s += "; " + b
	}
	return s + "."
}

// aboutType says what a policy type is, once in a digest, and what is to be known
// of its numbers.
func aboutType(d *judge.Domain, t *judge.Policy, told *dedup) []string {
	var out []string
	if s := told.once(PolicyExplanation(t.Type)); s != "" {
		out = append(out, s)
	}
	return append(out, numbersOf(d, t, told)...)
}

// numbersOf says what is to be known of the numbers of a policy type.
func numbersOf(d *judge.Domain, t *judge.Policy, told *dedup) []string {
	var out []string
	if s := modeSentence(d.Disagree); t.Type == tlsrpt.STS && s != "" {
		out = append(out, s)
	}
	if t.Type == tlsrpt.STS && !told.policy {
		out = append(out, policySentences(d)...)
	}
	if len(t.Overlap) > 0 {
		var n tlsrpt.Sessions
		for _, r := range t.Overlap {
			n = n.Plus(r.Sessions)
		}
		out = append(out, fmt.Sprintf("%s %s the same %s under MTA-STS and DANE; the total has them once.",
			reporterNames(t.Overlap), verb(len(t.Overlap), "counts", "count"), templates.Plural(int64(n), "session")))
	}
	if t.Overlapping() {
		out = append(out, "One session may count under several of these findings.")
	}
	return out
}

// resolved fills in what is not seen any more, over all domains.
func (v *View) resolved(j *judge.Judgement, most int) {
	n := 0
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Resolved {
				if n++; n > most {
					continue
				}
				line := findingTitle([]*judge.Finding{f})
				if j.Several() {
					line += " for " + domainWord(d.Name)
				}
				v.Resolved = append(v.Resolved, fmt.Sprintf("%s (%s; %s)", line, typeName(f.Type), spanText(f.First, f.Last)))
			}
		}
	}
	if n > most {
		v.Resolved = append(v.Resolved, fmt.Sprintf("and %d more", n-most))
	}
}

// reporters fills in who reported and who has stopped.
func (v *View) reporters(j *judge.Judgement, b bounds) {
	v.ReportersTitle = "Who reported"
	first, last := j.SpanDays()
	if len(j.Reporters) > 0 {
		v.ReportersTitle += " for " + spanText(first, last)
	}
	for i, r := range j.Reporters {
		if i < b.reporters {
			v.Reporters = append(v.Reporters, reporterView{reporterName(r.Reporter) + otherDays(r, j.LateDays()), int64(r.Sessions)})
			continue
		}
		v.ReportersMore++
		v.ReportersCount = int64(tlsrpt.Sessions(v.ReportersCount).Plus(r.Sessions))
	}
	if len(j.LateDays()) > 0 {
		v.ReportersTitle += " and late days"
	}
	for i, s := range j.Stopped {
		if i == b.others {
			v.Stopped = append(v.Stopped, fmt.Sprintf("and %d more", len(j.Stopped)-i))
			break
		}
		v.Stopped = append(v.Stopped, fmt.Sprintf("%s (last for %s)", reporterName(s.Reporter), templates.ShortDay(s.Last.Time())))
	}
}

// otherDays says in brackets which of a reporter's sessions are of late days.
func otherDays(r *facts.ReporterTally, late map[facts.Day]bool) string {
	var n tlsrpt.Sessions
	var days []string
	for _, d := range r.ByDay.Days() {
		if late[d] {
			n = n.Plus(r.ByDay[d])
			days = append(days, templates.ShortDay(d.Time()))
		}
	}
	switch {
	case len(days) == 0:
		return ""
	case len(days) == len(r.ByDay):
		return " (for " + listPhrases(days, 3) + ")"
	default:
		return fmt.Sprintf(" (%s of them for %s)", templates.Count(int64(n)), listPhrases(days, 3))
	}
}

// modeSentence says that reports quote different modes, and which; nothing where
// they agree.
func modeSentence(t *facts.ModeTally) string {
	if t == nil {
		return ""
	}
	var parts []string
	for _, m := range facts.ModesByWeight() {
		if quoting := t.Quoted[m]; len(quoting) > 0 {
			names := sortedNames(quoting)
			parts = append(parts, strings.Join(names, ", ")+" "+verb(len(names), "says", "say")+" "+string(m))
		}
	}
	return "Reports disagree about the mode of your policy on " + templates.ShortDay(t.On.Time()) + ": " + strings.Join(parts, "; ") +
		". Where a report does not say, the strictest is assumed."
}
