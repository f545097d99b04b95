package domaincheck

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"tlsbrief/internal/resolver"
)

// A run is one check of one domain.
type run struct {
	c      *Checker
	domain Domain
	kinds  map[Code]kind

	mu       sync.Mutex // the hosts are looked at side by side
	findings []Finding
	answered bool
	dnsFault bool // said that DNS failed

	policy *stsPolicy // what MTA-STS asks for; nil: nothing that can be read
	hosts  []*mxHost
	noMail bool // a null MX, or no such domain
	noMX   bool

	secureMX bool // DNSSEC vouches for the MX records

	servers []Server
	seen    Seen
}

func (c *Checker) newRun(d Domain) *run {
	return &run{c: c, domain: d, kinds: kinds(), findings: []Finding{}, servers: []Server{}, seen: Seen{At: c.o.Now().UTC().Truncate(time.Second), Certificates: map[string]Certificate{}}}
}

// all looks at everything. DNS comes first, since the rest hangs on it.
func (l *run) all(ctx context.Context) {
	name := l.domain.Name
	ahead(ctx, l.c.o.DNS.TXT, "_smtp._tls."+name)
	ahead(ctx, l.c.o.DNS.TXT, "_mta-sts."+name)
	ahead(ctx, l.c.o.DNS.Addresses, "mta-sts."+name)
	if l.mx(ctx); l.noMail {
		return
	}
	noReports := l.reportRecord(ctx)
	l.dane(ctx)
	noPolicy := l.sts(ctx)
	if noReports && noPolicy && l.noMX && l.domain.Reported {
		// DANE reports are on the names of mail servers, which have neither.
		l.findings = []Finding{}
		l.add(NotMail, "", name+" has neither an MX record nor a TLS-RPT or MTA-STS record: only reports name it, and it may be a server and no mail domain.", "")
		return
	}
	if l.c.o.NoProbe {
		return
	}
	before := len(l.findings)
	l.probe(ctx)
	// The hosts were looked at side by side.
	slices.SortStableFunc(l.findings[before:], func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.Message, b.Message))
	})
	slices.SortFunc(l.servers, func(a, b Server) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Address, b.Address))
	})
}

// ahead begins to look up what will be asked for later, so that it does not have to
// be waited for then: the resolver asks once, and remembers. It returns a function
// that waits for the answer.
func ahead[T any](ctx context.Context, lookUp func(context.Context, string) (T, error), name string) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = lookUp(ctx, name) // ends with ctx at the latest; the outcome is asked for anew
	}()
	return func() { <-done }
}

// add notes a finding with the severity of its code.
func (l *run) add(code Code, host, message, fix string) {
	l.addAs(code, l.kinds[code].severity, host, message, fix)
}

func (l *run) addAs(code Code, s Severity, host, message, fix string) {
	k := l.kinds[code]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.findings = append(l.findings, Finding{
		Check: k.check, Code: code, Severity: s, Message: clean(message, maxMessage), Fix: clean(fix, maxMessage), ResultType: k.result, host: host,
	})
}

// unanswered notes what DNS did with a question, and reports whether it failed to
// answer. That is said once.
func (l *run) unanswered(err error) bool {
	l.mu.Lock()
	failed := err != nil && !errors.Is(err, resolver.ErrNotFound)
	if !failed || errors.Is(err, resolver.ErrServFail) {
		l.answered = true
	}
	say := failed && !l.dnsFault
	l.dnsFault = l.dnsFault || failed
	l.mu.Unlock()
	if say {
		l.add(DNSFailed, "", "DNS does not answer for this domain: "+err.Error(),
			"See whether its name servers answer (dig +trace) and its DNSSEC signatures hold (delv); if they do, see [dns] server.")
	}
	return failed
}

func (l *run) result() Result {
	r := Result{
		Domain: l.domain.Name, Verdict: OK, Findings: l.findings, Servers: l.servers, Answered: l.answered,
		Seen: l.seen, unprobed: l.c.o.NoProbe,
	}
	slices.Sort(r.Seen.Hosts)
	r.Kept = r.Seen
	if before := l.domain.Before; before != nil {
		r.Changes = Changes(l.domain.Name, before, &r.Seen)
		r.Kept = r.Seen.over(before)
	}
	for _, f := range l.findings {
		if f.Severity == Error || f.Severity == Warning && r.Verdict == OK {
			r.Verdict = f.Severity
		}
	}
	return r
}

// allowed leaves out of a host's addresses those that may not be connected to.
func (l *run) allowed(all []netip.Addr) []netip.Addr {
	if l.c.o.Private || !l.domain.Reported {
		return all
	}
	var public []netip.Addr
	for _, a := range all {
		if a.IsGlobalUnicast() && !a.IsPrivate() && !special(a) {
			public = append(public, a)
		}
	}
	return public
}

// special reports whether an address is of a block that leads elsewhere than to a
// public server: RFC 6890.
func special(a netip.Addr) bool {
	for _, block := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32",
	} {
		if netip.MustParsePrefix(block).Contains(a) {
			return true
		}
	}
	return a.Is4In6()
}

// maxMessage bounds a finding's text, and maxWord what a stranger gives to it; in
// runes.
const (
	maxMessage = 1000
	maxWord    = 120
)

// clean makes text printable, on one line, and not longer than most runes.
func clean(s string, most int) string {
	if len(s) > 4*most {
		s = s[:4*most]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// quote shows a stranger's words.
func quote(s string) string { return `"` + clean(s, maxWord) + `"` }
