package domaincheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tlsbrief/internal/resolver"
)

// Bounds of what is looked at.
const (
	maxHosts     = 20 // MX hosts
	maxAddresses = 8  // of one host
)

// An mxHost is one host that takes the domain's mail.
type mxHost struct {
	name  string
	addrs []netip.Addr
	tlsa  []resolver.TLSA // usable and secure ones
}

// mx finds out where the domain's mail goes.
func (l *run) mx(ctx context.Context) {
	name := l.domain.Name
	found, err := l.c.o.DNS.MX(ctx, name)
	if l.unanswered(err) {
		l.noMail = true
		return
	}
	switch {
	case errors.Is(err, resolver.ErrNoName):
		l.noMail = true
		l.add(NoSuchDomain, "", name+" does not exist in DNS.", "See whether the name is spelt right and the registration has not run out.")
		return
	case err != nil:
		l.noMX = true
		found.List = []resolver.MX{{Host: name}} // RFC 5321, section 5.1
		l.add(MXMissing, "", name+" has no MX record. Senders take the name itself for its mail server.",
			`Publish an MX record, or "MX 0 ." where the domain takes no mail.`)
	}
	l.secureMX = found.Secure
	// Name servers give equal ones in turn: the order must not be a change.
	slices.SortFunc(found.List, func(a, b resolver.MX) int {
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), cmp.Compare(a.Host, b.Host))
	})
	null := slices.ContainsFunc(found.List, func(m resolver.MX) bool { return m.Host == "" })
	if null && len(found.List) == 1 {
		l.noMail = true
		l.add(MXNull, "", name+" says that it takes no mail (a null MX, RFC 7505). There is nothing else to look at.", "")
		return
	}
	if null {
		l.add(MXNullMixed, "", name+` has the MX record that says it takes no mail ("."), and others beside it.`, `Take out the MX record ".", or all others.`)
	}
	if len(found.List) > maxHosts {
		l.add(MXMany, "", fmt.Sprintf("%s has %d MX records; the first %d were looked at.", name, len(found.List), maxHosts), "")
		found.List = found.List[:maxHosts]
	}
	l.seen.Hosts = []string{}
	for _, m := range found.List {
		if m.Host != "" && !slices.ContainsFunc(l.hosts, func(h *mxHost) bool { return h.name == m.Host }) {
			l.host(ctx, m.Host)
		}
	}
}

// host finds the addresses of an MX host.
func (l *run) host(ctx context.Context, name string) {
	h := &mxHost{name: name}
	l.hosts = append(l.hosts, h)
	l.seen.Hosts = append(l.seen.Hosts, name)
	ahead(ctx, l.c.o.DNS.Addresses, name)
	// Waited for before the next host, or a domain with many would have more look-ups
	// under way than its share of what the resolver lets through.
	defer ahead(ctx, l.c.o.DNS.TLSA, "_25._tcp."+name)()
	if target, err := l.c.o.DNS.CNAME(ctx, name); err == nil && name != l.domain.Name {
		l.add(MXAlias, name, fmt.Sprintf("The MX host %s is an alias (CNAME) of %s, which an MX record may not name (RFC 5321, section 5.1).", name, quote(target)),
			"Name the host itself in the MX record.")
	}
	found, err := l.c.o.DNS.Addresses(ctx, name)
	if l.unanswered(err) {
		return
	}
	if err != nil {
		l.add(MXNoAddress, name, fmt.Sprintf("The MX host %s has no address, so no mail can reach it.", clean(name, maxWord)), "Give it an A or AAAA record, or take it out of the MX records.")
		return
	}
	h.addrs = l.allowed(found.List[:min(len(found.List), maxAddresses)])
	if len(h.addrs) == 0 {
		l.add(MXPrivate, name, fmt.Sprintf("The MX host %s has no public address, and only reports name this domain: it was not connected to.", clean(name, maxWord)),
			"Name the domain in the configuration or on the command line if it is yours.")
	}
}

// reportRecord looks at the TLS-RPT record, and reports whether there is none.
func (l *run) reportRecord(ctx context.Context) (none bool) {
	name := "_smtp._tls." + l.domain.Name
	texts, err := l.c.o.DNS.TXT(ctx, name)
	if l.unanswered(err) {
		return false
	}
	records := versioned(texts, "v=TLSRPTv1")
	published := clean(strings.Join(slices.Sorted(slices.Values(records)), " "), maxMessage) // name servers give several in turn
	l.seen.Report = &published
	switch {
	case len(records) == 0:
		l.noReportRecord(ctx, name, texts)
		return len(texts) == 0
	case len(records) > 1:
		l.add(TLSRPTSeveral, "", fmt.Sprintf("There are %d TLS-RPT records at %s: senders then act as if there were none.", len(records), name), "Keep one; it may list several rua, with commas between.")
		return false
	}
	rua, err := parseReportRecord(records[0])
	if err != nil {
		l.add(TLSRPTSyntax, "", fmt.Sprintf("The TLS-RPT record at %s cannot be read: %v.", name, err), `Write it as in "v=TLSRPTv1; rua=mailto:reports@example.com".`)
		return false
	}
	l.whoReads(rua)
	for _, uri := range rua {
		if address, domain, ok := mailAddress(uri); ok {
			l.takesMail(ctx, address, domain)
		}
	}
	return false
}

