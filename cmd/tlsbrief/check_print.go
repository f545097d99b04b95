package main

import (
	"fmt"

	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/tlsrpt"
)

// printChecks prints what was found: as JSON, as a table on a terminal, and as a
// list elsewhere.
func (a *app) printChecks(results []domaincheck.Result, asJSON bool) error {
	if asJSON {
		return newJSONEncoder(a.stdout).Encode(struct {
			Domains []domaincheck.Result `json:"domains"`
		}{results})
	}
	if width, is := terminalWidth(a.stdout); is && width >= narrowest {
		t := checkTable(results)
		return t.print(a.stdout, min(width, widest))
	}
	return a.listChecks(results)
}

// Between these widths a table is worth its columns, and its lines can be read.
const (
	narrowest = 60
	widest    = 120
)

// checkTable has a row for each finding and for each address that showed its TLS.
func checkTable(results []domaincheck.Result) *table {
	t := &table{heads: [4]string{"Severity", "Domain", "What", "What to do"}}
	for _, r := range results {
		name := tlsrpt.ReadableDomain(r.Domain)
		if r.Verdict == domaincheck.OK {
			t.row(string(domaincheck.OK), name, "nothing to mend", "")
		}
		for _, f := range r.Findings {
			t.row(string(f.Severity), name, string(f.Code)+": "+said(f), f.Fix)
		}
		for _, s := range r.Servers {
			if s.TLSVersion != "" {
				t.row(string(domaincheck.Info), name, fmt.Sprintf("%s (%s): %s", s.Host, s.Address, shown(s)), "")
			}
		}
	}
	return t
}

// said is a finding's message and what senders make of it.
func said(f domaincheck.Finding) string {
	if f.ResultType == "" {
		return f.Message
	}
	return f.Message + " Senders report it as " + string(f.ResultType) + "."
}

// shown says what a server showed of its TLS.
func shown(s domaincheck.Server) string {
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
		p.printf("%-8s %s\n", r.Verdict, short(r.Domain, 70))
		for _, f := range r.Findings {
			p.printf("  %-7s %s\n", f.Severity, f.Code)
			printWrapped(p, said(f))
			if f.Fix != "" {
				printWrapped(p, "-> "+f.Fix)
			}
		}
		for _, s := range r.Servers {
			if s.TLSVersion != "" {
				p.printf("  %-7s %s (%s)\n", "server", short(s.Host, 50), s.Address)
				printWrapped(p, shown(s))
			}
		}
	}
	return p.err
}

// printWrapped prints text behind a margin, within 80 columns.
func printWrapped(p *printer, text string) {
	for _, line := range wrap(clean(text), 70) {
		p.printf("          %s\n", line)
	}
}
