package digest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

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
	m, err := d.read(ctx, t, t.selection(state, at, now))
	if err != nil {
		return err
	}
	next := state
	next.Watermark, next.LastRun = max(state.Watermark, m.Watermark), now
	if t.kind == kindFallback && !m.hasNews() {
		return d.o.DB.SaveDigestState(ctx, t.Name, next)
	}
	j := judge(m)
	was := readSaid(state.Said)
	says := j.says(was)
	if !t.worthSending(j, Verdict(state.Verdict), was, says) {
		d.o.Log.Info("digest not sent: nothing to tell", "digest", t.Name, "only_when", string(t.OnlyWhen), "verdict", string(j.Verdict))
		next.Untold = m.Untold.plus(m.Tally, state).String()
		return d.o.DB.SaveDigestState(ctx, t.Name, next)
	}
	next.Verdict, next.Said, next.Untold = string(j.Verdict), "", ""
	if t.choosy() {
		next.Said = says.about(j.Domains).String()
	}
	d.look(ctx, j)
	r, err := d.render(j)
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
	d.o.Log.Info("digest built", "digest", t.Name, "message_id", message.MessageID, "count", len(m.Tally.reports))
	return nil
}

// selection says what a run for the scheduled time covers.
func (t *task) selection(state report.DigestState, at, now time.Time) selection {
	cutoff := t.schedule.start(at.In(t.schedule.location))
	return selection{
		newsAfter: state.Watermark, cutoff: cutoff, now: now, lastRun: state.LastRun,
		first: min(dayOf(cutoff), dayOf(now)-1), untold: readUntold(state.Untold),
	}
}

// Preview renders a digest without writing anything: of the UTC days from to
// (exclusive) that reports are about, or, where both are zero, of what the next
// run would cover. An empty name will do where there is only one digest.
func (d *Digester) Preview(ctx context.Context, name string, from, to time.Time) (*Rendered, error) {
	if name == "" && len(d.tasks) == 1 {
		name = d.tasks[0].Name
	}
	t, err := d.task(name)
	if err != nil {
		return nil, err
	}
	now := d.o.Now()
	state, err := d.o.DB.DigestState(ctx, t.Name)
	if err != nil {
		return nil, fmt.Errorf("digest %q: reading when it last ran: %w", t.Name, err)
	}
	var sel selection
	if from.IsZero() && to.IsZero() {
		at, due, err := t.schedule.due(state.LastRun, now)
		if err == nil && !due {
			at, err = t.schedule.next(now)
		}
		if err != nil {
			return nil, fmt.Errorf("digest %q: %w", t.Name, err)
		}
		sel = t.selection(state, at, now)
	} else {
		if !dayAfter(from, to) {
			return nil, fmt.Errorf("digest %q: the days asked for end (%s) before they begin (%s)", t.Name, to.Format(time.DateOnly), from.Format(time.DateOnly))
		}
		if dayOf(from) > dayOf(now) {
			return nil, fmt.Errorf("digest %q: the days asked for, from %s on, have not come yet", t.Name, from.Format(time.DateOnly))
		}
		sel = selection{byDays: true, from: dayOf(from), to: dayOf(to), now: now, lastRun: state.LastRun}
	}
	m, err := d.read(ctx, t, sel)
	if err != nil {
		return nil, fmt.Errorf("digest %q: %w", t.Name, err)
	}
	j := judge(m)
	d.look(ctx, j)
	return d.render(j)
}

// dayAfter reports whether the days from to (exclusive) are any.
func dayAfter(from, to time.Time) bool { return cmp.Less(dayOf(from), dayOf(to)) }
