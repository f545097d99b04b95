package digest

import (
	"fmt"
	"strings"

	wording "tlsbrief/digest/words"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// several reports whether the digest is about more than one domain.
func (j *judgement) several() bool { return len(j.Domains) > 1 }

// maxPolicyNames is how many domains are named whose policy can be enforced, and
// how many for which it is too early.
const maxPolicyNames = 10

// domains fills in the table, the blocks and the shared lines.
func (v *view) domains(j *judgement, b bounds, told *told) {
	left := b.findings
	several := j.several()
	shared := map[Verdict][]string{}
	for i, d := range j.Domains {
		if several {
			v.addRow(i, d, b.table)
		}
		if several && (d.Verdict == VerdictClear || d.Verdict == VerdictSilent) {
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
	if names := shared[VerdictClear]; len(names) > 0 && v.TableMore > 0 {
		v.Lines = append(v.Lines, "All clear: "+listNames(names, b.names)+".")
	}
	if names := shared[VerdictSilent]; len(names) > 0 && v.TableMore > 0 {
		v.Lines = append(v.Lines, "No reports in this period: "+listNames(names, b.names)+".")
	}
	if several {
		v.Lines = append(v.Lines, j.policyLines(min(b.names, maxPolicyNames))...)
	}
	if v.Hidden > 0 || v.TableMore > 0 {
		v.HowHidden = exportCommand(j)
	}
}

// addRow adds a domain to the table.
func (v *view) addRow(i int, d *domainJudgement, most int) {
	if i >= most {
		v.TableMore++
		return
	}
	v.Table = append(v.Table, tableRow{
		Name: domainWord(d.Name), Verdict: string(d.Verdict), Title: strings.ToLower(domainTitle(d)),
		Sessions: int64(d.Overall.sessions()), Failed: int64(d.Overall.Failed),
		Share: templates.Percent(int64(d.Overall.Failed), int64(d.Overall.sessions())),
	})
}

// newTypeView puts one policy type into words. left is how many findings may
// still be shown.
func newTypeView(d *domainJudgement, t *typeJudgement, left *int, hosts int, told *told) typeView {
	tv := typeView{
		Label:      typeLabel(t.Type),
		Successful: int64(t.Successful), Failed: int64(t.Failed), Sessions: int64(t.sessions()),
		Share:  templates.Percent(int64(t.Failed), int64(t.sessions())),
		Before: upperFirst(t.Before.words()),
	}
	if t.Failed == 0 && len(t.Findings) == 0 {
		tv.Line = cleanLine(t)
		tv.About = numbersOf(d, t, told)
		return tv
	}
	tv.About = aboutType(d, t, told)
	for _, g := range grouped(t.Findings) {
		if *left <= 0 {
			tv.Hidden++
			continue
		}
		*left--
		tv.Findings = append(tv.Findings, newFindingView(t, g, hosts, told))
	}
	return tv
}

// cleanLine is all that is to be said of a policy type without a failure.
func cleanLine(t *typeJudgement) string {
	s := typeLabel(t.Type) + ": " + templates.Plural(int64(t.sessions()), "session")
	if t.sessions() > 0 {
		s += ", none failed"
	}
	if b := t.Before.words(); b != "" {
		s += "; " + b
	}
	return s + "."
}

// aboutType says what a policy type is, once in a digest, and what is to be known
// of its numbers.
func aboutType(d *domainJudgement, t *typeJudgement, told *told) []string {
	var out []string
	if s := told.once(wording.PolicyExplanation(t.Type)); s != "" {
		out = append(out, s)
	}
	return append(out, numbersOf(d, t, told)...)
}

// numbersOf says what is to be known of the numbers of a policy type.
func numbersOf(d *domainJudgement, t *typeJudgement, told *told) []string {
	var out []string
	if t.Type == tlsrpt.STS && d.Disagree != "" {
		out = append(out, d.Disagree)
	}
	if t.Type == tlsrpt.STS && !told.policy {
		out = append(out, d.policySentences()...)
	}
	if len(t.Overlap) > 0 {
		var n tlsrpt.Sessions
		for _, r := range t.Overlap {
			n = n.Plus(r.Sessions)
		}
		out = append(out, fmt.Sprintf("%s %s the same %s under MTA-STS and DANE; the total has them once.",
			reporterNames(t.Overlap), verb(len(t.Overlap), "counts", "count"), templates.Plural(int64(n), "session")))
	}
	if overlapping(t) {
		out = append(out, "One session may count under several of these findings.")
	}
	return out
}

// resolved fills in what is not seen any more, over all domains.
func (v *view) resolved(j *judgement, most int) {
	n := 0
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Resolved {
				if n++; n > most {
					continue
				}
				line := findingTitle([]*finding{f})
				if j.several() {
					line += " for " + domainWord(d.Name)
				}
				v.Resolved = append(v.Resolved, fmt.Sprintf("%s (%s; %s)", line, typeName(f.Type), daySpan(f.First, f.Last)))
			}
		}
	}
	if n > most {
		v.Resolved = append(v.Resolved, fmt.Sprintf("and %d more", n-most))
	}
}

// reporters fills in who reported and who has stopped.
func (v *view) reporters(j *judgement, b bounds) {
	v.ReportersTitle = "Who reported"
	first, last := j.spanDays()
	if len(j.Reporters) > 0 {
		v.ReportersTitle += " for " + daySpan(first, last)
	}
	for i, r := range j.Reporters {
		if i < b.reporters {
			v.Reporters = append(v.Reporters, reporterView{reporterName(r.reporter) + otherDays(r, j.lateDays()), int64(r.Sessions)})
			continue
		}
		v.ReportersMore++
		v.ReportersCount = int64(tlsrpt.Sessions(v.ReportersCount).Plus(r.Sessions))
	}
	if len(j.lateDays()) > 0 {
		v.ReportersTitle += " and late days"
	}
	for i, s := range j.Stopped {
		if i == b.others {
			v.Stopped = append(v.Stopped, fmt.Sprintf("and %d more", len(j.Stopped)-i))
			break
		}
		v.Stopped = append(v.Stopped, fmt.Sprintf("%s (last for %s)", reporterName(s.reporter), templates.ShortDay(s.Last.time())))
	}
}

// otherDays says in brackets which of a reporter's sessions are of late days.
func otherDays(r *reporterTally, late map[day]bool) string {
	var n tlsrpt.Sessions
	var days []string
	for _, d := range r.byDay.days() {
		if late[d] {
			n = n.Plus(r.byDay[d])
			days = append(days, templates.ShortDay(d.time()))
		}
	}
	switch {
	case len(days) == 0:
		return ""
	case len(days) == len(r.byDay):
		return " (for " + listPhrases(days, 3) + ")"
	default:
		return fmt.Sprintf(" (%s of them for %s)", templates.Count(int64(n)), listPhrases(days, 3))
	}
}
