package facts

import (
	"slices"
	"strings"

	"tlsbrief/internal/hostname"
)

// Patterns pick the domains of one digest.
type Patterns struct {
	exact    map[string]struct{}
	suffixes []string    // ".example.org" for "*.example.org"
	All      bool        // everything
	Not      []*Patterns // what others claim, for the fallback digest
}

// NewPatterns reads patterns: a domain, or "*.domain" for everything below it at
// any depth, itself excluded.
func NewPatterns(patterns []string) *Patterns {
	c := &Patterns{exact: map[string]struct{}{}}
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

// Matches reports whether a domain belongs to the digest.
func (c *Patterns) Matches(domain string) bool {
	if c.All {
		return true
	}
	if len(c.Not) > 0 {
		return !slices.ContainsFunc(c.Not, func(o *Patterns) bool { return o.Matches(domain) })
	}
	a := aLabel(domain)
	if _, ok := c.exact[a]; ok {
		return true
	}
	return slices.ContainsFunc(c.suffixes, func(suffix string) bool {
		return len(a) > len(suffix) && strings.HasSuffix(a, suffix)
	})
}

// filter returns the names to ask the database for; nil for all of them.
func (c *Patterns) filter(domains []DomainName) []string {
	if c.All {
		return nil
	}
	names := make([]string, 0, len(domains))
	for _, d := range domains {
		names = append(names, d.Name)
	}
	return names
}

// choose returns the domains of the digest in order: those of known that match,
// and those asked for by name, for which nothing may have come yet.
func (c *Patterns) choose(known []string) []DomainName {
	out := []DomainName{}
	seen := map[string]struct{}{}
	for _, name := range known {
		if _, twice := seen[name]; twice || !c.Matches(name) {
			continue
		}
		_, exact := c.exact[name]
		out = append(out, DomainName{name, exact})
		seen[name] = struct{}{}
	}
	for name := range c.exact {
		if _, ok := seen[name]; !ok {
			out = append(out, DomainName{name, true})
		}
	}
	slices.SortFunc(out, func(a, b DomainName) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// A DomainName is a domain of a digest. Exact says that it was asked for by name
// and is told of even where nothing came for it.
type DomainName struct {
	Name  string
	Exact bool
}
