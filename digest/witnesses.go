package digest

import (
	"context"
	"fmt"
	"slices"

	"tlsbrief/internal/report"
)

// witnesses are the reporters that saw a cause on the last day with it, and the
// last day on which each reporter was heard of since. That a cause is not
// reported any more says nothing while those that saw it are silent.
type witnesses struct {
	saw   map[stream]map[cause]map[string]string // names by key
	heard map[stream]map[string]day
}

// silentSince returns the names of those that saw a cause, where none of them has
// reported on its stream after the given day; nothing where one has, or where
// nobody is known to have seen it.
func (w witnesses) silentSince(s stream, c cause, last day) []string {
	var names []string
	for key, name := range w.saw[s][c] {
		if w.heard[s][key] > last {
			return nil
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// readWitnesses reads who saw what this digest would call resolved.
func (d *Digester) readWitnesses(ctx context.Context, m *material) error {
	gone := m.gone()
	if len(gone) == 0 {
		return nil
	}
	domains, first := []string{}, m.Until
	for s, causes := range gone {
		domains = append(domains, s.Domain)
		for _, last := range causes {
			first = min(first, last)
		}
	}
	slices.Sort(domains)
	last := m.lastRead()
	w := witnesses{saw: map[stream]map[cause]map[string]string{}, heard: map[stream]map[string]day{}}
	f := report.Filter{Domains: slices.Compact(domains), From: first.time(), To: (last + 1).time()}
	err := d.o.DB.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		s := stream{row.Domain(), row.Policy.Type}
		if gone[s] != nil && row.Auth.Result.Counts() {
			w.add(row, s, gone[s])
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading who saw what is not seen any more: %w", err)
	}
	m.Witnesses = w
	return nil
}

// gone returns the causes that were seen on the last day with reports before
// those covered and on none of these, with that day.
func (m *material) gone() map[stream]map[cause]day {
	out := map[stream]map[cause]day{}
	if len(m.Failures) == 0 && len(m.Days) == 0 {
		return out
	}
	h := newHistory(m.Days, m.Failures)
	for name, d := range m.Tally.domains {
		for kind, t := range d.types {
			s := stream{name, kind}
			for c, st := range h.resolved(s, t.sessions, t.causes) {
				if out[s] == nil {
					out[s] = map[cause]day{}
				}
				out[s][c] = st.Last
			}
		}
	}
	return out
}

// add notes what one row tells: that its sender was heard, and what it saw.
func (w witnesses) add(row *report.PolicyRow, s stream, gone map[cause]day) {
	who, on := reporterOf(row), dayOf(row.Report.Start)
	if w.heard[s] == nil {
		w.heard[s] = map[string]day{}
		w.saw[s] = map[cause]map[string]string{}
	}
	if row.Policy.Successful.Plus(row.Policy.Failed) > 0 {
		w.heard[s][who.key()] = max(w.heard[s][who.key()], on)
	}
	for c := range causesOf(row) {
		if last, ok := gone[c]; ok && on == last {
			if w.saw[s][c] == nil {
				w.saw[s][c] = map[string]string{}
			}
			w.saw[s][c][who.key()] = reporterName(who)
		}
	}
}
