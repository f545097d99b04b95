package judge

import (
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// maxProbed bounds how many domains a digest has probed.
const maxProbed = 20

// Apply fills in what was answered. It changes no verdict: that is the reports'.
func (j *Judgement) Apply(answers map[report.Probe]report.Answer) {
	j.Answers = answers
	for _, d := range j.Domains {
		for _, t := range d.Types {
			for _, f := range t.Findings {
				if a, ok := answers[f.probe()]; ok {
					f.Answer = a
				}
			}
		}
	}
}

// probe asks whether a finding is still so.
func (f *Finding) probe() report.Probe {
	return report.Probe{Domain: f.Domain, Type: f.Type, Result: f.Result, MX: f.MX}
}

// Probes returns those that the digest asks for, the worst domains first; none where
// the digest is not about now.
func (j *Judgement) Probes() []report.Probe {
	if !j.Facts.Current {
		return nil
	}
	var out []report.Probe
	domains := 0
	for _, d := range j.Domains {
		before := len(out)
		if j.probesSilence(d) {
			out = append(out, report.Probe{Domain: d.Name})
		}
		for _, t := range d.Types {
			for _, f := range t.Findings {
				if f.Result != "" && f.Result != tlsrpt.DANERequired && !f.Others() {
					out = append(out, f.probe())
				}
			}
		}
		if len(out) > before {
			domains++
		}
		if domains == maxProbed {
			break
		}
	}
	return out
}

// probesSilence reports whether the digest says that no reports come for a domain.
func (j *Judgement) probesSilence(d *Domain) bool {
	return d.Reports == 0 && !d.Uncounted && (d.Stopped || j.Verdict == VerdictSilent)
}

// CommonAnswer returns what probes found of a group, if they found the same of all.
func CommonAnswer(group []*Finding) report.AnswerState {
	for _, f := range group {
		if f.Answer.State != group[0].Answer.State {
			return ""
		}
	}
	return group[0].Answer.State
}
