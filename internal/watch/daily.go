package watch

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
)

// ErrNoDNS is about the resolver and not about the domains.
var ErrNoDNS = errors.New("DNS answered for none of the domains: see [dns] server (tlsbrief verify tries it)")

// maxReported is how many of the domains that only reports name are looked at in a
// day: anybody's report may name thousands.
const maxReported = 5000

// Due reports whether no domain was looked at for a day, as after the program was
// not running.
func (w *Watcher) Due(ctx context.Context) bool {
	checks, err := w.o.Store.DomainChecks(ctx, nil)
	if err != nil {
		return false // the daily check finds the database readable, or reports the error
	}
	for _, c := range checks {
		if w.o.Now().Sub(c.At) < 24*time.Hour {
			return false
		}
	}
	return true
}

// CheckDaily looks at every domain of the configuration and of the reports. It stores
// what it finds, and what has changed since the check before. It returns at once
// while another call is running.
func (w *Watcher) CheckDaily(ctx context.Context) error {
	if !w.running.TryLock() {
		return nil
	}
	defer w.running.Unlock()
	start := w.o.Now()
	domains, err := w.today(ctx, start)
	if err != nil {
		return err
	}
	if len(domains) == 0 {
		w.o.Log.Info("no domain to check: the configuration names none, and no report has come")
		return nil
	}
	s := &storing{o: &w.o, at: start}
	var unanswered []domaincheck.Result
	_, err = w.o.Check(ctx, domains, func(r domaincheck.Result) {
		switch {
		case ctx.Err() != nil: // the look may have been cut short
		case !r.Answered:
			unanswered = append(unanswered, r)
		default:
			s.store(ctx, r)
		}
	})
	if err != nil {
		return err
	}
	if len(unanswered) == len(domains) {
		return ErrNoDNS
	}
	for _, r := range unanswered {
		s.store(ctx, r)
	}
	w.o.Log.Info("checked the domains", "count", len(domains), "to_mend", s.faulty, "changes", s.changes, "elapsed", w.o.Now().Sub(start).Round(time.Millisecond))
	return nil
}

// today returns the domains to look at, with what is known of them.
func (w *Watcher) today(ctx context.Context, now time.Time) ([]domaincheck.Domain, error) {
	domains, err := w.Domains(ctx, nil)
	if err != nil || len(domains) == 0 {
		return nil, err
	}
	before, err := w.o.Store.DomainChecks(ctx, nil)
	if err != nil {
		return nil, err
	}
	domains, left := turns(domains, before)
	if left > 0 {
		w.o.Log.Warn("reports name more domains than are looked at in a day: those of your own are all looked at if [reports] domains names them", "count", left)
	}
	return domains, w.addHistory(ctx, domains, before, now)
}

// turns leaves out domains that only reports name if there are more than maxReported:
// those that were looked at before come first, the longest ago at the front, and new
// ones after them.
func turns(domains []domaincheck.Domain, before map[string]report.DomainCheck) (today []domaincheck.Domain, left int) {
	var reported []domaincheck.Domain
	for _, d := range domains {
		if d.Reported {
			reported = append(reported, d)
		} else {
			today = append(today, d)
		}
	}
	slices.SortStableFunc(reported, func(a, b domaincheck.Domain) int {
		last, known := before[a.Name]
		other, otherKnown := before[b.Name]
		switch {
		case known == otherKnown:
			return last.At.Compare(other.At)
		case known:
			return -1
		}
		return 1
	})
	n := min(len(reported), maxReported)
	return append(today, reported[:n]...), len(reported) - n
}

// A storing stores the results of one daily check and counts them.
type storing struct {
	o               *Options
	at              time.Time
	faulty, changes int
}

// store stores a finished look even if ctx has ended meanwhile: the look would have
// to be repeated.
func (s *storing) store(ctx context.Context, r domaincheck.Result) {
	if r.Verdict != domaincheck.OK {
		s.faulty++
	}
	s.changes += len(r.Changes)
	if err := s.save(context.WithoutCancel(ctx), r); err != nil {
		s.o.Log.Error("keeping what was found at a domain", "domain", r.Domain, "err", err)
	}
}

func (s *storing) save(ctx context.Context, r domaincheck.Result) error {
	seen, err := json.Marshal(r.Kept)
	if err != nil {
		return err
	}
	c := report.DomainCheck{Domain: r.Domain, At: s.at, Mode: r.Kept.Mode, Seen: seen}
	for _, f := range r.Findings {
		c.Findings = append(c.Findings, report.CheckFinding{
			Check: f.Check, Code: string(f.Code), Severity: string(f.Severity), Message: f.Message, Fix: f.Fix, ResultType: f.ResultType,
		})
	}
	var changes []report.DomainChange
	for _, ch := range r.Changes {
		changes = append(changes, report.DomainChange{Domain: r.Domain, At: s.at, Code: string(ch.Code), Message: ch.Message, Fix: ch.Fix})
	}
	return s.o.Store.SaveDomainCheck(ctx, c, changes)
}
