package digest_test

import (
	"fmt"
	"slices"
	"strings"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
)

// The model says what a digest must come to, slowly and plainly: it goes over the
// list of all reports again for every question. It knows the rules from their
// description and nothing of how the program goes about them.

// A dedup is one report as the model knows it.
type told struct {
	day      int // of November 2026
	signer   string
	verified bool
	backfill bool
	run      int // the morning, as a day of November, before which it was recorded
	policies []toldPolicy
}

type toldPolicy struct {
	kind, domain, mode string
	ok, failed         int64
	details            []toldDetail
}

type toldDetail struct {
	result, mx string
	n          int64
}

// A modelFinding is what is said of one cause, in words that can be compared.
type modelFinding struct {
	kind, result, mx string
	failed           int64
	state            facts.State
	first            int
	reporters        []string
}

func (f *modelFinding) String() string {
	slices.Sort(f.reporters)
	return fmt.Sprintf("%s %q at %q: %d, %s since %d, seen by %s", f.kind, f.result, f.mx, f.failed, f.state, f.first, strings.Join(slices.Compact(f.reporters), " "))
}

// A model is all reports there ever were, and the morning it is asked on.
type model struct {
	all     []*told
	morning int
}

// known are the reports that were recorded before the morning and count.
func (m *model) known() (out []*told) {
	for _, r := range m.all {
		if r.verified && r.run <= m.morning {
			out = append(out, r)
		}
	}
	return out
}

// covered reports whether a report is news on this morning: recorded since the one
// before; of what backfill brought, only what is about yesterday.
func (m *model) covered(r *told) bool {
	return r.run == m.morning && (!r.backfill || r.day >= m.morning-1)
}

// twice reports whether a policy of a report counts what an sts policy counts as
// well (Q31). The generator puts at most one of each into a report.
func twice(r *told, p *toldPolicy) bool {
	for i := range r.policies {
		o := &r.policies[i]
		if p.kind == "tlsa" && o.kind == "sts" && o.domain == p.domain && o.ok == p.ok && o.failed == p.failed {
			return true
		}
	}
	return false
}

// failed says how many sessions of a policy failed for one cause: by the details,
// never more than the total; what they leave over has an empty result.
func (p *toldPolicy) failedFor(result, mx string) (held, raw int64) {
	var sum int64
	for _, d := range p.details {
		sum += d.n
		if d.result == result && d.mx == mx {
			raw += d.n
		}
	}
	if result == "" && sum < p.failed {
		raw = p.failed - sum
	}
	return min(raw, p.failed), raw
}

