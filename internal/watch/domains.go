package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
)

// Domains returns the named domains, or if none is named those that the
// configuration and the reports name. Each is there once.
func (w *Watcher) Domains(ctx context.Context, named []string) ([]domaincheck.Domain, error) {
	var reported []string
	if len(named) == 0 {
		named = slices.DeleteFunc(slices.Clone(w.o.Own), func(pattern string) bool { return strings.HasPrefix(pattern, "*") })
		var err error
		if reported, err = w.o.Store.CountedDomains(ctx); err != nil {
			return nil, err
		}
	}
	var domains []domaincheck.Domain
	known := map[string]bool{}
	add := func(d domaincheck.Domain) {
		if !known[d.Name] {
			known[d.Name] = true
			domains = append(domains, d)
		}
	}
	for _, name := range named {
		add(domaincheck.Domain{Name: name})
	}
	for _, name := range reported {
		if w.o.IsDomain(name) {
			add(domaincheck.Domain{Name: name, Reported: !w.o.own(name)})
		}
	}
	return domains, nil
}

// AddHistory fills in what the last check of each domain saw, and what reports tell
// of its policy.
func (w *Watcher) AddHistory(ctx context.Context, domains []domaincheck.Domain) error {
	before, err := w.o.Store.DomainChecks(ctx, nil)
	if err != nil {
		return err
	}
	return w.addHistory(ctx, domains, before, w.o.Now())
}

func (w *Watcher) addHistory(ctx context.Context, domains []domaincheck.Domain, before map[string]report.DomainCheck, now time.Time) error {
	for i := range domains {
		d := &domains[i]
		if c, ok := before[d.Name]; ok {
			d.Before = new(domaincheck.Seen)
			if err := json.Unmarshal(c.Seen, d.Before); err != nil {
				return fmt.Errorf("reading what was seen at %s: %w", c.Domain, err)
			}
		}
		var err error
		if d.Reports, err = w.o.Reports(ctx, d.Name, now); err != nil {
			return err
		}
	}
	return nil
}
