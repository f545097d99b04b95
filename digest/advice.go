package digest

import (
	"fmt"

	"tlsbrief/templates"
)

// maxFirst is how many things to do first a digest names.
const maxFirst = 3

// maxNotes is how many notes a digest has at most.
const maxNotes = 10

// first says what to do first, each in a sentence that can be forwarded.
func (w words) first() []string {
	switch w.Verdict {
	case VerdictAction, VerdictAttention:
		return w.firstFailures()
	case VerdictSilent:
		return w.firstSilent()
	case VerdictBlind:
		return []string{"Run the command below: it tries every mailbox and says which step fails and how to mend it."}
	default:
		return nil
	}
}

// firstFailures names the first advice for each of the heaviest causes.
func (w words) firstFailures() []string {
	heaviest, _, _ := w.worst()
	var out []string
	for _, d := range w.Domains {
		for _, t := range d.Types {
			for _, group := range grouped(t.Findings) {
				f := group[0]
				if f.weight() < heaviest[0].weight() || f.Result == "" {
					continue
				}
				if len(out) == maxFirst {
					return out
				}
				if s := firstAdvice(f, group, w.several()); s != "" {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

// firstAdvice is the first thing to do about one finding.
func firstAdvice(f *finding, group []*finding, several bool) string {
	action := actionFor(f, group)
	if action == "" {
		return ""
	}
	s := findingTitle(f.Result, hostsOf(group))
	if several {
		s += " (" + templates.Line(f.Domain) + ")"
	}
	return s + ": " + lowerFirst(action)
}

// firstSilent says where to look when nothing comes.
func (w words) firstSilent() []string {
	if len(w.Domains) == 0 && w.Kind == kindFallback {
		return nil
	}
	if len(w.Tally.uncounted.reports) > 0 {
		return nil // reports do come; what to do stands with them
	}
	return []string{
		"See whether reports are still asked for: the command below should answer with v=TLSRPTv1 and a rua= that leads to your mailbox.",
		"Look into the Junk folder of that mailbox and at its filters: reports are mail from strangers with an attachment.",
	}
}

// see returns the commands that go with what to do first.
func (w words) see() []string {
	switch {
	case w.Verdict == VerdictBlind:
		return []string{"tlsbrief verify"}
	case w.Verdict == VerdictSilent && w.firstSilent() != nil:
		domain := ""
		if len(w.Domains) > 0 {
			domain = w.Domains[0].Name
		}
		return []string{"dig +short TXT _smtp._tls." + hostName(domain, "YOUR-DOMAIN")}
	}
	return nil
}

// notes names what bears on the verdict and is no part of it.
func (w words) notes() []string {
	var out []string
	if w.AuthenticityOff {
		out = append(out, `Signatures are not checked, because authenticity is "off" in the configuration: anyone could have sent what is counted here.`)
	}
	if n := len(w.Tally.uncounted.reports); n > 0 && len(w.Tally.reports) == 0 {
		out = append(out, "Reports that cannot be verified usually come through a mail system that rewrites messages on their way in, which breaks their signatures. "+
			"Two settings mend it: trusted_authserv_id names a server of yours that checked them on arrival; authenticity = \"off\" believes them all.")
	}
	if w.Verdict != VerdictBlind {
		for _, b := range w.Blind {
			out = append(out, blindSentence(b)+" Reports may be missing here.")
		}
	}
	if w.Kind == kindFallback && len(w.Domains) > 0 {
		names := make([]string, 0, len(w.Domains))
		for _, d := range w.Domains {
			names = append(names, d.Name)
		}
		out = append(out, fmt.Sprintf("No configured digest claims %s. To move a domain, add it to the domains of a digest.", listNames(names, 5)))
	}
	if n := len(w.Rejected); n > 0 && len(w.Domains) > 0 {
		out = append(out, templates.Plural(int64(n), "message")+" looked like reports and could not be read: see \"Not counted\" below.")
	}
	if !w.several() {
		return out
	}
	for _, d := range w.Domains {
		if d.Stopped && d.Reports == 0 {
			out = append(out, fmt.Sprintf("No reports for %s any more: they used to come on most days, the last is about %s.",
				templates.Line(d.Name), templates.ShortDay(d.LastDay.time())))
		}
		if len(out) == maxNotes {
			break
		}
	}
	return out
}

// footer says who wrote the digest and how to see more.
func (w words) footer() []string {
	name := "tlsbrief"
	if w.Version != "" {
		name += " " + templates.Line(w.Version)
	}
	at := w.Now
	if w.Location != nil {
		at = at.In(w.Location)
	}
	out := []string{fmt.Sprintf("%s read %s, %s. Digest: %s.", name,
		templates.Plural(int64(len(w.Tally.reports)+len(w.Tally.uncounted.reports)), "report"),
		at.Format("Monday 2 January 2006 15:04 MST"), templates.Line(w.Name))}
	if len(w.Domains) == 1 {
		out = append(out, "Details: tlsbrief export --domain "+shellWord(w.Domains[0].Name)+dayFlags(w.judgement))
	} else {
		out = append(out, "Details: tlsbrief export"+dayFlags(w.judgement))
	}
	return out
}

// dayFlags returns the flags for the days covered.
func dayFlags(j *judgement) string {
	return fmt.Sprintf(" --from %s --to %s", j.First, j.Last)
}
