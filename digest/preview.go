package digest

import (
	"context"
	"fmt"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/digest/words"
)

// Preview renders a digest without writing anything: of the UTC days from to
// (exclusive) that reports are about, or, where both are zero, of what the next
// run would cover. An empty name will do where there is only one digest.
func (d *Digester) Preview(ctx context.Context, name string, from, to time.Time) (*words.Rendered, error) {
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
	var q facts.Request
	if from.IsZero() && to.IsZero() {
		at, due, err := t.schedule.due(state.LastRun, now)
		if err == nil && !due {
			at, err = t.schedule.next(now)
		}
		if err != nil {
			return nil, fmt.Errorf("digest %q: %w", t.Name, err)
		}
		q = d.request(t, state, at, now)
	} else {
		if facts.DayOf(from) >= facts.DayOf(to) {
			return nil, fmt.Errorf("digest %q: the days asked for end (%s) before they begin (%s)", t.Name, to.Format(time.DateOnly), from.Format(time.DateOnly))
		}
		if facts.DayOf(from) > facts.DayOf(now) {
			return nil, fmt.Errorf("digest %q: the days asked for, from %s on, have not come yet", t.Name, from.Format(time.DateOnly))
		}
		q = d.requestOf(t, state, now)
		q.ByDays, q.From, q.To = true, facts.DayOf(from), facts.DayOf(to)
	}
	f, err := facts.Read(ctx, d.o.DB, q)
	if err != nil {
		return nil, fmt.Errorf("digest %q: %w", t.Name, err)
	}
	return d.render(ctx, t, judge.Judge(f, d.rules()))
}
