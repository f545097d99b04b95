package words

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// title returns a verdict in words.
func title(v judge.Verdict) string {
	switch v {
	case judge.VerdictAction:
		return "ACTION NEEDED"
	case judge.VerdictAttention:
		return "ATTENTION"
	case judge.VerdictClear:
		return "ALL CLEAR"
	case judge.VerdictSilent:
		return "NO REPORTS"
	default:
		return "REPORTS NOT READ"
	}
}

// domainTitle returns the verdict on one domain in words.
func domainTitle(d *judge.Domain) string {
	if d.Verdict == judge.VerdictClear && d.Overall.Sessions() == 0 {
		return "NO MAIL"
	}
	return title(d.Verdict)
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
func typeName(t tlsrpt.PolicyType) string { return templates.Line(PolicyTitle(t)) }

// resultName spells a result type as RFC 8460 does.
func resultName(r tlsrpt.ResultType) string {
	switch r {
	case "":
		return "no details given"
	case report.OtherResults:
		return "other results"
	}
	return templates.Line(string(r))
}

// findingTitle names a cause and where it was met.
func findingTitle(group []*judge.Finding) string {
	text := "Failures without details"
	if group[0].Result != "" {
		text = meaningOf(group).Title
	}
	switch hosts := judge.HostsOf(group); {
	case len(hosts) > 0:
		text += " on " + listNames(hosts, 3)
	case group[0].Others():
		text += " on other hosts"
	}
	return text
}

// hostName returns a plain name, fit to stand in a command that somebody may paste
// into a shell. Anything else is replaced.
func hostName(name, instead string) string {
	if !facts.PlainName(name) {
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

// hostWord returns the name of a host to stand in a sentence, as people read it
// where that is safe, and between quotation marks where it is none: a stranger's
// words must not pass for ours.
func hostWord(name string) string {
	switch name {
	case "":
		return "(no name)"
	case report.OtherHosts:
		return "other hosts"
	case facts.OtherDomains:
		return "other domains"
	}
	if hostName(name, "") != "" {
		return templates.Line(tlsrpt.ReadableDomain(name))
	}
	return quoted(short(name))
}

// domainWord is [hostWord] for a policy domain.
func domainWord(name string) string { return hostWord(name) }

// listNames writes names of hosts or domains as "a, b and c", at most limit of
// them.
func listNames(names []string, limit int) string {
	words := make([]string, 0, min(limit+1, len(names)))
	for _, n := range names {
		if len(words) > limit {
			break
		}
		words = append(words, hostWord(n))
	}
	return list(words, len(names), limit)
}

// listPhrases is [listNames] for phrases of our own.
func listPhrases(phrases []string, limit int) string { return list(phrases, len(phrases), limit) }

// list joins the first of so many words.
func list(words []string, all, limit int) string {
	shown := slices.Clone(words[:min(limit, len(words))])
	if rest := all - len(shown); rest > 0 {
		shown = append(shown, templates.Plural(int64(rest), "other"))
	}
	if len(shown) == 1 {
		return shown[0]
	}
	return strings.Join(shown[:len(shown)-1], ", ") + " and " + shown[len(shown)-1]
}

// reporterName names a reporter by its signing domain, with what it calls itself
// where the two do not plainly agree.
func reporterName(r facts.Reporter) string {
	domain, organization := templates.Line(tlsrpt.ReadableDomain(r.Domain)), short(r.Organization)
	switch {
	case domain == "" && organization == facts.OtherSenders:
		return "other senders"
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

// agree reports whether an organization's name plainly is that of a domain: one
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

// sortedNames names reporters, each in full, in order.
func sortedNames(list []facts.Reporter) []string {
	names := make([]string, 0, len(list))
	for _, r := range list {
		names = append(names, reporterName(r))
	}
	slices.Sort(names)
	return names
}

// reporterNames names reporters in one line: all of a few, or two and a count.
func reporterNames(list []*facts.ReporterTally) string {
	names := make([]string, 0, len(list))
	for _, r := range list {
		names = append(names, reporterName(r.Reporter))
	}
	if len(names) <= 3 {
		return listPhrases(names, 3)
	}
	return listPhrases(names, 2)
}

// reporterShort names reporters by domain: the first, and how many others.
func reporterShort(reporters []*facts.ReporterTally) string {
	var names []string
	for _, r := range reporters {
		names = append(names, cmp.Or(templates.Line(tlsrpt.ReadableDomain(r.Domain)), short(r.Organization), "(no name)"))
	}
	return listPhrases(names, 1)
}

// verb picks the form for a number.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// sessions writes a count that may be a bound.
func sessions(n tlsrpt.Sessions, upTo bool) string {
	s := templates.Plural(int64(n), "session")
	if upTo {
		return "up to " + s
	}
	return s
}

// upperFirst writes the first letter large.
func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return strings.ToUpper(string(r)) + s[n:]
}

// lowerFirst writes the first letter small, unless the word is all capitals.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	next, _ := utf8.DecodeRuneInString(s[n:])
	if next != ' ' && strings.ToUpper(string(next)) == string(next) {
		return s
	}
	return strings.ToLower(string(r)) + s[n:]
}