// causes are all that any known report names under a type of a domain.
func (m *model) causes(kind, domain string) (out [][2]string) {
	for _, r := range m.known() {
		for i := range r.policies {
			p := &r.policies[i]
			if p.kind != kind || p.domain != domain {
				continue
			}
			for _, d := range append([]toldDetail{{}}, p.details...) {
				if _, raw := p.failedFor(d.result, d.mx); raw > 0 {
					out = append(out, [2]string{d.result, d.mx})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	return slices.Compact(out)
}

// count adds up, over the known or only the covered reports about a day, the
// sessions of a type of a domain, and those that failed for a cause.
func (m *model) count(day int, kind, domain string, cause [2]string, covered bool) (sessions, raw int64) {
	for _, r := range m.known() {
		if r.day != day || covered && !m.covered(r) {
			continue
		}
		for i := range r.policies {
			if p := &r.policies[i]; p.kind == kind && p.domain == domain {
				sessions += p.ok + p.failed
				_, n := p.failedFor(cause[0], cause[1])
				raw += n
			}
		}
	}
	return sessions, raw
}

// state finds out how a cause of which covered reports tell stands to the days
// before: ongoing where a report that an earlier digest told of has it on one of
// the days in a row up to the last, back where one has it on the 14 days with
// reports before those, else new.
func (m *model) state(kind, domain string, cause [2]string) (facts.State, int) {
	first, last := 0, 0
	for d := 1; d < m.morning; d++ {
		if _, n := m.count(d, kind, domain, cause, true); n > 0 {
			if first == 0 {
				first = d
			}
			last = d
		}
	}
	earlier := func(d int) bool {
		_, all := m.count(d, kind, domain, cause, false)
		_, news := m.count(d, kind, domain, cause, true)
		return all > news
	}
	row, ongoing, d := last, false, last
	for ; d > 0; d-- {
		sessions, n := m.count(d, kind, domain, cause, false)
		if sessions == 0 {
			continue
		}
		if n == 0 {
			break
		}
		row, ongoing = d, ongoing || earlier(d)
	}
	if ongoing {
		return facts.StateOngoing, row
	}
	for looked := 0; d > 0 && looked < 14; d-- {
		sessions, _ := m.count(d, kind, domain, cause, false)
		if sessions == 0 {
			continue
		}
		if looked++; earlier(d) {
			return facts.StateBack, row
		}
	}
	return facts.StateNew, first
}

// mended reports whether a cause was seen on the last day with reports before the
// covered ones, on none since, while one of those who saw it has reported since;
// and since when it had been seen.
func (m *model) mended(kind, domain string, cause [2]string) (bool, int) {
	newest := 0
	for d := 1; d < m.morning; d++ {
		if sessions, _ := m.count(d, kind, domain, cause, true); sessions > 0 {
			newest = d
		}
	}
	before := newest
	for ; before > 0; before-- {
		all, _ := m.count(before, kind, domain, cause, false)
		news, _ := m.count(before, kind, domain, cause, true)
		if all > news {
			break
		}
	}
	if before == 0 || before == newest {
		return false, 0
	}
	for d := before; d < m.morning; d++ {
		if _, n := m.count(d, kind, domain, cause, false); (n > 0) != (d == before) {
			return false, 0
		}
	}
	if !m.witnessed(kind, domain, cause, before) {
		return false, 0
	}
	first := before
	for d := before; d > 0; d-- {
		sessions, n := m.count(d, kind, domain, cause, false)
		if sessions > 0 && n == 0 {
			break
		}
		if n > 0 {
			first = d
		}
	}
	return true, first
}

// witnessed reports whether somebody who saw a cause on a day has reported under the
// same type of the same domain on a later one.
func (m *model) witnessed(kind, domain string, cause [2]string, day int) bool {
	for _, saw := range m.known() {
		for i := range saw.policies {
			p := &saw.policies[i]
			if _, n := p.failedFor(cause[0], cause[1]); saw.day != day || p.kind != kind || p.domain != domain || n == 0 {
				continue
			}
			for _, later := range m.known() {
				for _, q := range later.policies {
					if later.signer == saw.signer && later.day > day && q.kind == kind && q.domain == domain && q.ok+q.failed > 0 {
						return true
					}
				}
			}
		}
	}
	return false
}

// findings are what must be told of a type, over all domains.
func (m *model) findings(kind string, domains []string) []string {
	type key struct{ result, mx string }
	joined := map[key]*modelFinding{}
	order := []facts.State{facts.StateResolved, facts.StateNew, facts.StateBack, facts.StateOngoing}
	add := func(c [2]string, failed int64, state facts.State, first int, reporters []string) {
		f := joined[key{c[0], c[1]}]
		if f == nil {
			f = &modelFinding{kind: kind, result: c[0], mx: c[1], state: facts.StateResolved, first: first}
			joined[key{c[0], c[1]}] = f
		}
		f.failed += failed
		f.first = min(f.first, first)
		f.reporters = append(f.reporters, reporters...)
		if slices.Index(order, state) > slices.Index(order, f.state) {
			f.state = state
		}
	}
	for _, domain := range domains {
		for _, c := range m.causes(kind, domain) {
			var failed int64
			var reporters []string
			for _, r := range m.known() {
				for i := range r.policies {
					p := &r.policies[i]
					if held, _ := p.failedFor(c[0], c[1]); m.covered(r) && p.kind == kind && p.domain == domain && held > 0 {
						failed += held
						reporters = append(reporters, r.signer)
					}
				}
			}
			if failed > 0 {
				state, first := m.state(kind, domain, c)
				add(c, failed, state, first, reporters)
			} else if ok, first := m.mended(kind, domain, c); ok {
				add(c, 0, facts.StateResolved, first, nil)
			}
		}
	}
	var out []string
	for _, f := range joined {
		out = append(out, f.String())
	}
	slices.Sort(out)
	return out
}

// verdict is the heaviest that became of mail, by DIGEST's table: under sts it
// hangs on the mode, which any report for the domain may have told.
func (m *model) verdict() judge.Verdict {
	v := judge.VerdictSilent
	for _, r := range m.known() {
		if !m.covered(r) {
			continue
		}
		if v == judge.VerdictSilent {
			v = judge.VerdictClear
		}
		for _, p := range r.policies {
			if p.failed == 0 {
				continue
			}
			if v == judge.VerdictClear {
				v = judge.VerdictAttention
			}
			unexplained := p.failed
			for _, d := range p.details {
				unexplained -= d.n
				if m.held(p, d.result) {
					return judge.VerdictAction
				}
			}
			if unexplained > 0 && m.held(p, "") {
				return judge.VerdictAction
			}
		}
	}
	return v
}

// held reports whether mail that failed so may have been held back.
func (m *model) held(p toldPolicy, result string) bool {
	switch p.kind {
	case "tlsa":
		return result != string(tlsrpt.DANERequired) && !strings.HasPrefix(result, "sts-")
	case "sts":
		mode := p.mode
		for _, r := range m.known() {
			for _, o := range r.policies {
				if mode == "" && o.kind == "sts" && o.domain == p.domain {
					mode = o.mode
				}
			}
		}
		return mode == "enforce" && !strings.HasPrefix(result, "sts-")
	}
	return false
}

// totals are the summaries' sessions of the covered reports: of one type, or of
// all where that is empty, those counted twice once.
func (m *model) totals(kind string) (ok, failed int64) {
	for _, r := range m.known() {
		for i := range r.policies {
			p := &r.policies[i]
			if m.covered(r) && (kind == p.kind || kind == "" && !twice(r, p)) {
				ok, failed = ok+p.ok, failed+p.failed
			}
		}
	}
	return ok, failed
}

// unverified counts the covered reports that nobody can vouch for.
func (m *model) unverified() (n int) {
	for _, r := range m.all {
		if !r.verified && m.covered(r) {
			n++
		}
	}
	return n
}
