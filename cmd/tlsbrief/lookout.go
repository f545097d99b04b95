package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"tlsbrief/internal/config"
	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
)

// Bounds of the looks that digests ask for.
const (
	lookFor     = 45 * time.Second // for one digest
	lookBudget  = 10 * time.Minute // for all digests of an hour
	closedAfter = 3                // domains in a row whose mail servers cannot be connected to: the port is closed from here
	closedFor   = time.Hour
	lookHour    = time.Hour
)

// A lookout answers the questions of digests by looking at domains. It is bounded
// over many digests, too: where port 25 is blocked, each look at a mail server
// would wait for nothing.
type lookout struct {
	c      *config.Config
	all    *domaincheck.Checker
	noMail *domaincheck.Checker // leaves the mail servers alone

	mu     sync.Mutex
	closed int       // domains in a row whose servers could not be connected to
	shutAt time.Time // when that was taken for a closed port
	since  time.Time // the hour that spent is about
	spent  time.Duration
}

// newLookout returns nil where the configuration does not want one.
func newLookout(c *config.Config) (*lookout, error) {
	if !c.Check.Confirm {
		return nil, nil
	}
	all, err := newChecker(c, false, nil)
	if err != nil {
		return nil, err
	}
	noMail, err := newChecker(c, true, nil)
	return &lookout{c: c, all: all, noMail: noMail}, err
}

// ask answers the questions of one digest.
func (l *lookout) ask(ctx context.Context, questions []report.Probe) map[report.Probe]report.Answer {
	limit, probing := l.may()
	if limit <= 0 {
		return nil
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	own := ownDomains(l.c)
	var domains []domaincheck.Domain
	for _, q := range questions {
		known := slices.ContainsFunc(domains, func(d domaincheck.Domain) bool { return d.Name == q.Domain })
		if _, err := config.Domain(q.Domain); err == nil && !known {
			domains = append(domains, domaincheck.Domain{Name: q.Domain, Reported: !own(q.Domain)})
		}
	}
	checker := l.all
	if !probing {
		checker = l.noMail
	}
	// What was found before time ran out stands; the error says no more than that.
	results, _ := checker.CheckAll(ctx, domains, func(r domaincheck.Result) { l.learn(r, probing) })
	l.pay(time.Since(start))
	answers := map[report.Probe]report.Answer{}
	for _, q := range questions {
		i := slices.IndexFunc(domains, func(d domaincheck.Domain) bool { return d.Name == q.Domain })
		if i >= 0 {
			answers[q] = answerFrom(results[i], q, probing)
		}
	}
	return answers
}

// answerFrom answers a question from what a look found.
func answerFrom(r domaincheck.Result, q report.Probe, probed bool) report.Answer {
	c := r.Silence()
	if q.Result != "" {
		c = r.Confirm(q.MX, q.Result)
	}
	if !probed && c.State == domaincheck.Unconfirmed && q.Result != "" && r.Domain != "" && c.Message == domaincheck.LeftAlone {
		c.Message = "None of the mail servers tried before could be connected to on port 25: most likely such connections are blocked on their way out."
	}
	state := map[domaincheck.ConfirmState]report.AnswerState{
		domaincheck.Confirmed: report.AnswerSo, domaincheck.OtherFault: report.AnswerOther,
		domaincheck.NotSeen: report.AnswerNotSeen, domaincheck.Unconfirmed: report.AnswerUnchecked,
	}[c.State]
	return report.Answer{State: state, Words: c.Message, Fix: c.Fix}
}

// may tells for how long a digest's looks may last, and whether mail servers are
// to be connected to.
func (l *lookout) may() (limit time.Duration, probing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.since) > lookHour {
		l.since, l.spent = now, 0
	}
	if !l.shutAt.IsZero() && now.Sub(l.shutAt) > closedFor {
		l.shutAt, l.closed = time.Time{}, 0
	}
	return min(lookFor, lookBudget-l.spent), l.shutAt.IsZero()
}

// learn notes whether mail servers can be connected to at all.
func (l *lookout) learn(r domaincheck.Result, probed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch closed := slices.ContainsFunc(r.Findings, func(f domaincheck.Finding) bool { return f.Code == domaincheck.ProbeClosed }); {
	case !probed:
	case closed:
		if l.closed++; l.closed == closedAfter {
			l.shutAt = time.Now()
		}
	case len(r.Servers) > 0:
		l.closed = 0
	}
}

// pay takes the time that looks took off the hour's.
func (l *lookout) pay(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent += took
}
