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
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/config"
	"tlsbrief/db"
	"tlsbrief/domaincheck"
	"tlsbrief/resolver"
)

// errMend ends check with exit status 3.
var errMend = errors.New("there is something to mend")

// maxDomains bounds how many domains one check takes.
const maxDomains = 100_000

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
argument that begins with "@" from a file. Exit status 3: something is to be
mended.`,
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
	checker, err := newChecker(c, noProbe)
	if err != nil {
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
		return errors.New("DNS answered for none of the domains: see [dns] server (tlsbrief verify tries it)")
	}
	if slices.ContainsFunc(results, func(r domaincheck.Result) bool { return r.Verdict != domaincheck.OK }) {
		return errMend
	}
	return nil
}

func (a *app) printChecks(results []domaincheck.Result, asJSON bool) error {
	if asJSON {
		return newJSONEncoder(a.stdout).Encode(struct {
			Domains []domaincheck.Result `json:"domains"`
		}{results})
	}
	p := &printer{a: a}
	for _, r := range results {
		p.printf("%-8s %s\n", r.Verdict, short(r.Domain, 70))
		for _, f := range r.Findings {
			p.printf("  %-7s %s\n", f.Severity, f.Code)
			printWrapped(p, f.Message)
			if f.ResultType != "" {
				printWrapped(p, "Senders report it as "+string(f.ResultType)+".")
			}
			if f.Fix != "" {
				printWrapped(p, "-> "+f.Fix)
			}
		}
	}
	return p.err
}

// printWrapped prints text behind a margin, within 80 columns.
func printWrapped(p *printer, text string) {
	const margin, width = "          ", 70
	line := ""
	for _, word := range strings.Fields(clean(text)) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			p.printf("%s%s\n", margin, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	p.printf("%s%s\n", margin, line)
}

// newChecker makes the checker that the configuration describes.
func newChecker(c *config.Config, noProbe bool) (*domaincheck.Checker, error) {
	t, err := clientTLS("", c.Check.CAFile, config.ClientTLS{})
	if err != nil {
		return nil, fmt.Errorf("[check]: %w", err)
	}
	ours := slices.Clone(c.Check.Addresses)
	for _, m := range c.Mailboxes {
		if strings.Contains(m.Username, "@") {
			ours = append(ours, m.Username)
		}
	}
	return domaincheck.New(domaincheck.Options{
		// A domain that does not answer must keep no query of another waiting.
		DNS:   resolver.New(resolver.Options{Server: c.DNS.Server, Parallel: 8 * c.Check.Concurrency}),
		Roots: t.RootCAs, SMTPPort: c.Check.SMTPPort, HTTPSPort: c.Check.HTTPSPort, HELO: c.Check.EHLO, NoProbe: noProbe,
		Timeout: c.Check.Timeout, Concurrency: c.Check.Concurrency, Ours: ours, Private: c.Check.AllowPrivate,
	}), nil
}

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
	patterns := slices.Clone(c.Reports.Domains)
	for _, dg := range c.Digests {
		patterns = append(patterns, dg.Domains...)
	}
	own := func(name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			rest, wild := strings.CutPrefix(p, "*")
			return p == name || wild && strings.HasSuffix(name, rest)
		})
	}
	reported := []string{}
	if len(named) == 0 {
		for _, p := range patterns {
			if !strings.HasPrefix(p, "*") {
				named = append(named, p)
			}
		}
		totals, err := d.DayTotals(ctx, nil, time.Time{}, time.Time{})
		if err != nil {
			return nil, err
		}
		for _, t := range totals {
			reported = append(reported, t.Domain)
		}
	}
	var domains []domaincheck.Domain
	for _, name := range unique(named) {
		domains = append(domains, domaincheck.Domain{Name: name})
	}
	for _, name := range unique(reported) {
		if _, err := config.Domain(name); err == nil && !slices.Contains(named, name) {
			domains = append(domains, domaincheck.Domain{Name: name, Reported: !own(name)})
		}
	}
	if len(domains) == 0 {
		return nil, usage("no domain to check: name one, as in tlsbrief check example.com")
	}
	return domains, nil
}
