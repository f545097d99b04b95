package words

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/templates"
)

// maxUrgent is how many domains are named in an escalation.
const maxUrgent = 3

// urgent says what stands above all else: mail that a policy of one's own keeps
// out, and reports that nobody reads.
func (w renderer) urgent() []string {
	var held, unread, out []string
	for _, d := range w.j.Domains {
		if d.HeldByPolicy() {
			held = append(held, d.Name)
		}
		if s := nobodyReads(w.j, d); s != "" {
			unread = append(unread, s)
		}
	}
	if len(held) > 0 {
		believed := "verified reports"
		if w.o.AuthenticityOff {
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

// nobodyReads says that reports on a domain go where nobody looks; nothing where
// some arrived all the same, as by an alias that the check does not know of.
func nobodyReads(j *judge.Judgement, d *judge.Domain) string {
	if d.Reports > 0 || d.Uncounted || !j.Facts.Current {
		return ""
	}
	c := j.Facts.Checks[d.Name]
	for _, f := range c.Findings {
		if f.Code == facts.CodeNotOurs || f.Code == facts.CodeNoMail {
			return fmt.Sprintf("%s (domain check of %s): %s %s",
				domainWord(d.Name), templates.ShortDay(facts.DayOf(c.At).Time()), f.Message, f.Fix)
		}
	}
	return ""
}

// checked fills in what the domain check found and what had changed since the
// digest before, but for what stands further up already.
func (v *View) checked(j *judge.Judgement, most int) {
	if !j.Facts.Current {
		return
	}
	where := func(name string) string {
		if j.Several() {
			return domainWord(name) + ": "
		}
		return ""
	}
	for _, c := range j.Facts.Changes {
		words := c.Message
		if c.Code == facts.CodeRecordGone {
			words = untilThen(c.Message) // as silenceReason has it
		}
		if v.tells(j, c.Domain, words) {
			continue
		}
		line := fmt.Sprintf("%s%s: %s", where(c.Domain), templates.ShortDay(facts.DayOf(c.At).Time()), c.Message)
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
			c := j.Facts.Checks[d.Name]
			for _, f := range c.Findings {
				if f.Severity != severity || f.Code == facts.CodeHeld && d.HeldByPolicy() || v.tells(j, d.Name, f.Message) {
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
		v.CheckedTitle = "What the domain check found on " + templates.ShortDay(facts.DayOf(last).Time())
	}
}

// tells reports whether a sentence about a domain stands in the digest already: at
// its top, or with the findings of that domain. With several domains what the top
// says of one begins with its name.
func (v *View) tells(j *judge.Judgement, domain, sentence string) bool {
	about := func(p string) bool {
		rest, named := strings.CutPrefix(p, domainWord(domain))
		return !j.Several() || named && (strings.HasPrefix(rest, ": ") || strings.HasPrefix(rest, " ("))
	}
	for _, p := range slices.Concat(v.Lead, v.Urgent) {
		if about(p) && strings.Contains(p, sentence) {
			return true
		}
	}
	for _, b := range v.Domains {
		if j.Several() && b.Name != domainWord(domain) {
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
