package digest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// A modeTally remembers which mode of an MTA-STS policy the reports of the
// newest day quote, and who does.
type modeTally struct {
	on     day
	quoted map[tlsrpt.Mode][]string
}

// maxQuoting is how many reporters are named for a mode.
const maxQuoting = 3

// add notes that a report about a day quotes a mode.
func (t *modeTally) add(on day, mode tlsrpt.Mode, who reporter) {
	if mode == "" || t.quoted != nil && on < t.on {
		return
	}
	if t.quoted == nil || on > t.on {
		t.on, t.quoted = on, map[tlsrpt.Mode][]string{}
	}
	names, name := t.quoted[mode], reporterName(who)
	if len(names) < maxQuoting && !slices.Contains(names, name) {
		names = append(names, name)
	}
	t.quoted[mode] = names
}

// modesByWeight is the order of modes, the one that holds mail back first.
func modesByWeight() []tlsrpt.Mode {
	return []tlsrpt.Mode{tlsrpt.ModeEnforce, tlsrpt.ModeTesting, tlsrpt.ModeNone}
}

// heaviest returns the mode to reckon with, empty where none is known. Reports of
// one day may disagree, as when a policy was changed on it: then some mail met
// the stricter one, whatever the order in which they came.
func (t *modeTally) heaviest() tlsrpt.Mode {
	for _, m := range modesByWeight() {
		if _, ok := t.quoted[m]; ok {
			return m
		}
	}
	return ""
}

// disagreement says that reports quote different modes, and which; nothing where
// they agree.
func (t *modeTally) disagreement() string {
	if len(t.quoted) < 2 {
		return ""
	}
	var parts []string
	for _, m := range modesByWeight() {
		if names := t.quoted[m]; len(names) > 0 {
			slices.Sort(names)
			parts = append(parts, strings.Join(names, ", ")+" "+verb(len(names), "says", "say")+" "+string(m))
		}
	}
	return "Reports disagree about the mode of your policy on " + templates.ShortDay(t.on.time()) + ": " + strings.Join(parts, "; ") +
		". Where a report does not say, the strictest is assumed."
}

// readModes looks for the mode of the MTA-STS policy of each domain with
// failures whose reports do not tell it (Q4, Q8): what the domain check read last,
// or else what reports said before.
func (d *Digester) readModes(ctx context.Context, m *material) error {
	missing := []string{}
	m.Modes = map[string]knownMode{}
	for name, t := range m.Tally.domains {
		kind := t.types[tlsrpt.STS]
		if kind == nil || len(kind.causes) == 0 || t.modes.heaviest() != "" {
			continue
		}
		if c := m.Checks[name]; c.Mode != "" && m.Current {
			m.Modes[name] = knownMode{c.Mode, modeChecked}
			continue
		}
		missing = append(missing, name)
	}
	if len(missing) == 0 {
		return nil
	}
	last := m.lastRead()
	f := report.Filter{Domains: missing, From: (last - historyDays).time(), To: (last + 1).time()}
	found := map[string]*modeTally{}
	err := d.o.DB.EachPolicy(ctx, f, func(row *report.PolicyRow) error {
		if row.Policy.Mode != "" && row.Auth.Result.Counts() && isOver(row, m.Now) {
			t := found[row.Domain()]
			if t == nil {
				t = &modeTally{}
				found[row.Domain()] = t
			}
			t.add(dayOf(row.Report.Start), row.Policy.Mode, reporterOf(row))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the modes of policies: %w", err)
	}
	for name, t := range found {
		m.Modes[name] = knownMode{t.heaviest(), modeElsewise}
	}
	return nil
}
