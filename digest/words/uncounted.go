package words

import (
	"cmp"
	"fmt"
	"slices"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/templates"
)

// uncounted fills in the reports that do not count, with what they claim.
func (v *View) uncounted(j *judge.Judgement, b bounds) {
	n := len(j.Facts.Tally.Uncounted.Reports)
	if n == 0 {
		return
	}
	v.UncountedTitle = templates.Plural(int64(n), "report") + " could not be verified and changed nothing above"
	for i, s := range j.Uncounted {
		if i == b.uncounted {
			v.UncountedMore = len(j.Uncounted) - i
			break
		}
		v.Uncounted = append(v.Uncounted, uncountedView{Line: uncountedLine(s)})
	}
	claims := facts.Claims(j.Uncounted)
	if n := len(claims); n > 0 && claims[n-1].Others() {
		v.ClaimsOther = otherClaims(claims[n-1])
		claims = claims[:n-1]
	}
	for i, c := range claims {
		if i == b.claims {
			v.ClaimsMore = len(claims) - i
			break
		}
		v.Claims = append(v.Claims, claimLine(c))
	}
}

// uncountedLine says who claims to have sent reports that do not count, and why
// they are not believed.
func uncountedLine(s *facts.UncountedReports) string {
	who := "an unnamed organization"
	switch {
	case s.Others:
		who = "other senders"
	case s.Organization != "":
		who = quoted(short(s.Organization))
	}
	n := int64(len(s.Reports))
	return fmt.Sprintf("%s from %s%s. %s %s, %s failed.", templates.Plural(n, "report"), who, whyUncounted(s),
		verb(int(n), "Claims", "Claim"), templates.Plural(int64(s.Claimed.Sessions()), "session"), templates.Count(int64(s.Claimed.Failed)))
}

// whyUncounted says why reports are not believed, in words, and in brackets as
// the check put it (RFC 8601, section 2.7.1).
func whyUncounted(s *facts.UncountedReports) string {
	signer := hostWord(s.Signer)
	reason := ""
	if s.Reason != "" {
		reason = ", " + templates.Line(string(s.Reason))
	}
	switch {
	case s.File:
		return ": a file by itself, which bears no signature (DKIM: none)"
	case s.Result == report.AuthNone:
		return ": not signed (DKIM: none)"
	case s.Result == report.AuthFail && s.Reason == report.ReasonNotAligned:
		return ": signed by " + signer + ", which is not the sender's domain (DKIM: fail" + reason + ")"
	}
	by := ""
	if s.Signer != "" {
		by = ", signed by " + signer
	}
	if s.Result == report.AuthUnknown {
		return by + ": signature could not be checked yet (DKIM: unknown" + reason + ")"
	}
	return by + ": " + reasonWords(s.Reason) + " (DKIM: fail" + reason + ")"
}

// claimLine is one failure that reports claim which do not count.
func claimLine(f facts.Claim) string {
	host := "no MX host named"
	if f.MX != "" {
		host = "on " + hostWord(f.MX)
	}
	kind := typeName(f.Type)
	if f.Type.Known() {
		kind += " (" + string(f.Type) + ")"
	}
	return fmt.Sprintf("%s: %s, %s, %s, %s, claimed by %s", domainWord(f.Domain),
		kind, resultName(f.Result), host, templates.Plural(int64(f.Sessions), "session"), listPhrases(claimantNames(f.Claimants), 2))
}

// claimantNames names who claims something, each once.
func claimantNames(claimants []*facts.UncountedReports) []string {
	var names []string
	for _, s := range claimants {
		name := quoted(cmp.Or(short(s.Organization), short(s.Signer), "an unnamed organization"))
		if s.Others {
			name = "other senders"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// otherClaims says what is claimed beyond what is told apart.
func otherClaims(f facts.Claim) string {
	return fmt.Sprintf("other hosts: %s, claimed by %s, whose reports name more than %s causes; those beyond are not told apart",
		templates.Plural(int64(f.Sessions), "session"), listPhrases(claimantNames(f.Claimants), 2), templates.Count(facts.MaxCauses))
}

// rejectedLine says which message could not be read, why, and where it lies.
func rejectedLine(r report.RejectedMessage) string {
	from := "an unknown sender"
	if r.From != "" {
		from = templates.Line(r.From)
	}
	s := fmt.Sprintf("From %s", from)
	if !r.ReceivedAt.IsZero() {
		s += ", " + templates.ShortDay(r.ReceivedAt)
	}
	if r.Subject != "" {
		s += ", " + quoted(templates.Line(r.Subject))
	}
	return fmt.Sprintf("%s: %s. It is still in %s of %s.", s, rejectedWords(r), templates.Line(r.Folder), templates.Line(r.Mailbox))
}

// rejectedWords says in plain words why a message could not be read, with the
// reader's own in brackets.
func rejectedWords(r report.RejectedMessage) string {
	if r.Reason == report.ReasonCutOff {
		return "the attachment is cut off (" + templates.Line(r.Text) + ")"
	}
	return templates.Line(r.Text)
}
