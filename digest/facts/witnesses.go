package facts

import (
	"context"
	"fmt"
	"slices"

	"tlsbrief/internal/report"
)

// Witnesses are the reporters that saw a cause on the last day with it, and the
// last day on which each reporter was heard of since. That a cause is not
// reported any more says nothing while those that saw it are silent.
type Witnesses struct {
	saw   map[PolicyKey]map[Cause]map[string]Reporter // by key
	heard map[PolicyKey]map[string]Day
}

// SilentSince returns those that saw a cause, where none of them has
// reported on its stream after the given day; nothing where one has, or where
// nobody is known to have seen it.
func (w Witnesses) SilentSince(s PolicyKey, c Cause, last Day) []Reporter {
	var silent []Reporter
	for key, who := range w.saw[s][c] {
		if w.heard[s][key] > last {
			return nil
		}
		silent = append(silent, who)
	}
	return silent
}

// witnesses reads who saw what this digest would call resolved.
func (r *reader) witnesses(ctx context.Context) error {
	gone := r.f.gone()
	if len(gone) == 0 {
		return nil
	}
	domains, first := []string{}, r.f.Until
	for s, causes := range gone {
		domains = append(domains, s.Domain)
		for _, last := range causes {
			first = min(first, last)
		}
	}
	slices.Sort(domains)
	last := r.f.lastRead()
	w := Witnesses{saw: map[PolicyKey]map[Cause]map[string]Reporter{}, heard: map[PolicyKey]map[string]Day{}}
	f := report.Filter{Domains: slices.Compact(domains), From: first.Time(), To: (last + 1).Time()}
	err := r.store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		s := PolicyKey{row.Domain(), row.Policy.Type}
		if gone[s] != nil && row.Auth.Result.Counts() {
			w.add(row, s, gone[s])
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading who saw what is not seen any more: %w", err)
	}
	r.f.Witnesses = w
	return nil
}

// gone returns the causes that were seen on the last day with reports before
// those covered and on none of these, with that day.
func (m *Facts) gone() map[PolicyKey]map[Cause]Day {
	out := map[PolicyKey]map[Cause]Day{}
	if len(m.Failures) == 0 && len(m.Days) == 0 {
		return out
	}
	h := NewHistory(m.Days, m.Failures)
	for name, d := range m.Tally.Domains {
		for kind, t := range d.Types {
			s := PolicyKey{name, kind}
			for c, st := range h.Resolved(s, t.Sessions, t.Causes) {
				if out[s] == nil {
					out[s] = map[Cause]Day{}
				}
				out[s][c] = st.Last
			}
		}
	}
	return out
}

// add notes what one row tells: that its sender was heard, and what it saw.
func (w Witnesses) add(row *report.PolicyRow, s PolicyKey, gone map[Cause]Day) {
	who, on := reporterOf(row), DayOf(row.Report.Start)
	if w.heard[s] == nil {
		w.heard[s] = map[string]Day{}
		w.saw[s] = map[Cause]map[string]Reporter{}
	}
	if row.Policy.Successful.Plus(row.Policy.Failed) > 0 {
		w.heard[s][who.Key()] = max(w.heard[s][who.Key()], on)
	}
	for c := range causesOf(row) {
		if last, ok := gone[c]; ok && on == last {
			if w.saw[s][c] == nil {
				w.saw[s][c] = map[string]Reporter{}
			}
			w.saw[s][c][who.Key()] = who
		}
	}
}
