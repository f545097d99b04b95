package facts

import (
	"context"
	"fmt"
	"slices"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A ModeSource says how the mode of an MTA-STS policy is known.
type ModeSource int

// The ways to know a mode.
const (
	ModeUnknown  ModeSource = iota
	ModeReported            // the report with the failure quotes it
	ModeElsewise            // another report for the domain does
	ModeChecked             // the domain check has read the policy
)

// A KnownMode is the mode of an MTA-STS policy with how it is known.
type KnownMode struct {
	Mode tlsrpt.Mode
	From ModeSource
}

// A ModeTally remembers which mode of an MTA-STS policy the reports of the
// newest day quote, and who does.
type ModeTally struct {
	On     Day
	Quoted map[tlsrpt.Mode][]Reporter
}

// maxQuoting is how many reporters are named for a mode.
const maxQuoting = 3

// add notes that a report about a day quotes a mode.
func (t *ModeTally) add(on Day, mode tlsrpt.Mode, who Reporter) {
	if mode == "" || t.Quoted != nil && on < t.On {
		return
	}
	if t.Quoted == nil || on > t.On {
		t.On, t.Quoted = on, map[tlsrpt.Mode][]Reporter{}
	}
	quoting := t.Quoted[mode]
	if len(quoting) < maxQuoting && !slices.ContainsFunc(quoting, func(r Reporter) bool { return r.Key() == who.Key() }) {
		quoting = append(quoting, who)
	}
	t.Quoted[mode] = quoting
}

// ModesByWeight is the order of modes, the one that holds mail back first.
func ModesByWeight() []tlsrpt.Mode {
	return []tlsrpt.Mode{tlsrpt.ModeEnforce, tlsrpt.ModeTesting, tlsrpt.ModeNone}
}

// Heaviest returns the mode to reckon with, empty where none is known. Reports of
// one day may disagree, as when a policy was changed on it: then some mail met
// the stricter one, whatever the order in which they came.
func (t *ModeTally) Heaviest() tlsrpt.Mode {
	for _, m := range ModesByWeight() {
		if _, ok := t.Quoted[m]; ok {
			return m
		}
	}
	return ""
}

// Disagree reports whether reports quote different modes.
func (t *ModeTally) Disagree() bool { return len(t.Quoted) > 1 }

// modes looks for the mode of the MTA-STS policy of each domain with
// failures whose reports do not tell it (Q4, Q8): what the domain check read last,
// or else what reports said before.
func (r *reader) modes(ctx context.Context) error {
	missing := []string{}
	r.f.Modes = map[string]KnownMode{}
	for name, t := range r.f.Tally.Domains {
		kind := t.Types[tlsrpt.STS]
		if kind == nil || len(kind.Causes) == 0 || t.Modes.Heaviest() != "" {
			continue
		}
		if c := r.f.Checks[name]; c.Mode != "" && r.f.Current {
			r.f.Modes[name] = KnownMode{c.Mode, ModeChecked}
			continue
		}
		missing = append(missing, name)
	}
	if len(missing) == 0 {
		return nil
	}
	last := r.f.lastRead()
	f := report.Filter{Domains: missing, From: (last - HistoryDays).Time(), To: (last + 1).Time()}
	found := map[string]*ModeTally{}
	err := r.store.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		if row.Policy.Mode != "" && row.Auth.Result.Counts() && isOver(row, r.f.Now) {
			t := found[row.Domain()]
			if t == nil {
				t = &ModeTally{}
				found[row.Domain()] = t
			}
			t.add(DayOf(row.Report.Start), row.Policy.Mode, reporterOf(row))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the modes of policies: %w", err)
	}
	for name, t := range found {
		r.f.Modes[name] = KnownMode{t.Heaviest(), ModeElsewise}
	}
	return nil
}
