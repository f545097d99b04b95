package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
)

// checkDomains is the daily look at every domain of the configuration and of the
// reports: what it finds is kept, and what changed since the one before.
func (w *workday) checkDomains(ctx context.Context) {
	if !w.checking.TryLock() {
		return // the one before is not through yet
	}
	defer w.checking.Unlock()
	start := time.Now()
	domains, err := w.domainsOfToday(ctx, start)
	if errors.Is(err, errUsage) {
		w.a.log.Info("no domain to check: the configuration names none, and no report has come")
		return
	}
	var checker *domaincheck.Checker
	if err == nil {
		checker, err = newChecker(w.c, false, w.a.clock)
	}
	if err != nil {
		w.failed(ctx, "checking the domains", err)
		return
	}
	k := &keeper{w: w, at: start}
	var unanswered []domaincheck.Result
	_, err = checker.CheckAll(ctx, domains, func(r domaincheck.Result) {
		switch {
		case ctx.Err() != nil: // it may be a look that was cut short
		case !r.Answered:
			unanswered = append(unanswered, r)
		default:
			k.keep(ctx, r)
		}
	})
	if err == nil && len(unanswered) == len(domains) {
		err = errNoDNS // which says nothing of the domains
	}
	if err != nil {
		w.failed(ctx, "checking the domains", err)
		return
	}
	for _, r := range unanswered {
		k.keep(ctx, r)
	}
	w.a.log.Info("checked the domains", "count", len(domains), "to_mend", k.mend, "changes", k.changes, "elapsed", time.Since(start).Round(time.Millisecond))
}

// A keeper keeps what a check finds at each domain, and counts it.
type keeper struct {
	w             *workday
	at            time.Time
	mend, changes int
}

// keep keeps a look that was finished, also where the worker is stopped meanwhile:
// it would have to be made again.
func (k *keeper) keep(ctx context.Context, r domaincheck.Result) {
	if r.Verdict != domaincheck.OK {
		k.mend++
	}
	k.changes += len(r.Changes)
	if err := saveCheck(context.WithoutCancel(ctx), k.w.db, r, k.at); err != nil {
		k.w.a.log.Error("keeping what was found at a domain", "domain", r.Domain, "err", err)
	}
}

// domainsOfToday are those to look at, with what is known of them.
func (w *workday) domainsOfToday(ctx context.Context, now time.Time) ([]domaincheck.Domain, error) {
	domains, err := domainsToCheck(ctx, w.c, w.db, nil)
	if err != nil {
		return nil, err
	}
	before, err := w.db.DomainChecks(ctx, nil)
	if err != nil {
		return nil, err
	}
	domains, left := turns(domains, before, maxReported)
	if left > 0 {
		w.a.log.Warn("reports name more domains than are looked at in a day: those of your own are all looked at if [reports] domains names them", "count", left)
	}
	return domains, told(ctx, w.db, domains, before, now)
}

// maxReported is how many of the domains that only reports name are looked at in a
// day: anybody's report may name thousands.
const maxReported = 5000

// turns leaves out domains that only reports name where there are too many: of those
// that were looked at before, the longest ago comes first, and after them new ones.
func turns(domains []domaincheck.Domain, before map[string]report.DomainCheck, most int) (chosen []domaincheck.Domain, left int) {
	var reported []domaincheck.Domain
	for _, d := range domains {
		if d.Reported {
			reported = append(reported, d)
		} else {
			chosen = append(chosen, d)
		}
	}
	slices.SortStableFunc(reported, func(a, b domaincheck.Domain) int {
		was, known := before[a.Name]
		other, otherKnown := before[b.Name]
		if known != otherKnown {
			return map[bool]int{true: -1, false: 1}[known]
		}
		return was.At.Compare(other.At)
	})
	n := min(len(reported), most)
	return append(chosen, reported[:n]...), len(reported) - n
}

// dueCheck reports whether the domains were not looked at for a day, as after the
// worker was down.
func (w *workday) dueCheck(ctx context.Context, now time.Time) bool {
	checks, err := w.db.DomainChecks(ctx, nil)
	if err != nil {
		return false // the schedule will find the database better, or say so
	}
	for _, c := range checks {
		if now.Sub(c.At) < 24*time.Hour {
			return false
		}
	}
	return true
}

// saveCheck keeps a look.
func saveCheck(ctx context.Context, d *db.DB, r domaincheck.Result, at time.Time) error {
	seen, err := json.Marshal(r.Kept)
	if err != nil {
		return err
	}
	c := report.DomainCheck{Domain: r.Domain, At: at, Mode: r.Kept.Mode, Seen: seen}
	for _, f := range r.Findings {
		c.Findings = append(c.Findings, report.CheckFinding{
			Check: f.Check, Code: string(f.Code), Severity: string(f.Severity), Message: f.Message, Fix: f.Fix, ResultType: f.ResultType,
		})
	}
	var changes []report.DomainChange
	for _, ch := range r.Changes {
		changes = append(changes, report.DomainChange{Domain: r.Domain, At: at, Code: string(ch.Code), Message: ch.Message, Fix: ch.Fix})
	}
	return d.SaveDomainCheck(ctx, c, changes)
}

// readSeen reads what the look before saw.
func readSeen(c report.DomainCheck) (*domaincheck.Seen, error) {
	seen := new(domaincheck.Seen)
	if err := json.Unmarshal(c.Seen, seen); err != nil {
		return nil, fmt.Errorf("reading what was seen at %s: %w", c.Domain, err)
	}
	return seen, nil
}
