package digest

import (
	"fmt"
	"slices"
	"strings"

	"tlsbrief/templates"
	"tlsbrief/tlsrpt"
)

// several tells whether the digest is about more than one domain.
func (j *judgement) several() bool { return len(j.Domains) > 1 }

// domains fills in the table, the blocks and the shared lines.
func (v *view) domains(j *judgement, b bounds) {
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
		block := domainView{Title: title(d.Verdict)}
		if several {
			block.Name = templates.Line(d.Name)
		}
		before := left
		for _, t := range d.Types {
			tv, hidden := newTypeView(t, &left, b.hosts)
			v.Hidden += hidden
			block.Types = append(block.Types, tv)
		}
		if before > 0 || !several {
			v.Domains = append(v.Domains, block)
		}
	}
	if names := shared[VerdictClear]; len(names) > 0 {
		v.Lines = append(v.Lines, "All clear: "+listNames(names, b.names)+".")
	}
	if names := shared[VerdictSilent]; len(names) > 0 {
		v.Lines = append(v.Lines, "No reports in this period: "+listNames(names, b.names)+".")
	}
	if v.Hidden > 0 {
		v.HowHidden = "tlsbrief digest --name " + shellWord(j.Name) + " --preview --format json" + dayFlags(j)
	}
}

// addRow adds a domain to the table.
func (v *view) addRow(i int, d *domainJudgement, most int) {
	if i >= most {
		v.TableMore++
		return
	}
	v.Table = append(v.Table, tableRow{
		Name: templates.Line(d.Name), Verdict: string(d.Verdict), Title: strings.ToLower(title(d.Verdict)),
		Sessions: int64(d.Overall.sessions()), Failed: int64(d.Overall.Failed),
		Share: templates.Percent(int64(d.Overall.Failed), int64(d.Overall.sessions())),
	})
}

// newTypeView puts one policy type into words. left is how many findings may
// still be shown.
func newTypeView(t *typeJudgement, left *int, hosts int) (tv typeView, hidden int) {
	tv = typeView{
		Label:      typeLabel(t.Type),
		Successful: int64(t.Successful), Failed: int64(t.Failed), Sessions: int64(t.sessions()),
		Share: templates.Percent(int64(t.Failed), int64(t.sessions())),
	}
	for _, g := range grouped(t.Findings) {
		if *left <= 0 {
			hidden++
			continue
		}
		*left--
		tv.Findings = append(tv.Findings, newFindingView(t, g, hosts))
	}
	return tv, hidden
}

// grouped joins findings that differ in nothing but the MX host: the same cause
// with the same advice is one block.
func grouped(findings []*finding) [][]*finding {
	type key struct {
		result tlsrpt.ResultType
		fate   tlsrpt.Fate
		mode   tlsrpt.Mode
		from   modeSource
		state  State
	}
	at := map[key]int{}
	var out [][]*finding
	for _, f := range findings {
		k := key{f.Result, f.Fate, f.Mode, f.ModeFrom, f.State}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], f)
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
				line := findingTitle(f.Result, []string{f.MX})
				if j.several() {
					line += " for " + templates.Line(d.Name)
				}
				v.Resolved = append(v.Resolved, fmt.Sprintf("%s (%s; %s)", line, typeName(f.Type), daySpan(f.First, f.Last)))
			}
		}
	}
	if n > most {
		v.Resolved = append(v.Resolved, fmt.Sprintf("and %d more", n-most))
	}
}

// days fills in the days covered and the picture of the last 14.
func (v *view) days(j *judgement) {
	covered := map[day]*coveredDay{}
	for _, d := range j.Domains {
		for _, c := range d.Days {
			sum := covered[c.Day]
			if sum == nil {
				sum = &coveredDay{Day: c.Day, Late: true}
				covered[c.Day] = sum
			}
			sum.add(c.Successful, c.Failed)
			sum.Late = sum.Late && c.Late
		}
	}
	if len(covered) > 1 {
		list := make([]*coveredDay, 0, len(covered))
		for _, c := range covered {
			list = append(list, c)
		}
		slices.SortFunc(list, func(a, b *coveredDay) int { return int(a.Day - b.Day) })
		for _, c := range list[max(0, len(list)-maxCovered):] {
			d := dayView{Day: c.Day.time(), Sessions: int64(c.sessions()), Failed: int64(c.Failed)}
			if c.Late {
				d.Note = "late"
			}
			v.Covered = append(v.Covered, d)
		}
	}
	v.picture(j)
}

// picture fills in the last 14 days, up to the last that is covered or that
// reports could be here for.
func (v *view) picture(j *judgement) {
	last := j.reachable()
	if !j.ByDays && j.Last > last {
		last = min(j.Last, dayOf(j.Now))
	}
	for d := last - pictureDays + 1; d <= last; d++ {
		t, ok := j.History.overall[d]
		v.Picture = append(v.Picture, dayView{
			Day: d.time(), Sessions: int64(t.sessions()), Failed: int64(t.Failed), None: !ok,
		})
		v.Most = max(v.Most, int64(t.sessions()))
	}
	for i := range v.Picture {
		p := &v.Picture[i]
		p.Percent = templates.Share(p.Sessions, v.Most)
		if p.None {
			p.Note = "no report"
		} else if p.Failed > 0 {
			p.Note = "<<<"
		}
	}
}

// reporters fills in who reported and who has stopped.
func (v *view) reporters(j *judgement, b bounds) {
	v.ReportersTitle = "Who reported"
	if len(j.Reporters) > 0 {
		v.ReportersTitle += " for " + daySpan(j.spanDays())
	}
	for i, r := range j.Reporters {
		if i < b.reporters {
			v.Reporters = append(v.Reporters, reporterView{reporterName(r.reporter), int64(r.Sessions)})
			continue
		}
		v.ReportersMore++
		v.ReportersCount = int64(tlsrpt.Sessions(v.ReportersCount).Plus(r.Sessions))
	}
	for i, s := range j.Stopped {
		if i == b.others {
			v.Stopped = append(v.Stopped, fmt.Sprintf("and %d more", len(j.Stopped)-i))
			break
		}
		v.Stopped = append(v.Stopped, fmt.Sprintf("%s (last for %s)", reporterName(s.reporter), templates.ShortDay(s.Last.time())))
	}
}

// uncounted fills in the reports that do not count, with what they claim.
func (v *view) uncounted(j *judgement, b bounds) {
	n := len(j.Tally.uncounted.reports)
	if n == 0 {
		return
	}
	v.UncountedTitle = templates.Plural(int64(n), "report") + " could not be verified and changed nothing above"
	for i, s := range j.Uncounted {
		if i == b.uncounted {
			v.UncountedMore = len(j.Uncounted) - i
			break
		}
		u := uncountedView{Line: uncountedLine(s)}
		for k, f := range s.failures() {
			if k == b.claims {
				u.More = len(s.causes) - k
				break
			}
			u.Claims = append(u.Claims, claimLine(f))
		}
		v.Uncounted = append(v.Uncounted, u)
	}
}
