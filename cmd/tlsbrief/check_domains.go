package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/domaincheck"
)

// maxDomains bounds how many domains one check takes.
const maxDomains = 100_000

// readDomains takes the domains of the command line, of files and of stdin.
func readDomains(stdin io.Reader, args []string) ([]string, error) {
	var names []string
	for _, arg := range args {
		var err error
		switch path, file := strings.CutPrefix(arg, "@"); {
		case arg == "-":
			names, err = scanDomains(names, stdin)
		case file:
			var f *os.File
			if f, err = os.Open(path); err == nil {
				names, err = scanDomains(names, f)
				err = errors.Join(err, f.Close())
			}
		default:
			names = append(names, arg)
		}
		if err != nil {
			return nil, usage("reading domains: %v", err)
		}
	}
	for i, name := range names {
		var err error
		if names[i], err = config.Domain(name); err != nil {
			return nil, usage("%v", err)
		}
	}
	if len(args) > 0 && len(names) == 0 {
		return nil, usage("no domain was given")
	}
	return names, nil
}

func scanDomains(names []string, r io.Reader) ([]string, error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			if names = append(names, line); len(names) > maxDomains {
				return nil, fmt.Errorf("more than %d domains", maxDomains)
			}
		}
	}
	return names, lines.Err()
}

// domainsToCheck are those named, or all of the configuration and the database.
func domainsToCheck(ctx context.Context, c *config.Config, d *db.DB, named []string) ([]domaincheck.Domain, error) {
	own := ownDomains(c)
	var reported []string
	if len(named) == 0 {
		for _, p := range ownPatterns(c) {
			if !strings.HasPrefix(p, "*") {
				named = append(named, p)
			}
		}
		var err error
		if reported, err = d.CountedDomains(ctx); err != nil {
			return nil, err
		}
	}
	var domains []domaincheck.Domain
	for _, name := range unique(named) {
		domains = append(domains, domaincheck.Domain{Name: name})
	}
	for _, name := range reported {
		if _, err := config.Domain(name); err == nil && !slices.Contains(named, name) {
			domains = append(domains, domaincheck.Domain{Name: name, Reported: !own(name)})
		}
	}
	if len(domains) == 0 {
		return nil, usage("no domain to check: name one, as in tlsbrief check example.com")
	}
	return domains, nil
}

// ownPatterns are the domains that the configuration names as one's own; one may
// begin with "*.".
func ownPatterns(c *config.Config) []string {
	patterns := slices.Clone(c.Reports.Domains)
	for _, dg := range c.Digests {
		patterns = append(patterns, dg.Domains...)
	}
	return patterns
}

// ownDomains reports whether the configuration names a domain as one's own.
func ownDomains(c *config.Config) func(name string) bool {
	patterns := ownPatterns(c)
	return func(name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			rest, wild := strings.CutPrefix(p, "*")
			return p == name || wild && strings.HasSuffix(name, rest)
		})
	}
}
