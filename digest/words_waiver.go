package digest

import (
	"fmt"

	"tlsbrief/templates"
)

// acceptedLines names what is accepted, each on a line.
func acceptedLines(j *judgement, most int) []string {
	var out []string
	n := 0
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Accepted {
				if n++; n <= most {
					out = append(out, acceptedLine(f, j.several()))
				}
			}
		}
	}
	if n > most {
		out = append(out, fmt.Sprintf("and %d more", n-most))
	}
	return out
}

// acceptedLine names one accepted finding, with until when and why.
func acceptedLine(f *finding, several bool) string {
	title := findingTitle([]*finding{f})
	if several {
		title += " for " + domainWord(f.Domain)
	}
	return fmt.Sprintf("%s (%s, %s), %s: %s; accepted until %s: %s", title, typeName(f.Type), resultName(f.Result),
		sessions(f.Sessions, f.UpTo), f.Fate.ShortFor(f.Result), templates.LongDay(f.Accepted.Until), templates.Line(f.Accepted.Why))
}

// waiverEnded says that a finding was accepted, and until when.
func waiverEnded(f *finding) string {
	if f.RanOut == nil {
		return ""
	}
	return fmt.Sprintf("It was accepted until %s (%s), and counts again.", templates.LongDay(f.RanOut.Until), templates.Line(f.RanOut.Why))
}
