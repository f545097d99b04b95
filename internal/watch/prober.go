package watch

import (
	"context"

	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
)

// A Prober answers the probes of digests by looks at their domains, within a budget
// over all digests. It may be used by several goroutines.
type Prober struct {
	o      Options
	budget budget
}

// NewProber returns a Prober.
func NewProber(o Options) *Prober { return &Prober{o: o} }

// Probe answers the probes of one digest. It leaves out those for which there is no
// time, and those of what is no domain.
func (p *Prober) Probe(ctx context.Context, probes []report.Probe) map[report.Probe]report.Answer {
	start := p.o.Now()
	limit, connect := p.budget.take(start)
	if limit <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var domains []domaincheck.Domain
	index := map[string]int{}
	for _, q := range probes {
		if _, known := index[q.Domain]; !known && p.o.IsDomain(q.Domain) {
			index[q.Domain] = len(domains)
			domains = append(domains, domaincheck.Domain{Name: q.Domain, Reported: !p.o.own(q.Domain)})
		}
	}
	check, done := p.o.CheckDNS, func(domaincheck.Result) {}
	if connect {
		check, done = p.o.Check, func(r domaincheck.Result) { p.budget.record(r, p.o.Now()) }
	}
	results, _ := check(ctx, domains, done) // the error says that time ran out; what was found before stands
	p.budget.spend(p.o.Now().Sub(start))
	answers := map[report.Probe]report.Answer{}
	for _, q := range probes {
		if i, ok := index[q.Domain]; ok {
			answers[q] = answer(results[i], q)
		}
	}
	return answers
}

// answer answers a probe from the result of a look.
func answer(r domaincheck.Result, q report.Probe) report.Answer {
	c := r.Silence()
	if q.Result != "" {
		c = r.Confirm(q.MX, q.Result)
	}
	a := report.Answer{State: report.AnswerUnchecked, Words: c.Message, Fix: c.Fix}
	switch c.State {
	case domaincheck.Confirmed:
		a.State = report.AnswerSo
	case domaincheck.OtherFault:
		a.State = report.AnswerOther
	case domaincheck.NotSeen:
		a.State = report.AnswerNotSeen
	case domaincheck.NotProbed:
		a.Words = "None of the mail servers tried before could be connected to on port 25: most likely such connections are blocked on their way out."
	}
	return a
}
