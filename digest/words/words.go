// Package words puts a judgement into sentences: every English one of a digest but
// those of result types stands here, and the view that templates get.
//
// # Trust
//
// Strings of reports are a stranger's. They are cleaned, cut and, where they could
// pass for ours, quoted; only a plain host name becomes part of a command.
package words

import (
	"fmt"
	"time"

	"tlsbrief/digest/judge"
	"tlsbrief/templates"
)

// waits reports whether nothing came only because a poll has not got to it yet.
func (w renderer) waits() bool {
	return w.j.Verdict == judge.VerdictSilent && !w.j.Facts.Overrun.IsZero() && w.looksForReports()
}

// Rendered is a digest as it would be sent, with the facts behind its words.
type Rendered struct {
	Subject string
	Text    string // lines end in LF
	HTML    string
	Summary Summary
}

// maxHTML is how large the HTML may grow: Gmail shows no more than 102 kB.
const maxHTML = 95 << 10

// Render fills the templates in. Where the HTML would grow too large, fewer
// findings are shown, and how many are left out is said.
func Render(set *templates.Set, j *judge.Judgement, o Options) (*Rendered, error) {
	r := &Rendered{Summary: summarize(j, o.Name)}
	for b, tries := fullBounds(), 0; ; b, tries = b.halved(), tries+1 {
		v := newView(j, o, b)
		var err error
		if r.Subject, err = renderSubject(set, v); err != nil {
			return nil, err
		}
		if r.Text, err = set.Render(templates.Text, v); err != nil {
			return nil, err
		}
		if r.HTML, err = set.Render(templates.HTML, v); err != nil {
			return nil, err
		}
		if len(r.HTML) <= maxHTML || tries == 5 {
			return r, nil
		}
	}
}

// looksForReports reports whether the thing to do is to look where reports are.
func (w renderer) looksForReports() bool {
	return len(w.j.Facts.Tally.Uncounted.Reports) == 0 && (len(w.j.Domains) > 0 || !w.o.Fallback)
}

// Options are what a digest says of itself.
type Options struct {
	Name            string
	Prefix          string         // of the subject
	Asked           []string       // the domains that it was asked for by name or pattern
	All             bool           // it is of everything
	Fallback        bool           // it is of what no configured digest claims
	Location        *time.Location // of the times shown; nil: that of the times
	AuthenticityOff bool
	Version         string // of the program; may be empty
}

// renderer puts the top of a digest into sentences: the verdict, what to do first,
// and what bears on it.
type renderer struct {
	j *judge.Judgement
	o Options
}

// who names what the digest is about.
func (w renderer) who() string {
	switch len(w.j.Domains) {
	case 0:
		if len(w.o.Asked) == 1 {
			return domainWord(w.o.Asked[0])
		}
		if w.o.All {
			return "all domains"
		}
		return templates.Line(w.o.Name)
	case 1:
		return domainWord(w.j.Domains[0].Name)
	default:
		return templates.Plural(int64(len(w.j.Domains)), "domain")
	}
}

// headline is the verdict in a word or two. A verdict for all domains does not
// hide that some of them were not reported on, or that no mail came at all.
func (w renderer) headline() string {
	silent := len(silentDomains(w.j))
	switch {
	case w.j.Verdict == judge.VerdictSilent && len(w.j.Facts.Tally.Uncounted.Reports) > 0:
		return "NO VERIFIED REPORTS"
	case w.waits():
		return "MAIL IS WAITING"
	case w.j.Verdict != judge.VerdictClear:
		return title(w.j.Verdict)
	case w.j.Overall.Sessions() == 0:
		return "NO MAIL REPORTED"
	case silent > 0:
		return fmt.Sprintf("%s ALL CLEAR, %s WITHOUT REPORTS", templates.Count(int64(len(w.j.Domains)-silent)), templates.Count(int64(silent)))
	}
	return title(w.j.Verdict)
}

// lead is the verdict in sentences.
func (w renderer) lead() []string {
	switch w.j.Verdict {
	case judge.VerdictAction, judge.VerdictAttention:
		return leadFailures(w.j)
	case judge.VerdictClear:
		return leadClear(w.j)
	case judge.VerdictSilent:
		return w.leadSilent()
	default:
		return leadBlind(w.j)
	}
}
