package tlsrpt

import (
	"fmt"
	"strings"

	"tlsbrief/internal/hostname"
)

// For returns the meaning for one mail server and domain. They may be a
// stranger's: what is not plainly a host name is left out, so that no command
// does anything but look. An empty one is left out likewise.
func (m ResultMeaning) For(mx, domain string) ResultMeaning { return m.ForServers(mx, 1, domain) }

// ForServers is [ResultMeaning.For] for so many mail servers, of which mx is
// one: the action is about all of them, the commands look at that one.
func (m ResultMeaning) ForServers(mx string, servers int, domain string) ResultMeaning {
	p := placeholders{mx: plainHost(mx), domain: plainHost(domain)}
	out := m
	out.What = p.sentence(m.What)
	out.Causes = make([]Cause, len(m.Causes))
	for i, c := range m.Causes {
		out.Causes[i] = Cause{Why: p.sentence(c.Why), Do: p.sentence(c.Do), Under: c.Under}
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
	if name = strings.ToLower(name); !hostname.Valid(name) || strings.HasPrefix(name, "-") {
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
	domain, mx := orElse(p.domain, "YOUR-DOMAIN"), orElse(p.mx, "MAIL-SERVER")
	return strings.NewReplacer(
		"mta-sts.{DOMAIN}", "mta-sts."+domain,
		"_25._tcp.{MX}", "_25._tcp."+mx,
		"{MX}", orElse(p.mx, orElse(p.servers, "the mail server")),
		"{DOMAIN}", orElse(p.domain, "your domain"),
	).Replace(s)
}

// command fills a command in.
func (p placeholders) command(s string) string {
	return strings.NewReplacer("{MX}", orElse(p.mx, "MAIL-SERVER"), "{DOMAIN}", orElse(p.domain, "YOUR-DOMAIN")).Replace(s)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
