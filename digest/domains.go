package digest

import (
	"slices"
	"strings"

	"tlsbrief/internal/hostname"
)

// A chooser picks the domains of one digest.
type chooser struct {
	exact    map[string]struct{}
	suffixes []string   // ".example.org" for "*.example.org"
	all      bool       // everything
	not      []*chooser // what others claim, for the fallback digest
}

// newChooser reads patterns: a domain, or "*.domain" for everything below it at
// any depth, itself excluded.
func newChooser(patterns []string) *chooser {
	c := &chooser{exact: map[string]struct{}{}}
	for _, p := range patterns {
		if below, ok := strings.CutPrefix(p, "*."); ok {
			c.suffixes = append(c.suffixes, "."+aLabel(below))
		} else {
			c.exact[aLabel(p)] = struct{}{}
		}
	}
	return c
}

// aLabel returns a domain as reports name it: A-labels, lower case, no dot at
// the end. What is no domain stays as it is, in lower case.
func aLabel(domain string) string { return hostname.Comparable(strings.TrimSpace(domain)) }

// matches reports whether a domain belongs to the digest.
func (c *chooser) matches(domain string) bool {
	if c.all {
		return true
	}
	if len(c.not) > 0 {
		return !slices.ContainsFunc(c.not, func(o *chooser) bool { return o.matches(domain) })
	}
	a := aLabel(domain)
	if _, ok := c.exact[a]; ok {
		return true
	}
	return slices.ContainsFunc(c.suffixes, func(suffix string) bool {
		return len(a) > len(suffix) && strings.HasSuffix(a, suffix)
	})
}

// choose returns the domains of the digest in order: those of known that match,
// and those asked for by name, for which nothing may have come yet.
func (c *chooser) choose(known []string) []domainName {
	out := []domainName{}
	seen := map[string]struct{}{}
	for _, name := range known {
		if _, twice := seen[name]; twice || !c.matches(name) {
			continue
		}
		_, exact := c.exact[name]
		out = append(out, domainName{name, exact})
		seen[name] = struct{}{}
	}
	for name := range c.exact {
		if _, ok := seen[name]; !ok {
			out = append(out, domainName{name, true})
		}
	}
	slices.SortFunc(out, func(a, b domainName) int { return strings.Compare(a.Name, b.Name) })
	return out
}
