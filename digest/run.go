package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/digest/words"
	"tlsbrief/internal/report"
)

// RunDue builds every digest that is due, and then sends what waits in the
// outbox and may be tried now. One digest's failure stops no other; the error
// joins them all.
func (d *Digester) RunDue(ctx context.Context) error {
	return errors.Join(d.build(ctx, d.tasks), d.sendWaiting(ctx, "", d.o.Now()))
}

// Run is [Digester.RunDue] for the digest of this name, or for all of them where
// the name is empty, but tries waiting mail at once however long it should wait.
func (d *Digester) Run(ctx context.Context, name string) error {
	tasks := d.tasks
	if name != "" {
		t, err := d.task(name)
		if err != nil {
			return err
		}
		tasks = []*task{t}
	}
	return errors.Join(d.build(ctx, tasks), d.sendWaiting(ctx, name, time.Time{}))
}

// build makes the digests of tasks that are due.
func (d *Digester) build(ctx context.Context, tasks []*task) error {
	var faults []error
	for _, t := range tasks {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(faults, err)...)
		}
		if err := d.buildDue(ctx, t); err != nil {
			faults = append(faults, fmt.Errorf("digest %q: %w", t.Name, err))
		}
	}
	return errors.Join(faults...)
}

// buildDue puts one digest into the outbox if it is due.
func (d *Digester) buildDue(ctx context.Context, t *task) error {
	now := d.o.Now()
	state, err := d.o.DB.DigestState(ctx, t.Name)
	if err != nil {
		return fmt.Errorf("reading when it last ran: %w", err)
	}
	at, due, err := t.schedule.due(state.LastRun, now)
	if err != nil || !due {
		return err
	}
	f, err := facts.Read(ctx, d.o.DB, d.request(t, state, at, now))
	if err != nil {
		return err
	}
	j := judge.Judge(f, d.rules())
	next := state
	next.Watermark, next.LastRun = max(state.Watermark, f.Watermark), now
	if t.kind == kindFallback && !j.HasNews() {
		return d.o.DB.SaveDigestState(ctx, t.Name, next)
	}
	was := facts.ReadStatements(state.Said)
	says := j.Statements(was)
	if !t.OnlyWhen.WorthSending(j, judge.Verdict(state.Verdict), was, says) {
		d.o.Log.Info("digest not sent: nothing to tell", "digest", t.Name, "only_when", string(t.OnlyWhen), "verdict", string(j.Verdict))
		next.Untold = f.Unsent.Plus(f.Tally, state.LastRun, state.Watermark).String()
		return d.o.DB.SaveDigestState(ctx, t.Name, next)
	}
	next.Verdict, next.Said, next.Untold = string(j.Verdict), "", ""
	if t.OnlyWhen.Conditional() {
		next.Said = says.About(j.Names()).String()
	}
	r, err := d.render(ctx, t, j)
	if err != nil {
		return err
	}
	last, err := d.o.DB.LastMail(ctx, t.Name)
	if err != nil {
		return err
	}
	message, err := d.compose(t, r, now, last)
	if err != nil {
		return err
	}
	if _, err := d.o.DB.Enqueue(ctx, message, next); err != nil {
		return fmt.Errorf("putting it into the outbox: %w", err)
	}
	d.o.Log.Info("digest built", "digest", t.Name, "message_id", message.MessageID, "count", len(f.Tally.Reports))
	return nil
}

// request says what a run for the scheduled time covers.
func (d *Digester) request(t *task, state report.DigestState, at, now time.Time) facts.Request {
	q := d.requestOf(t, state, now)
	q.Cutoff = t.schedule.start(at.In(t.schedule.location))
	q.First = min(facts.DayOf(q.Cutoff), facts.DayOf(now)-1)
	q.SeqAfter, q.Unsent = state.Watermark, facts.ReadUnsent(state.Untold)
	return q
}

// requestOf says what any run of a digest is made of.
func (d *Digester) requestOf(t *task, state report.DigestState, now time.Time) facts.Request {
	q := facts.Request{Patterns: t.patterns, Now: now, LastRun: state.LastRun, Rejected: t.kind != kindConfigured, Mailboxes: d.o.Mailboxes}
	if d.o.Overrun != nil {
		q.Overrun = d.o.Overrun()
	}
	return q
}

// rules returns those by which every digest is judged.
func (d *Digester) rules() judge.Rules {
	return judge.Rules{Waivers: d.o.Waivers, WarnAfter: d.o.WarnAfter}
}

// render has the probes made that were asked for, and puts a judgement into words.
func (d *Digester) render(ctx context.Context, t *task, j *judge.Judgement) (*words.Rendered, error) {
	if probes := j.Probes(); d.o.Probe != nil && len(probes) > 0 {
		j.Apply(d.o.Probe(ctx, probes))
	}
	return words.Render(d.o.Templates, j, words.Options{
		Name: t.Name, Prefix: t.Prefix, Asked: t.Domains, All: t.kind == kindAll, Fallback: t.kind == kindFallback, Location: t.Location,
		AuthenticityOff: d.o.AuthenticityOff, Version: d.o.Version,
	})
}
