package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/config"
	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
	"tlsbrief/internal/resolver"
	"tlsbrief/internal/watch"
)

// newChecker makes the checker that the configuration describes.
func newChecker(c *config.Config, noProbe bool, clock *clockCheck) (*domaincheck.Checker, error) {
	t, err := clientTLS("", c.Check.CAFile, config.ClientTLS{})
	if err != nil {
		return nil, fmt.Errorf("[check]: %w", err)
	}
	ours, unaddressed := reportAddresses(c)
	return domaincheck.New(domaincheck.Options{
		// Queries of a domain that does not answer must not delay those of another.
		DNS:   resolver.New(resolver.Options{Server: c.DNS.Server, Parallel: 8 * c.Check.Concurrency}),
		Roots: t.RootCAs, SMTPPort: c.Check.SMTPPort, HTTPSPort: c.Check.HTTPSPort, HELO: c.Check.EHLO, NoProbe: noProbe,
		Timeout: c.Check.Timeout, Concurrency: c.Check.Concurrency, Ours: ours, Unaddressed: unaddressed, Private: c.Check.AllowPrivate,
		Answered: clock.compareServer,
	}), nil
}

// reportAddresses returns the addresses that lead to polled mailboxes, and the users
// whose address is unknown: their username is none, and [check] addresses is empty.
func reportAddresses(c *config.Config) (addresses, unaddressed []string) {
	addresses = slices.Clone(c.Check.Addresses)
	for _, m := range c.Mailboxes {
		local, domain, is := strings.Cut(m.Username, "@")
		if !is {
			unaddressed = append(unaddressed, m.Username)
			continue
		}
		if ascii, err := config.Domain(domain); err == nil {
			domain = ascii // as a record has it
		}
		addresses = append(addresses, local+"@"+domain)
	}
	if len(c.Check.Addresses) > 0 {
		unaddressed = nil
	}
	return addresses, unaddressed
}

// newWatcher makes the watcher of the configured and the reported domains.
func (a *app) newWatcher(c *config.Config, d *db.DB) *watch.Watcher {
	return watch.New(watch.Options{
		Store: d, Own: ownDomains(c), IsDomain: isDomain, Now: time.Now, Log: a.log,
		Check: func(ctx context.Context, domains []domaincheck.Domain, done func(domaincheck.Result)) ([]domaincheck.Result, error) {
			checker, err := newChecker(c, false, a.clock) // each day anew, since ca_file may have changed
			if err != nil {
				return nil, err
			}
			return checker.CheckAll(ctx, domains, done)
		},
		Reports: func(ctx context.Context, domain string, now time.Time) (domaincheck.Reports, error) {
			s, err := digest.PolicyStanding(ctx, d, domain, now)
			return domaincheck.Reports{Ready: s.Ready, Failed: int64(s.Failed)}, err
		},
	})
}

// newProber makes the function that answers the probes of digests; nil if [check] confirm
// is off.
func newProber(c *config.Config) (func(context.Context, []report.Probe) map[report.Probe]report.Answer, error) {
	if !c.Check.Confirm {
		return nil, nil
	}
	all, err := newChecker(c, false, nil)
	if err != nil {
		return nil, err
	}
	dnsOnly, err := newChecker(c, true, nil)
	if err != nil {
		return nil, err
	}
	prober := watch.NewProber(watch.Options{Own: ownDomains(c), IsDomain: isDomain, Check: all.CheckAll, CheckDNS: dnsOnly.CheckAll, Now: time.Now})
	return prober.Probe, nil
}

// ownDomains returns the domains that the configuration names; one may begin with "*.".
func ownDomains(c *config.Config) []string {
	patterns := slices.Clone(c.Reports.Domains)
	for _, spec := range c.Digests {
		patterns = append(patterns, spec.Domains...)
	}
	return patterns
}

func isDomain(name string) bool {
	_, err := config.Domain(name)
	return err == nil
}
