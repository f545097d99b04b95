package judge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
)

// Statements returns what the digest says. Of what nothing came for it says what was
// said before: a day without a report about a domain that gets little mail is no
// change, nor is a report that does not quote the policy.
func (j *Judgement) Statements(was facts.Statements) facts.Statements {
	now := facts.Statements{}
	for t, what := range was {
		if !t.Kind.Passing() && t.Kind != facts.AboutUnread {
			now[t] = what
		}
	}
	for _, d := range j.Domains {
		stateDomain(now, d, j.Verdict != VerdictBlind)
	}
	stateSilence(now, j)
	for _, s := range j.Stopped {
		now[facts.NewTopic(facts.AboutStopped, s.Key())] = ""
	}
	for _, u := range j.Uncounted {
		name := cmp.Or(u.Signer, u.Organization)
		parts := []string{string(u.Result), string(u.Reason), u.Organization}
		now[facts.NewTopic(facts.AboutUncounted, name, parts...)] = ""
		if u.Claimed.Failed > 0 {
			now[facts.NewTopic(facts.AboutClaim, name, parts...)] = ""
		}
	}
	for _, u := range Blinding(j.Unread) {
		now[facts.NewTopic(facts.AboutUnread, u.Mailbox, u.Name)] = ""
	}
	return now
}

// stateDomain says what is to be said of one domain. Whether reports have stopped is
// known only where mailboxes could be read.
func stateDomain(s facts.Statements, d *Domain, read bool) {
	silence := facts.NewTopic(facts.AboutSilence, d.Name)
	switch {
	case d.Stopped && read:
		s[silence] = ""
	case d.Reports > 0:
		delete(s, silence)
	}
	if d.Reports > 0 && d.Mode != "" {
		ready := d.Readiness != nil && d.Readiness.Ready()
		s[facts.NewTopic(facts.AboutPolicy, d.Name)] = facts.PolicyStatement(d.Mode, ready)
	}
	for _, t := range d.Types {
		findings := facts.NewTopic(facts.AboutFindings, d.Name, report.ShortName(string(t.Type)))
		if sum := t.sum(); sum != "" {
			s[findings] = sum
		} else {
			delete(s, findings)
		}
	}
}

// quietDays is how long nothing at all has come when that is told of whatever was
// usual before.
const quietDays = 14

// stateSilence states that nothing has come for long, or nothing that counts.
func stateSilence(s facts.Statements, j *Judgement) {
	quiet, unverified := facts.NewTopic(facts.AboutSilence, ""), facts.NewTopic(facts.AboutUnverified, "")
	last := j.LastDay()
	switch {
	case last > 0 && int(j.Facts.Reachable()-last) < quietDays:
		delete(s, quiet)
	case last > 0 && j.Verdict == VerdictSilent:
		s[quiet] = ""
	}
	switch {
	case len(j.Facts.Tally.Reports) > 0:
		delete(s, unverified)
	case len(j.Facts.Tally.Uncounted.Reports) > 0:
		s[unverified] = ""
	}
}

// sum stands for the causes of a policy type, those that are accepted, and those
// that nobody reports any more who had seen them: they are not known to be mended.
// Empty where there are none.
func (t *Policy) sum() string {
	var lines []string
	add := func(kind string, all []*Finding) {
		for _, f := range all {
			lines = append(lines, strings.Join([]string{kind, string(f.Result), f.MX}, "\x00"))
		}
	}
	add("finding", t.Findings)
	add("finding", t.Unseen)
	add("accepted", t.Waived)
	if len(lines) == 0 {
		return ""
	}
	slices.Sort(lines)
	h := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "\n")))
	return hex.EncodeToString(h[:8])
}
