package words

import (
	"fmt"
	"slices"
	"strings"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// days fills in the days covered and the picture of the last 14.
func (v *View) days(j *judge.Judgement) {
	covered := map[facts.Day]*judge.CoveredDay{}
	for _, d := range j.Domains {
		for _, c := range d.Days {
			sum := covered[c.Day]
			if sum == nil {
				sum = &judge.CoveredDay{Day: c.Day, Late: true}
				covered[c.Day] = sum
			}
			sum.Add(c.Successful, c.Failed)
			sum.Late = sum.Late && c.Late
			sum.Until = max(sum.Until, c.Until)
		}
	}
	if len(covered) > 1 {
		list := make([]*judge.CoveredDay, 0, len(covered))
		for _, c := range covered {
			list = append(list, c)
		}
		slices.SortFunc(list, func(a, b *judge.CoveredDay) int { return int(a.Day - b.Day) })
		for _, c := range list[max(0, len(list)-maxCovered):] {
			v.Covered = append(v.Covered, dayView{Day: c.Day.Time(), Sessions: int64(c.Sessions()), Failed: int64(c.Failed), Note: dayNote(c)})
		}
	}
	v.picture(j)
}

// dayNote says what is particular about a day covered.
func dayNote(c *judge.CoveredDay) string {
	var notes []string
	if c.Until > c.Day {
		notes = append(notes, fmt.Sprintf("%d days", c.Until-c.Day+1))
	}
	if c.Late {
		notes = append(notes, "late")
	}
	return strings.Join(notes, ", ")
}

// The marks of days with failures, as of findings.
const (
	markHeld    = "!"
	markThrough = "-"
	markDenied  = "?"
)

// textColumns is what the text part has left beside day and bar.
const textColumns = templates.Width - 27

// picture fills in the last 14 days, up to the last that is covered or that
// reports could be here for. The days before the first report ever are left out.
func (v *View) picture(j *judge.Judgement) {
	first, last := j.Facts.PictureDays()
	begin := first
	for begin <= last && !isKnown(j, begin) {
		begin++
	}
	for d := range j.History.Overall {
		if d < first {
			begin = first // days without a report between others
			break
		}
	}
	switch {
	case begin > last:
		v.PictureNote = "No report is recorded about any of these days, nor about one before."
	case begin > first:
		v.PictureNote = "No report is recorded about any day before."
	}
	for d := begin; d <= last; d++ {
		p := pictureDay(j, d)
		v.Picture = append(v.Picture, p)
		v.Most = max(v.Most, p.Sessions)
	}
	types := pictureTypes(j, begin, last)
	for _, t := range types {
		v.PictureTypes = append(v.PictureTypes, typeCount{Label: pictureLabel(t), Class: pictureClass(t)})
	}
	v.PictureColumn = min(13, textColumns/(len(types)+1))
	v.PictureCell = v.PictureColumn - 1
	for i := range v.Picture {
		p := &v.Picture[i]
		p.Percent, p.Bad = templates.Share(p.Sessions, v.Most), templates.Share(p.Failed, v.Most)
		p.Good = p.Percent - min(p.Bad, p.Percent)
		p.typeCounts(j, types)
	}
	v.legend()
}

// pictureTypes returns the policy types with sessions in the picture, in order,
// where there are several.
func pictureTypes(j *judge.Judgement, first, last facts.Day) []tlsrpt.PolicyType {
	var out []tlsrpt.PolicyType
	for _, t := range []tlsrpt.PolicyType{tlsrpt.STS, tlsrpt.TLSA, tlsrpt.NoPolicyFound, ""} {
		for d := first; d <= last; d++ {
			if sum := j.History.Types[t][d]; sum.Sessions() > 0 {
				out = append(out, t)
				break
			}
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// pictureLabel names a policy type above its column.
func pictureLabel(t tlsrpt.PolicyType) string {
	switch t {
	case tlsrpt.NoPolicyFound:
		return "no policy"
	case "":
		return "other"
	}
	return typeName(t)
}

// typeCounts fills in what a day has of each policy type. The good part of its bar
// is divided as their sessions that did not fail are.
func (p *dayView) typeCounts(j *judge.Judgement, types []tlsrpt.PolicyType) {
	var sum, drawn int64
	on := facts.DayOf(p.Day)
	for _, t := range types {
		n := j.History.Types[t][on]
		sum = int64(tlsrpt.Sessions(sum).Plus(n.Successful))
		p.Types = append(p.Types, typeCount{Label: pictureLabel(t), Class: pictureClass(t), Sessions: int64(n.Sessions()), Failed: int64(n.Failed)})
	}
	part := int64(0)
	for i, t := range types {
		part = int64(tlsrpt.Sessions(part).Plus(j.History.Types[t][on].Successful))
		upTo := int64(float64(part) / float64(max(sum, 1)) * float64(p.Good))
		p.Types[i].Percent = int(upTo - drawn)
		drawn = upTo
	}
}

// pictureClass names the colour of a policy type.
func pictureClass(t tlsrpt.PolicyType) string {
	switch t {
	case tlsrpt.STS:
		return "sts"
	case tlsrpt.TLSA:
		return "tlsa"
	case tlsrpt.NoPolicyFound:
		return "nopolicy"
	}
	return "other"
}

// isKnown reports whether a report is about a day, be it with others.
func isKnown(j *judge.Judgement, d facts.Day) bool {
	_, reported := j.History.Overall[d]
	_, among := j.Facts.SpanAt(d)
	return reported || among
}

// pictureDay returns one day of the picture.
func pictureDay(j *judge.Judgement, d facts.Day) dayView {
	t, reported := j.History.Overall[d]
	s, among := j.Facts.SpanAt(d)
	p := dayView{Day: d.Time(), Sessions: int64(t.Sessions()), Failed: int64(t.Failed)}
	switch {
	case !reported && among:
		p.None, p.Note = true, "covered by a report for "+spanText(s.First, s.Last)
	case !reported:
		p.None, p.Note = true, "no report"
	case t.Failed > 0 && j.HeldDays[d]:
		p.Mark, p.Held = markHeld, true
	case t.Failed > 0:
		p.Mark = markThrough
	case j.History.Contradicted[d]:
		p.Mark = markDenied
	}
	if reported && among && s.First == d {
		p.Note = fmt.Sprintf("%d days", s.Last-s.First+1)
	}
	return p
}

// legend explains the marks that are used.
func (v *View) legend() {
	for _, l := range []legendView{
		{markHeld, "mail may have been held", "red"},
		{markThrough, "a TLS problem by which mail goes through as a rule", "yellow"},
		{markDenied, "failures in the details that the totals do not count", ""},
		{"days", "sessions of a report for several days, shown on its first", ""},
	} {
		used := func(d dayView) bool { return d.Mark == l.Mark || l.Mark == "days" && !d.None && d.Note != "" }
		if slices.ContainsFunc(v.Picture, used) {
			v.Legend = append(v.Legend, l)
		}
	}
}
