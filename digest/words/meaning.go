package words

import (
	"cmp"
	"fmt"
	"strings"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
)

// A Meaning explains a result type to somebody who has never heard of it. Until
// [Meaning.ForServers] fills them in, its texts hold placeholders.
type Meaning struct {
	Type  tlsrpt.ResultType
	Title string // "Expired certificate"

	What     string   // what it means: one or two plain sentences
	Causes   []Cause  // the likely ones, most likely first
	Action   string   // one sentence to forward to Owner
	Looks    bool     // Action begins with a look, so that nothing is changed unseen
	Owner    string   // who can do it: "whoever runs {MX}"
	Commands []string // how to see for oneself: POSIX shell, openssl, dig, delv, curl
}

// A Cause is a likely cause of a failure, and what to do about it.
type Cause struct {
	Why string // a sentence
	Do  string // a sentence, imperative

	under tlsrpt.PolicyType // the only policy that it belongs to; empty: any
}

// meaningOfFinding explains a finding under its policy, and by the reasons given where
// all failures have one.
func meaningOfFinding(f *judge.Finding) Meaning {
	if f.Unlisted {
		return MeaningUnlisted()
	}
	return MeaningUnder(f.Type, f.Result, f.Codes()...)
}

// MeaningUnder explains a result type as it was met under one kind of policy.
// codes are the failure-reason-codes of all the failures meant; where they agree
// on what happened, a general result is explained by that (Q5, Q8).
//
// RFC 8460, section 4.3.
func MeaningUnder(p tlsrpt.PolicyType, t tlsrpt.ResultType, codes ...string) Meaning {
	shown, isUnlisted := judge.Shown(p, t, codes)
	if isUnlisted {
		return unlisted(unlistedText())
	}
	return newMeaning(p, t, shown.Result().Owner, textOf(p, shown))
}

// MeaningUnlisted is MeaningUnder for general failures under MTA-STS at a mail server
// that the policy does not list, as the report quotes it: see [tlsrpt.Policy.Unlisted].
func MeaningUnlisted() Meaning {
	t := unlistedText()
	t.what = "{MX} is not among the mx: lines of the MTA-STS policy that the sender saw, so it does not trust that server."
	return unlisted(t)
}

func unlisted(t text) Meaning {
	return newMeaning(tlsrpt.STS, tlsrpt.ValidationFailure, tlsrpt.PolicyOwner, t)
}

// newMeaning leaves out of a text what belongs to other policies.
func newMeaning(p tlsrpt.PolicyType, t tlsrpt.ResultType, owner tlsrpt.Owner, words text) Meaning {
	m := Meaning{Type: t, Title: words.title, What: words.what, Action: words.action, Looks: words.looks, Owner: ownerText(owner)}
	for _, c := range words.causes {
		if c.under == "" || c.under == p {
			m.Causes = append(m.Causes, c)
		}
	}
	for _, c := range words.commands {
		if c.under == "" || c.under == p {
			m.Commands = append(m.Commands, c.line)
		}
	}
	return m
}

// ForServers returns the meaning for so many mail servers of a domain, of which
// mx is one: the action is about all of them, the commands look at that one. The
// names may be a stranger's: what is not plainly a host name is left out, so that
// no command does anything but look. An empty one is left out likewise.
func (m Meaning) ForServers(mx string, servers int, domain string) Meaning {
	p := placeholders{mx: plainHost(mx), domain: plainHost(domain)}
	out := m
	out.What = p.sentence(m.What)
	out.Causes = make([]Cause, len(m.Causes))
	for i, c := range m.Causes {
		out.Causes[i] = Cause{Why: p.sentence(c.Why), Do: p.sentence(c.Do)}
	}
	out.Commands = make([]string, len(m.Commands))
	for i, c := range m.Commands {
		out.Commands[i] = p.command(c)
	}
	if servers > 1 {
		p.mx, p.servers = "", fmt.Sprintf("each of the %d servers listed below", servers)
	}
	out.Action = p.sentence(m.Action)
	if servers > 1 {
		p.servers = "these servers"
	}
	out.Owner = p.sentence(m.Owner)
	return out
}

// plainHost returns a name in lower case, or nothing if it is no host name.
func plainHost(name string) string {
	if name = strings.ToLower(name); !facts.PlainName(name) {
		return ""
	}
	return name
}

// placeholders are what stands for {MX} and {DOMAIN}.
type placeholders struct {
	mx, domain string // empty: not known
	servers    string // instead of mx, in sentences
}

// sentence fills a sentence in. Names of hosts and URLs in it stay names.
func (p placeholders) sentence(s string) string {
	domain, mx := cmp.Or(p.domain, "YOUR-DOMAIN"), cmp.Or(p.mx, "MAIL-SERVER")
	return strings.NewReplacer(
		"mta-sts.{DOMAIN}", "mta-sts."+domain,
		"_25._tcp.{MX}", "_25._tcp."+mx,
		"{MX}", cmp.Or(p.mx, p.servers, "the mail server"),
		"{DOMAIN}", cmp.Or(p.domain, "your domain"),
	).Replace(s)
}

// command fills a command in.
func (p placeholders) command(s string) string {
	return strings.NewReplacer("{MX}", cmp.Or(p.mx, "MAIL-SERVER"), "{DOMAIN}", cmp.Or(p.domain, "YOUR-DOMAIN")).Replace(s)
}
