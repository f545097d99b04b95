package digest

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"tlsbrief/db"
	"tlsbrief/templates"
	"tlsbrief/tlsrpt"
)

// title returns a verdict in words.
func title(v Verdict) string {
	switch v {
	case VerdictAction:
		return "ACTION NEEDED"
	case VerdictAttention:
		return "ATTENTION"
	case VerdictClear:
		return "ALL CLEAR"
	case VerdictSilent:
		return "NO REPORTS"
	default:
		return "BLIND"
	}
}

// typeLabel names a policy type, plain word first.
func typeLabel(t tlsrpt.PolicyType) string {
	switch t {
	case tlsrpt.STS, tlsrpt.TLSA:
		return typeName(t) + " (policy type: " + string(t) + ")"
	case tlsrpt.NoPolicyFound:
		return "No policy found (policy type: no-policy-found)"
	default:
		return "Other (policy type: " + templates.Line(string(t)) + ")"
	}
}

// typeName names a policy type in a word or two.
func typeName(t tlsrpt.PolicyType) string { return templates.Line(t.Title()) }

// resultName spells a result type as RFC 8460 does.
func resultName(r tlsrpt.ResultType) string {
	if r == "" {
		return "no details given"
	}
	return templates.Line(string(r))
}

// findingTitle names a cause and where it was met.
func findingTitle(r tlsrpt.ResultType, hosts []string) string {
	text := "Failures without details"
	if r != "" {
		text = tlsrpt.Meaning(r).Title
	}
	named := make([]string, 0, len(hosts))
	for _, h := range hosts {
		if h != "" {
			named = append(named, h)
		}
	}
	if len(named) > 0 {
		text += " on " + listNames(named, 3)
	}
	return text
}

// hostName returns a name fit to stand in a command that somebody may paste into
// a shell: letters, digits, dots and hyphens. Anything else is replaced.
func hostName(name, instead string) string {
	ok := name != "" && len(name) <= 253 && !strings.HasPrefix(name, "-")
	for _, r := range name {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
	}
	if !ok {
		return instead
	}
	return name
}

// shellWord quotes a word for a shell.
func shellWord(s string) string {
	s = templates.Line(s)
	if hostName(s, "") != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// listNames writes names as "a, b and c", at most limit of them.
func listNames(names []string, limit int) string {
	shown := make([]string, 0, min(limit, len(names)))
	for _, n := range names[:min(limit, len(names))] {
		if n == "" {
			n = "(no name)"
		}
		shown = append(shown, templates.Line(n))
	}
	if rest := len(names) - len(shown); rest > 0 {
		shown = append(shown, templates.Plural(int64(rest), "other"))
	}
	if len(shown) == 1 {
		return shown[0]
	}
	return strings.Join(shown[:len(shown)-1], ", ") + " and " + shown[len(shown)-1]
}

// daySpan writes one or several UTC days.
func daySpan(first, last day) string {
	if first >= last {
		return templates.ShortDay(last.time())
	}
	return templates.ShortDay(first.time()) + " to " + templates.ShortDay(last.time())
}

// reporterName names a reporter by its signing domain, with what it calls itself
// where the two do not plainly agree.
func reporterName(r reporter) string {
	domain, organization := templates.Line(r.Domain), short(r.Organization)
	switch {
	case domain == "" && organization == "":
		return "(no name)"
	case domain == "":
		return organization
	case organization == "" || agree(r.Domain, r.Organization):
		return domain
	default:
		return fmt.Sprintf("%s (calls itself %s)", domain, quoted(organization))
	}
}

// shortName is how much of a name is shown beside others, in characters.
const shortName = 60

// short cleans a name and cuts it to what can stand beside others.
func short(s string) string {
	s = templates.Line(s)
	if utf8.RuneCountInString(s) <= shortName {
		return s
	}
	return string([]rune(s)[:shortName-1]) + "…"
}

// quoted puts a cleaned string between quotation marks.
func quoted(s string) string { return `"` + s + `"` }

// agree tells whether an organization's name plainly is that of a domain: one
// of the domain's labels but the last stands in the name, or the whole name
// stands in the domain. "Google Inc." agrees with google.com.
func agree(domain, organization string) bool {
	name := letters(organization)
	if name == "" {
		return false
	}
	if strings.Contains(letters(domain), name) {
		return true
	}
	labels := strings.Split(domain, ".")
	for _, l := range labels[:len(labels)-1] {
		if l = letters(l); len(l) > 3 && strings.Contains(name, l) {
			return true
		}
	}
	return false
}

// letters returns the letters and digits of s in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// reporterNames names reporters in one line: all of a few, or two and a count.
func reporterNames(list []*reporterTally) string {
	names := make([]string, 0, len(list))
	for _, r := range list {
		names = append(names, reporterName(r.reporter))
	}
	if len(names) <= 3 {
		return listNames(names, 3)
	}
	return listNames(names, 2)
}

// uncountedLine says who claims to have sent reports that do not count, and why
// they are not believed.
func uncountedLine(s *uncountedReports) string {
	who := "an unnamed organization"
	if s.Organization != "" {
		who = quoted(short(s.Organization))
	}
	why := "not signed (DKIM: none)"
	reason := ""
	if s.Reason != "" {
		reason = ", " + templates.Line(s.Reason)
	}
	switch s.Result {
	case db.AuthFail:
		why = "signature not valid (DKIM: fail" + reason + ")"
	case db.AuthUnknown:
		why = "signature could not be checked yet (DKIM: unknown" + reason + ")"
	}
	signer := ""
	if s.Signer != "" {
		signer = ", signed by " + templates.Line(s.Signer)
	}
	return fmt.Sprintf("%s from %s%s: %s. Claims %s, %d failed.",
		templates.Plural(int64(len(s.reports)), "report"), who, signer, why,
		templates.Plural(int64(s.claimed.sessions()), "session"), s.claimed.Failed)
}

// claimLine is one failure that a report claims which does not count.
func claimLine(f uncountedFailure) string {
	host := "no MX host named"
	if f.MX != "" {
		host = "on " + templates.Line(f.MX)
	}
	return fmt.Sprintf("%s: %s, %s, %s, %s (not counted)", templates.Line(f.Domain),
		typeName(f.Type), resultName(f.Result), host, templates.Plural(int64(f.Sessions), "session"))
}

// rejectedLine says which message could not be read, why, and where it lies.
func rejectedLine(r db.RejectedMessage) string {
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
	return fmt.Sprintf("%s: %s. It is still in %s of %s.", s, templates.Line(r.Reason), templates.Line(r.Folder), templates.Line(r.Mailbox))
}