// noReportRecord says that there is no record where it belongs, and whether there
// is one elsewhere.
func (l *run) noReportRecord(ctx context.Context, name string, texts []string) {
	if len(texts) > 0 {
		text := likeliest(texts, "tls")
		l.add(TLSRPTSyntax, "", fmt.Sprintf("The TXT record %s at %s is no TLS-RPT record to senders: %s (RFC 8460, section 3).", quote(text), name, notVersion(text, "v=TLSRPTv1")),
			`Write it as in "v=TLSRPTv1; rua=mailto:reports@example.com".`)
		return
	}
	domain := l.domain.Name
	if wrong, doubled := l.elsewhere(ctx, "v=TLSRPTv1", name, "_tls._smtp."+domain, "_smtp-tls."+domain, domain); wrong != "" {
		l.add(TLSRPTWrongName, "", fmt.Sprintf("The TLS-RPT record stands at %s, where no sender looks for it.", wrong)+doubled, "Move it to "+name+".")
		return
	}
	l.add(TLSRPTMissing, "", fmt.Sprintf("There is no TLS-RPT record at %s, so no sender reports on this domain.", name),
		`Publish the TXT record "v=TLSRPTv1; rua=mailto:…" with the address of a mailbox that tlsbrief polls.`)
}

// elsewhere looks for a record that does not stand at its name: at the name with the
// domain behind it once more, and at others. It returns where it stands, and what is to
// be said of that; nothing if it is not found.
func (l *run) elsewhere(ctx context.Context, version, name string, others ...string) (wrong, why string) {
	twice := name + "." + l.domain.Name
	for _, at := range append([]string{twice}, others...) {
		texts, err := l.c.o.DNS.TXT(ctx, at)
		if err != nil || len(versioned(texts, version)) == 0 {
			continue
		}
		if at == twice {
			why = " The name was doubled: DNS services that add the domain themselves ask for the part before it, or for a dot at the end."
		}
		return at, why
	}
	return "", ""
}

// versioned returns the records that begin with a version and a semicolon, or
// consist of it. Senders discard all others, also one with a blank before it: RFC
// 8460, section 3, and RFC 8461, section 3.1.
func versioned(texts []string, version string) (records []string) {
	for _, t := range texts {
		if first, _, _ := strings.Cut(t, ";"); strings.TrimRight(first, " \t") == version {
			records = append(records, t)
		}
	}
	return records
}

// likeliest returns the text that was probably meant to be the record: the first that
// has a word in it, or else the first.
func likeliest(texts []string, word string) string {
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), word) {
			return t
		}
	}
	return texts[0]
}

// notVersion says why a record does not begin with a version.
func notVersion(text, version string) string {
	first, _, _ := strings.Cut(text, ";")
	switch trimmed := strings.Trim(first, " \t\"'\u00a0\u201c\u201d"); {
	case trimmed == version && strings.HasPrefix(text, " "):
		return "there is a blank before " + version
	case trimmed == version:
		return "there is something before " + version + " or behind it"
	case strings.EqualFold(trimmed, version):
		return "it is " + version + ", in just these letters"
	case strings.HasPrefix(strings.ToLower(trimmed), "v=") && !strings.ContainsAny(trimmed, " \t"):
		return fmt.Sprintf("its version is %s, and not %s", quote(trimmed), version)
	case strings.HasPrefix(trimmed, version):
		return "there is no semicolon behind " + version
	}
	return "it does not begin with " + version + ";"
}

// whoReads reports whether reports reach a mailbox that is polled.
func (l *run) whoReads(rua []string) {
	if len(l.c.o.Ours)+len(l.c.o.Unaddressed) == 0 {
		return
	}
	for _, uri := range rua {
		if address, _, ok := mailAddress(uri); ok && l.c.ours(address) {
			return
		}
	}
	where := quote(strings.Join(rua, ", "))
	if names := l.c.o.Unaddressed; len(names) > 0 {
		l.add(TLSRPTUnknown, "", fmt.Sprintf("Reports go to %s. Whether anybody reads them is not known: of the user %s, whose mailbox is polled, no address is.", where, quote(strings.Join(names, ", "))),
			"List the addresses that lead to polled mailboxes in [check] addresses.")
		return
	}
	l.add(TLSRPTNotOurs, "", fmt.Sprintf("Reports go to %s, which leads to no mailbox that tlsbrief polls: nobody reads them here.", where),
		"Name the address of a polled mailbox in rua; if this one leads there, list it in [check] addresses; if it is a former provider's, take it out.")
}

// ours reports whether an address is of a mailbox that is polled. What follows a
// plus sign is a tag of the same mailbox.
func (c *Checker) ours(address string) bool {
	untagged := func(s string) string {
		local, domain, _ := cutLast(strings.ToLower(s), "@")
		local, _, _ = strings.Cut(local, "+")
		return local + "@" + domain
	}
	return slices.ContainsFunc(c.o.Ours, func(o string) bool { return untagged(o) == untagged(address) })
}

// takesMail looks whether reports can be delivered to an address.
func (l *run) takesMail(ctx context.Context, address, domain string) {
	found, err := l.c.o.DNS.MX(ctx, domain)
	null := err == nil && len(found.List) == 1 && found.List[0].Host == ""
	if errors.Is(err, resolver.ErrNotFound) && !errors.Is(err, resolver.ErrNoName) {
		_, err = l.c.o.DNS.Addresses(ctx, domain)
	}
	if null || errors.Is(err, resolver.ErrNotFound) {
		l.add(TLSRPTNoMail, "", fmt.Sprintf("Reports go to %s, but %s takes no mail.", quote(address), quote(domain)), "Name an address in rua that mail can be sent to.")
	}
}
