package digest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"tlsbrief/db"
	"tlsbrief/templates"
	"tlsbrief/tlsrpt"
)

// What the domain check writes down by these codes has a place of its own
// (docs/check.md).
const (
	codeRecordGone = "tlsrpt-gone"
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
	maps.DeleteFunc(m.Checks, func(_ string, c db.DomainCheck) bool { return sel.now.Sub(c.At) > foundFor })
	f := db.ChangeFilter{Domains: names, NewsAfter: sel.newsAfter, NewsUpTo: m.Watermark}
	if !sel.untold.Since.IsZero() {
		f.NewsAfter = sel.untold.ChangesAfter
	}
	if sel.byDays {
		f = db.ChangeFilter{Domains: names, From: sel.from.time(), To: (sel.to + 1).time()}
	}
	if m.Changes, err = d.o.DB.DomainChanges(ctx, f); err != nil {
		return err
	}
	gone, err := d.o.DB.DomainChanges(ctx, db.ChangeFilter{Domains: names, From: sel.now.Add(-goneFor)})
	m.Gone = map[string]db.DomainChange{}
	for _, c := range gone {
		if c.Code == codeRecordGone {
			m.Gone[c.Domain] = c
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
			"If that cannot be mended today, write mode: testing into https://mta-sts.%[5]s/.well-known/mta-sts.txt and change the id in _mta-sts.%[5]s; set it back to enforce afterwards.",
			verb(len(held), "policy", "policies"), listNames(held, maxUrgent), verb(len(held), "is", "are"), verb(len(held), "it", "them"), name, believed))
	}
	n := len(unread)
	out = append(out, unread[:min(n, maxUrgent)]...)
	if n > maxUrgent {
		out = append(out, fmt.Sprintf("The same holds for %s: tlsbrief check shows all.", templates.Plural(int64(n-maxUrgent), "more domain")))
	}
	return out
}

// heldByPolicy tells whether mail is kept out by the domain's MTA-STS policy.
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
			return fmt.Sprintf("Reports on %s go where nobody looks (found on %s): %s %s",
				domainWord(d.Name), templates.ShortDay(dayOf(c.At).time()), templates.Line(f.Message), templates.Line(f.Fix))
		}
	}
	return ""
}

// checked fills in what the domain check found and what had changed since the
// digest before.
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
		line := fmt.Sprintf("%s%s: %s", where(c.Domain), templates.ShortDay(dayOf(c.At).time()), templates.Line(c.Message))
		if c.Fix != "" {
			line += " " + templates.Line(c.Fix)
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
				if f.Severity != severity {
					continue
				}
				if c.At.After(last) {
					last = c.At
				}
				v.Checked = append(v.Checked, fmt.Sprintf("%s%s: %s %s", where(d.Name), severity, templates.Line(f.Message), templates.Line(f.Fix)))
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
