package digest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// What the domain check writes down by these codes has a place of its own
// (docs/check.md). All that it writes down is printable, and bounded, when it is
// kept: to cut it to a line again would lose what a record was before.
const (
	codeRecordGone = "tlsrpt-gone"
	codeRecordNew  = "tlsrpt-new"
	codeHeld       = "mta-sts-urgent"
	codeNotOurs    = "tlsrpt-rua-not-ours"
	codeNoMail     = "tlsrpt-rua-no-mail"
)

// goneFor is how long it is told, where reports have stopped, that the record
// which asked for them has gone.
const goneFor = 60 * 24 * time.Hour

// foundFor is how long what the domain check found is told: where the worker checks
// no more, nobody knows whether it is still so.
const foundFor = 7 * 24 * time.Hour

// readChecks reads what the last domain check found, and what had changed since
// the digest before.
func (d *Digester) readChecks(ctx context.Context, m *material, names []string, sel selection) (err error) {
	if m.Checks, err = d.o.DB.DomainChecks(ctx, names); err != nil || !m.Current {
		return err
	}
	maps.DeleteFunc(m.Checks, func(_ string, c report.DomainCheck) bool { return sel.now.Sub(c.At) > foundFor })
	f := report.ChangeFilter{Domains: names, NewsAfter: sel.newsAfter, NewsUpTo: m.Watermark}
	if !sel.untold.Since.IsZero() {
		f.NewsAfter = sel.untold.ChangesAfter
	}
	if sel.byDays {
		f = report.ChangeFilter{Domains: names, From: sel.from.time(), To: (sel.to + 1).time()}
	}
	// A zero bound would be none.
	if sel.byDays || m.Watermark > f.NewsAfter {
		if m.Changes, err = d.o.DB.DomainChanges(ctx, f); err != nil {
			return err
		}
	}
	gone, err := d.o.DB.DomainChanges(ctx, report.ChangeFilter{Domains: names, From: sel.now.Add(-goneFor)})
	m.Gone = map[string]report.DomainChange{}
	for _, c := range gone { // the oldest first
		switch c.Code {
		case codeRecordGone:
			m.Gone[c.Domain] = c
		case codeRecordNew:
			delete(m.Gone, c.Domain)
		}
	}
	return err
}

// maxUrgent is how many domains are named in an escalation.
const maxUrgent = 3

// urgent says what stands above all else: mail that a policy of one's own keeps
// out, and reports that nobody reads.
func (w words) urgent() []string {
	var held, unread, out []string
	for _, d := range w.Domains {
		if d.heldByPolicy() {
			held = append(held, d.Name)
		}
		if s := w.nobodyReads(d); s != "" {
			unread = append(unread, s)
		}
	}
	if len(held) > 0 {
		believed := "verified reports"
		if w.AuthenticityOff {
			believed = "reports"
		}
		name := "DOMAIN" // of each
		if len(held) == 1 {
			name = hostName(held[0], "YOUR-DOMAIN")
		}
		out = append(out, fmt.Sprintf("The MTA-STS %s of %s %s in enforce mode, and %[6]s tell of failures under %[4]s: senders keep mail back. "+
			"If the cause cannot be mended today, let the mail through meanwhile: write \"mode: testing\" into https://mta-sts.%[5]s/.well-known/mta-sts.txt "+
			"and change the id in the TXT record at _mta-sts.%[5]s. Set it back to enforce afterwards.",
			verb(len(held), "policy", "policies"), listNames(held, maxUrgent), verb(len(held), "is", "are"), verb(len(held), "it", "them"), name, believed))
	}
	n := len(unread)
	out = append(out, unread[:min(n, maxUrgent)]...)
	if n > maxUrgent {
		out = append(out, fmt.Sprintf("The same holds for %s: tlsbrief check shows all.", templates.Plural(int64(n-maxUrgent), "more domain")))
	}
	return out
}

