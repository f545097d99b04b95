package digest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

var (
	historySeed  = flag.Uint64("history-seed", 0, "check the random history of this `seed` alone")
	historyCount = flag.Int("histories", 40, "how many random histories to check")
)

// For random histories every morning's digest agrees with the model: totals,
// findings with their states, verdict.
func TestDigestsOfRandomHistoriesAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	if *historySeed != 0 {
		checkHistory(t, *historySeed)
		return
	}
	base, count := uint64(time.Now().UnixNano()), *historyCount
	if testing.Short() {
		count = min(count, 3)
	}
	for i := range count {
		seed := base + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			checkHistory(t, seed)
		})
	}
}

func FuzzHistory(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(checkHistory)
}

// What histories are made of.
var (
	historyDomains = []string{"a.example", "b.example"}
	historyKinds   = []string{"sts", "tlsa", "no-policy-found"}
)

// checkHistory makes up a history of some mornings and compares each.
func checkHistory(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 8460))
	modes := map[string]string{}
	for _, d := range historyDomains {
		modes[d] = []string{"enforce", "testing"}[random.IntN(2)]
	}
	r := newRig(t)
	d := r.digester(nil)
	m := &model{}
	for m.morning = 4; m.morning < 12; m.morning++ {
		r.clock.set(time.Date(2026, 11, m.morning, 7, 0, 0, 0, time.UTC))
		for range random.IntN(5) {
			one := randomReport(random, m.morning, modes)
			m.all = append(m.all, one)
			recordTold(r, one, len(m.all))
		}
		out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		f := out.Summary
		got := []string{fmt.Sprint("verdict ", f.Verdict), fmt.Sprint("unverified ", f.Unverified), fmt.Sprint("all ", f.Sessions.Successful, f.Sessions.Failed)}
		want := []string{fmt.Sprint("verdict ", m.verdict()), fmt.Sprint("unverified ", m.unverified())}
		ok, failed := m.totals("")
		want = append(want, fmt.Sprint("all ", ok, failed))
		for i, kind := range historyKinds {
			ok, failed := m.totals(kind)
			want = append(append(want, fmt.Sprint(kind, " ", ok, failed)), m.findings(kind, historyDomains)...)
			p := f.PolicyTypes[i]
			var found []string
			for _, c := range p.Findings {
				day, err := time.Parse(time.DateOnly, c.FirstDay)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, (&modelFinding{kind, string(c.ResultType), c.MX, int64(c.Failed), c.State, day.Day(), c.Reporters}).String())
			}
			slices.Sort(found)
			got = append(append(got, fmt.Sprint(p.PolicyType, " ", p.Successful, p.Failed)), found...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the morning of 2026-11-%02d (-model +digest); again with: go test ./digest -run RandomHistories -history-seed %d\n%s\n%s", m.morning, seed, diff, history(m))
		}
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// History writes down what was reported.
func history(m *model) (s string) {
	for _, r := range m.all {
		s += fmt.Sprintf("run %d: about %d by %s, verified %v, backfill %v: %+v\n", r.run, r.day, r.signer, r.verified, r.backfill, r.policies)
	}
	return s
}

// randomReport makes up a report that is recorded before a morning: about
// yesterday as a rule, at times about a day before.
func randomReport(random *rand.Rand, morning int, modes map[string]string) *told {
	r := &told{
		day: morning - 1, run: morning, signer: []string{"google.com", "microsoft.com", "gmx.net"}[random.IntN(3)],
		verified: random.IntN(8) > 0, backfill: random.IntN(6) == 0,
	}
	if random.IntN(4) == 0 {
		r.day = max(1, morning-1-random.IntN(6))
	}
	for _, i := range random.Perm(len(historyDomains) * len(historyKinds))[:1+random.IntN(3)] {
		r.policies = append(r.policies, randomPolicy(random, historyKinds[i%3], historyDomains[i/3], modes))
	}
	if p := r.policies[0]; p.kind == "sts" && random.IntN(3) == 0 {
		same := p // the same sessions under DANE (Q31)
		same.kind, same.mode = "tlsa", ""
		r.policies = slices.DeleteFunc(r.policies, func(o toldPolicy) bool { return o.kind == "tlsa" && o.domain == p.domain })
		r.policies = append(r.policies, same)
	}
	return r
}

func randomPolicy(random *rand.Rand, kind, domain string, modes map[string]string) toldPolicy {
	p := toldPolicy{kind: kind, domain: domain, ok: random.Int64N(50)}
	if kind == "sts" && random.IntN(3) > 0 {
		p.mode = modes[domain]
	}
	if random.IntN(2) == 0 {
		return p
	}
	results := map[string][]string{
		"sts":             {"certificate-expired", "starttls-not-supported", "sts-policy-fetch-error"},
		"tlsa":            {"tlsa-invalid", "dane-required", "certificate-expired"},
		"no-policy-found": {"starttls-not-supported", "validation-failure"},
	}[kind]
	for range random.IntN(3) {
		d := toldDetail{results[random.IntN(len(results))], []string{"mx1.a.example", "mx2.a.example", ""}[random.IntN(3)], 1 + random.Int64N(5)}
		p.details = append(p.details, d)
		p.failed += d.n
	}
	switch {
	case kind == "no-policy-found" && len(p.details) == 2 && random.IntN(2) == 0:
		p.failed = max(p.details[0].n, p.details[1].n) // they overlap
	case kind != "no-policy-found":
		p.failed += random.Int64N(4) // some without details
	}
	return p
}

// recordTold records a report of the model the way polls and backfills do.
func recordTold(r *rig, one *told, id int) {
	r.t.Helper()
	g := given{
		From: fmt.Sprintf("2026-11-%02d", one.day), Organization: one.signer, Signer: one.signer, ID: fmt.Sprint("-", id),
		Received: fmt.Sprintf("2026-11-%02dT06:00:00Z", one.run),
	}
	if !one.verified {
		g.Auth, g.Reason = report.AuthFail, "body-hash"
	}
	if one.backfill {
		g.Via = report.ViaBackfill
	}
	for _, p := range one.policies {
		gp := givenPolicy{Type: tlsrpt.PolicyType(p.kind), Domain: p.domain, Mode: tlsrpt.Mode(p.mode), OK: p.ok, Failed: p.failed}
		for _, d := range p.details {
			gp.Details = append(gp.Details, givenDetail{Result: tlsrpt.ResultType(d.result), MX: d.mx, N: d.n})
		}
		g.Policies = append(g.Policies, gp)
	}
	r.record(g)
}
