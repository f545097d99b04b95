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
)

// newChecker makes the checker that the configuration describes.
func newChecker(c *config.Config, noProbe bool, clock *clockCheck) (*domaincheck.Checker, error) {
	t, err := clientTLS("", c.Check.CAFile, config.ClientTLS{})
	if err != nil {
		return nil, fmt.Errorf("[check]: %w", err)
	}
	ours, unaddressed := readers(c)
	return domaincheck.New(domaincheck.Options{
		// A domain that does not answer must keep no query of another waiting.
		DNS:   resolver.New(resolver.Options{Server: c.DNS.Server, Parallel: 8 * c.Check.Concurrency}),
		Roots: t.RootCAs, SMTPPort: c.Check.SMTPPort, HTTPSPort: c.Check.HTTPSPort, HELO: c.Check.EHLO, NoProbe: noProbe,
		Timeout: c.Check.Timeout, Concurrency: c.Check.Concurrency, Ours: ours, Unaddressed: unaddressed, Private: c.Check.AllowPrivate,
		Answered: clock.answer,
	}), nil
}

// readers returns the addresses that lead to polled mailboxes, and the users of
// whom none is known: their username is no address, and the administrator has not
// said what addresses there are.
func readers(c *config.Config) (addresses, unaddressed []string) {
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

// told fills in what reports tell of the domains' policies, and what the look before
// saw of them.
func told(ctx context.Context, d *db.DB, domains []domaincheck.Domain, before map[string]report.DomainCheck, now time.Time) error {
	for i := range domains {
		dom := &domains[i]
		if c, ok := before[dom.Name]; ok {
			var err error
			if dom.Before, err = readSeen(c); err != nil {
				return err
			}
		}
		standing, err := digest.PolicyStanding(ctx, d, dom.Name, now)
		if err != nil {
			return err
		}
		dom.Told = domaincheck.Told{Ready: standing.Ready, Failed: int64(standing.Failed)}
	}
	return nil
}