// heldByPolicy reports whether mail is kept out by the domain's MTA-STS policy.
func (d *domainJudgement) heldByPolicy() bool {
	return slices.ContainsFunc(d.Types, func(t *typeJudgement) bool {
		return t.Type == tlsrpt.STS && slices.ContainsFunc(t.Findings, func(f *finding) bool {
			return f.weight() >= tlsrpt.Action && f.Mode == tlsrpt.ModeEnforce && !f.Denied
		})
	})
}

// nobodyReads says that reports on a domain go where nobody looks; nothing where
// some arrived all the same, as by an alias that the check does not know of.
func (w words) nobodyReads(d *domainJudgement) string {
	if d.Reports > 0 || d.Uncounted || !w.Current {
		return ""
	}
	c := w.Checks[d.Name]
	for _, f := range c.Findings {
		if f.Code == codeNotOurs || f.Code == codeNoMail {
			return fmt.Sprintf("%s (domain check of %s): %s %s",
				domainWord(d.Name), templates.ShortDay(dayOf(c.At).time()), f.Message, f.Fix)
		}
	}
	return ""
}

// checked fills in what the domain check found and what had changed since the
// digest before, but for what stands further up already.
func (v *view) checked(j *judgement, most int) {
	if !j.Current {
		return
	}
	where := func(name string) string {
		if j.several() {
			return domainWord(name) + ": "
		}
		return ""
	}
	for _, c := range j.Changes {
		words := c.Message
		if c.Code == codeRecordGone {
			words = untilThen(c.Message) // as silenceReason has it
		}
		if v.tells(j, c.Domain, words) {
			continue
		}
		line := fmt.Sprintf("%s%s: %s", where(c.Domain), templates.ShortDay(dayOf(c.At).time()), c.Message)
		if c.Fix != "" {
			line += " " + c.Fix
		}
		v.Changes = append(v.Changes, line)
	}
	if n := len(v.Changes) - most; n > 0 {
		v.Changes = append(v.Changes[:most], fmt.Sprintf("and %s", templates.Plural(int64(n), "more change")))
	}
	var last time.Time
	for _, severity := range []string{"error", "warning"} {
		for _, d := range j.Domains {
			c := j.Checks[d.Name]
			for _, f := range c.Findings {
				if f.Severity != severity || f.Code == codeHeld && d.heldByPolicy() || v.tells(j, d.Name, f.Message) {
					continue
				}
				if c.At.After(last) {
					last = c.At
				}
				v.Checked = append(v.Checked, fmt.Sprintf("%s%s: %s %s", where(d.Name), severity, f.Message, f.Fix))
			}
		}
	}
	if n := len(v.Checked) - most; n > 0 {
		v.Checked = append(v.Checked[:most], fmt.Sprintf("and %s: run tlsbrief check to see all", templates.Plural(int64(n), "more finding")))
	}
	if len(v.Checked) > 0 {
		v.CheckedTitle = "What the domain check found on " + templates.ShortDay(dayOf(last).time())
	}
}

// tells reports whether a sentence about a domain stands in the digest already: at
// its top, or with the findings of that domain. With several domains what the top
// says of one begins with its name.
func (v *view) tells(j *judgement, domain, sentence string) bool {
	about := func(p string) bool {
		rest, named := strings.CutPrefix(p, domainWord(domain))
		return !j.several() || named && (strings.HasPrefix(rest, ": ") || strings.HasPrefix(rest, " ("))
	}
	for _, p := range slices.Concat(v.Lead, v.Urgent) {
		if about(p) && strings.Contains(p, sentence) {
			return true
		}
	}
	for _, b := range v.Domains {
		if j.several() && b.Name != domainWord(domain) {
			continue
		}
		for _, t := range b.Types {
			for _, f := range t.Findings {
				if slices.ContainsFunc(f.Paragraphs, func(p string) bool { return strings.Contains(p, sentence) }) {
					return true
				}
			}
		}
	}
	return false
}
