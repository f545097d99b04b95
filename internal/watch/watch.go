// Package watch decides which domains are looked at, when, and for how long. A
// [Watcher] looks at every domain once a day and stores what it finds. A [Prober]
// looks at the domains of a digest just before the digest is made.
//
// The looks themselves are package domaincheck's.
//
// # Trust
//
// Anybody's report may name any domain, and thousands of them. A Watcher looks at
// a bounded number of domains a day that only reports name, and marks them as such
// for package domaincheck. A Prober has a budget of time, and stops connecting to
// mail servers where none of them can be reached.
package watch

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
)

// Options says what to look at and by what means.
type Options struct {
	Store Store // of a Watcher

	// Own lists the domains that the configuration names. One may begin with "*.".
	Own []string
	// IsDomain reports whether a name from a report is that of a domain.
	IsDomain func(name string) bool

	Check    CheckFunc // looks at domains and at their mail servers
	CheckDNS CheckFunc // the same, but leaves the mail servers alone; of a Prober

	// Reports returns what reports tell of the MTA-STS policy of a domain; of a Watcher.
	Reports func(ctx context.Context, domain string, now time.Time) (domaincheck.Reports, error)

	Now func() time.Time
	Log *slog.Logger // of a Watcher
}

// A CheckFunc looks at domains as [domaincheck.Checker.CheckAll] does.
type CheckFunc func(ctx context.Context, domains []domaincheck.Domain, done func(domaincheck.Result)) ([]domaincheck.Result, error)

// A Store keeps what was found at domains.
type Store interface {
	// CountedDomains returns the domains that reports which count are about.
	CountedDomains(ctx context.Context) ([]string, error)
	// DomainChecks returns the last check of each of the domains; nil is all of them.
	DomainChecks(ctx context.Context, domains []string) (map[string]report.DomainCheck, error)
	// SaveDomainCheck replaces the last check of a domain and adds what has changed since.
	SaveDomainCheck(ctx context.Context, c report.DomainCheck, changes []report.DomainChange) error
}

// own reports whether the configuration names a domain.
func (o *Options) own(name string) bool {
	return slices.ContainsFunc(o.Own, func(pattern string) bool {
		suffix, wild := strings.CutPrefix(pattern, "*")
		return pattern == name || wild && strings.HasSuffix(name, suffix)
	})
}

// A Watcher looks at every domain once a day. Its methods may be called from several
// goroutines.
type Watcher struct {
	o       Options
	running sync.Mutex // held during the daily check
}

// New returns a Watcher.
func New(o Options) *Watcher { return &Watcher{o: o} }
