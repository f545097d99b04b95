package words

import (
	"time"

	"tlsbrief/digest/judge"
	"tlsbrief/templates"
)

// A findingView is one cause as it is shown, at one or several MX hosts.
type findingView struct {
	Mark   string // "!" where mail was held, else "-"
	Weight string // action or attention
	Title  string
	Result string // as RFC 8460 spells it
	Count  string
	Fate   string // what became of the mail, in a few words
	State  string
	SeenBy string

	Hosts      []string // each with its sessions, where there are several
	Paragraphs []string
	Likely     []string
	Do         []string
	See        []string // commands
	Quotes     []string
}

// maxCovered is how many days covered are listed, the newest.
const maxCovered = 31

// bounds say how much of each kind a digest shows. What is left out is counted,
// and the program can show it.
type bounds struct {
	findings  int
	hosts     int // MX hosts of one finding
	reporters int
	names     int // domains on a shared line
	table     int // domains in the table
	uncounted int // senders of reports that do not count
	claims    int // failures that those claim
	others    int // rejected messages, reporters that stopped, what is resolved
}

// fullBounds are those of a digest whose names are of usual length.
func fullBounds() bounds {
	return bounds{findings: 30, hosts: 10, reporters: 12, names: 20, table: 50, uncounted: 8, claims: 20, others: 10}
}

// halved returns tighter bounds, at least one of each kind.
func (b bounds) halved() bounds {
	half := func(n int) int { return max(1, n/2) }
	return bounds{
		half(b.findings), half(b.hosts), half(b.reporters), half(b.names),
		half(b.table), half(b.uncounted), half(b.claims), half(b.others),
	}
}

// A View is what the templates get to see. Strings are cleaned and bounded
// already; counts are sessions unless the name says otherwise.
type View struct {
	// The subject: Prefix Who: Words - Numbers, Clause (When).
	Prefix, Who, Words, Numbers, Clause, When string

	Name    string   // of the digest
	Heading string   // the domain, or how many
	Period  string   // the days covered, in words
	Verdict string   // action, attention, clear, silent or blind
	Title   string   // the verdict in words
	Lead    []string // paragraphs, the first of which follows Title
	Urgent  []string // what must not wait
	First   []string // what to do first
	See     []string // commands that go with it
	Notes   []string // what bears on the verdict and is no part of it

	Table     []tableRow // several domains
	TableMore int
	Lines     []string // domains that share a line
	Domains   []domainView
	Hidden    int      // findings left out, of all domains
	HowHidden string   // how to see them
	Resolved  []string // what is not seen any more
	Accepted  []string // what is known and accepted

	Changes      []string // what had changed at the domains
	Checked      []string // what the domain check found
	CheckedTitle string

	Covered       []dayView   // more than one day, or late reports
	Picture       []dayView   // up to the last 14 days
	PictureTypes  []typeCount // the policy types in it, where there are several
	PictureColumn int         // how wide their columns are in the text, in characters
	PictureCell   int         // and what stands in them
	PictureNote   string      // why they are fewer
	Legend        []legendView
	Most          int64 // sessions of the busiest day of Picture

	Reporters      []reporterView
	ReportersMore  int // how many reporters are left out
	ReportersCount int64
	ReportersTitle string
	Stopped        []string

	Uncounted      []uncountedView
	UncountedTitle string
	UncountedMore  int // senders left out
	Claims         []string
	ClaimsMore     int
	ClaimsOther    string // what is not told apart
	Rejected       []string
	RejectedMore   int

	Footer []string
}

// A tableRow is one domain of several.
type tableRow struct {
	Name, Verdict, Title string
	Sessions, Failed     int64
	Share                string
}

// A domainView is one domain that is not clear, or the only one.
type domainView struct {
	Name  string // empty where it is the only one
	Title string
	Types []typeView
}

// A typeView is one policy type of one domain.
type typeView struct {
	Label            string
	Line             string // all that is to be said, where nothing failed
	Before           string // what was reported before
	Successful       int64
	Failed, Sessions int64
	Share            string
	About            []string // what it is, and what is to be known of the numbers
	Findings         []findingView
	Hidden           int // findings left out
}

// A dayView is one UTC day.
type dayView struct {
	Day              time.Time
	Sessions, Failed int64
	None             bool   // nothing was reported about this day alone
	Note             string // such as "late" or "no report"
	Mark             string // "!" where mail may have been held, "-" where it went through, "?" where the totals count no failure
	Held             bool
	Percent          int // of the busiest day, for a bar
	Good, Bad        int // the parts of it
	Types            []typeCount
}

// A typeCount is what one day has of one policy type, which may be counted under
// another as well (Q31).
type typeCount struct {
	Label, Class     string
	Sessions, Failed int64
	Percent          int // of the bar: the part of dayView.Good
}

// A legendView explains a mark.
type legendView struct{ Mark, Words, Colour string }

// A reporterView is one reporter.
type reporterView struct {
	Name     string
	Sessions int64
}

// An uncountedView is one sender whose reports do not count.
type uncountedView struct {
	Line string
}

// newView puts a judgement into words, within bounds.
func newView(j *judge.Judgement, o Options, b bounds) *View {
	v := &View{
		Name:    templates.Line(o.Name),
		Verdict: string(j.Verdict),
		Period:  periodLong(j),
	}
	w, told := renderer{j, o}, newDedup()
	v.Heading, v.Title = w.who(), w.headline()
	v.Lead, v.First, v.See, v.Notes = w.lead(), w.first(told), w.see(), w.notes()
	v.Urgent = w.urgent()
	told.policy = j.Verdict == judge.VerdictClear || j.Several()
	if worst := j.Worst(); worst != nil {
		told.once(fateSentence(worst.Findings)) // the lead says it
	}
	v.subject(w)
	v.domains(j, b, told)
	v.resolved(j, b.others)
	v.Accepted = waivedLines(j, b.others)
	v.checked(j, b.others)
	v.days(j)
	v.reporters(j, b)
	v.uncounted(j, b)
	for i, r := range j.Facts.Rejected {
		if i == b.others {
			v.RejectedMore = len(j.Facts.Rejected) - i
			break
		}
		v.Rejected = append(v.Rejected, rejectedLine(r))
	}
	v.Footer = w.footer()
	return v
}
