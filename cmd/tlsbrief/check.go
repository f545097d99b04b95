package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/domaincheck"
)

// errMend ends check with exit status 3.
var errMend = errors.New("there is something to mend")

// errNoDNS is about the resolver and not about the domains.
var errNoDNS = errors.New("DNS answered for none of the domains: see [dns] server (tlsbrief verify tries it)")

// newCheckCommand returns "tlsbrief check".
func newCheckCommand(a *app) *cobra.Command {
	var asJSON, noProbe bool
	cmd := &cobra.Command{
		Use:   "check [DOMAIN…]",
		Short: "Examine TLS-RPT, MTA-STS, MX, DANE and the mail servers of domains",
		Long: `Looks at what domains publish and at how their mail servers speak TLS, as a
sender does, and says what is wrong, what to do, and as what senders report it.

Without arguments it takes every domain in the configuration and in the recorded
reports. An argument "-" reads domains from standard input, one a line, and an
argument that begins with "@" from a file. On a terminal it prints a table, and
elsewhere a list. Exit status 3: something is to be mended.`,
		Example: "  tlsbrief check example.com\n  tlsbrief check --json --no-probe @domains.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			named, err := readDomains(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			return a.looking(cmd.Context(), func(c *config.Config, d *db.DB) error {
				return a.check(cmd.Context(), c, d, named, noProbe, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	cmd.Flags().BoolVar(&noProbe, "no-probe", false, "do not connect to the mail servers")
	return cmd
}

func (a *app) check(ctx context.Context, c *config.Config, d *db.DB, named []string, noProbe, asJSON bool) error {
	domains, err := domainsToCheck(ctx, c, d, named)
	if err != nil {
		return err
	}
	checker, err := newChecker(c, noProbe, nil)
	if err != nil {
		return err
	}
	before, err := d.DomainChecks(ctx, nil)
	if err != nil {
		return err
	}
	if err := told(ctx, d, domains, before, time.Now()); err != nil {
		return err
	}
	bar, done := newBar(a.stderr), int64(0)
	results, err := checker.CheckAll(ctx, domains, func(domaincheck.Result) {
		done++
		bar.count("check", done, int64(len(domains)))
	})
	bar.end()
	if err != nil {
		return fmt.Errorf("the check was stopped: %w", err)
	}
	if err := a.printChecks(results, asJSON); err != nil {
		return err
	}
	if !slices.ContainsFunc(results, func(r domaincheck.Result) bool { return r.Answered }) {
		return errNoDNS
	}
	if slices.ContainsFunc(results, func(r domaincheck.Result) bool { return r.Verdict != domaincheck.OK }) {
		return errMend
	}
	return nil
}
