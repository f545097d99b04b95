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

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/internal/watch"
)

// errFindings makes check end with exit status 3.
var errFindings = errors.New("there is something to mend")

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
			return a.withReadDB(cmd.Context(), func(c *config.Config, d *db.DB) error {
				return a.check(cmd.Context(), c, d, named, noProbe, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	cmd.Flags().BoolVar(&noProbe, "no-probe", false, "do not connect to the mail servers")
	return cmd
}

func (a *app) check(ctx context.Context, c *config.Config, d *db.DB, named []string, noProbe, asJSON bool) error {
	w := a.newWatcher(c, d)
	domains, err := w.Domains(ctx, named)
	if err != nil {
		return err
	}
	if len(domains) == 0 {
		return usage("no domain to check: name one, as in tlsbrief check example.com")
	}
	checker, err := newChecker(c, noProbe, nil)
	if err != nil {
		return err
	}
	if err := w.AddHistory(ctx, domains); err != nil {
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
		return watch.ErrNoDNS
	}
	if slices.ContainsFunc(results, func(r domaincheck.Result) bool { return r.Verdict != domaincheck.OK }) {
		return errFindings
	}
	return nil
}

// maxDomains bounds how many domains one check takes.
const maxDomains = 100_000

// readDomains returns the domains of the command line, of the files named there, and
// of standard input.
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

// printChecks prints results as JSON, as a table on a terminal, or as a list elsewhere.
func (a *app) printChecks(results []domaincheck.Result, asJSON bool) error {
	if asJSON {
		return newJSONEncoder(a.stdout).Encode(struct {
			Domains []domaincheck.Result `json:"domains"`
		}{results})
	}
	if width, is := terminalWidth(a.stdout); is && width >= minTableWidth {
		t := checkTable(results)
		return t.print(a.stdout, min(width, maxTableWidth))
	}
	return a.listChecks(results)
}

// A narrower terminal gets a list instead of a table; in a wider table lines would be
// too long to read.
const (
	minTableWidth = 60
	maxTableWidth = 120
)

// checkTable returns a table with a row for each finding and for each address that showed its TLS.
func checkTable(results []domaincheck.Result) *table {
	t := &table{heads: [4]string{"Severity", "Domain", "What", "What to do"}}
	for _, r := range results {
		name := tlsrpt.ReadableDomain(r.Domain)
		if r.Verdict == domaincheck.OK {
			t.row(string(domaincheck.OK), name, "nothing to mend", "")
		}
		for _, f := range r.Findings {
			t.row(string(f.Severity), name, string(f.Code)+": "+findingText(f), f.Fix)
		}
		for _, s := range r.Servers {
			if s.TLSVersion != "" {
				t.row(string(domaincheck.Info), name, fmt.Sprintf("%s (%s): %s", s.Host, s.Address, tlsText(s)), "")
			}
		}
	}
	return t
}

// findingText returns a finding's message and the result type that senders report.
func findingText(f domaincheck.Finding) string {
	if f.ResultType == "" {
		return f.Message
	}
	return f.Message + " Senders report it as " + string(f.ResultType) + "."
}

// tlsText returns the TLS version, cipher suite and certificate expiry of a server.
func tlsText(s domaincheck.Server) string {
	text := s.TLSVersion + ", " + s.CipherSuite
	switch {
	case s.Days == nil:
		return text
	case *s.Days < 0:
		return text + "; the certificate has expired"
	default:
		return fmt.Sprintf("%s; the certificate expires in %s", text, plural(int64(*s.Days), "day"))
	}
}

func (a *app) listChecks(results []domaincheck.Result) error {
	p := &printer{a: a}
	for _, r := range results {
		p.printf("%-8s %s\n", r.Verdict, truncate(r.Domain, 70))
		for _, f := range r.Findings {
			p.printf("  %-7s %s\n", f.Severity, f.Code)
			printWrapped(p, findingText(f))
			if f.Fix != "" {
				printWrapped(p, "-> "+f.Fix)
			}
		}
		for _, s := range r.Servers {
			if s.TLSVersion != "" {
				p.printf("  %-7s %s (%s)\n", "server", truncate(s.Host, 50), s.Address)
				printWrapped(p, tlsText(s))
			}
		}
	}
	return p.err
}

// printWrapped prints text behind a margin, within 80 columns.
func printWrapped(p *printer, text string) {
	for _, line := range wrap(printable(text), 70) {
		p.printf("          %s\n", line)
	}
}
