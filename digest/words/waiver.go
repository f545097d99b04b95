package words

import (
	"fmt"

	"tlsbrief/digest/judge"
	"tlsbrief/templates"
)

// waivedLines names what is accepted, each on a line.
func waivedLines(j *judge.Judgement, most int) []string {
	var out []string
	n := 0
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Waived {
				if n++; n <= most {
					out = append(out, waivedLine(f, j.Several()))
				}
			}
		}
	}
	if n > most {
		out = append(out, fmt.Sprintf("and %d more", n-most))
	}
	return out
}

// waivedLine names one accepted finding, with until when and why.
func waivedLine(f *judge.Finding, several bool) string {
	title := findingTitle([]*judge.Finding{f})
	if several {
		title += " for " + domainWord(f.Domain)
	}
	return fmt.Sprintf("%s (%s, %s), %s: %s; accepted until %s: %s", title, typeName(f.Type), resultName(f.Result),
		sessions(f.Sessions, f.Bound), FateShort(f.Fate, f.Result), templates.LongDay(f.Waiver.Until), templates.Line(f.Waiver.Why))
}

// waiverEnded says that a finding was accepted, and until when.
func waiverEnded(f *judge.Finding) string {
	if f.ExpiredWaiver == nil {
		return ""
	}
	return fmt.Sprintf("It was accepted until %s (%s), and counts again.", templates.LongDay(f.ExpiredWaiver.Until), templates.Line(f.ExpiredWaiver.Why))
}
