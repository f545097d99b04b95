package digest

import (
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// policyMaterial is a digest of 22 November of a domain whose policy has been in
// a mode since one day of November and failed last on another (0: never), with so
// many sessions a day from then on.
func policyMaterial(mode tlsrpt.Mode, since, failed int, perDay tlsrpt.Sessions, senders int) *material {
	m := materialOf(row(1, nov(22), tlsrpt.STS, mode, perDay, 0))
	s := report.Standing{ModeSince: nov(since).time()}
	if failed > 0 {
		s.LastFailed = nov(failed).time()
	}
	m.PolicyStates = map[string]policyState{"example.com": {Standing: s, Senders: senders}}
	for d := nov(since); d <= nov(22); d++ {
		m.Days = append(m.Days, report.DayTotal{Day: d.time(), Domain: "example.com", Type: tlsrpt.STS, Successful: perDay})
	}
	return m
}

func TestWhetherAPolicyIsReadyToBeEnforced(t *testing.T) {
	t.Parallel()
	const testing_, enforce = tlsrpt.ModeTesting, tlsrpt.ModeEnforce
	for _, tt := range []struct {
		name  string
		m     *material
		ready bool
		says  string // empty: nothing
	}{
		{"long enough, often enough, by several", policyMaterial(testing_, -8, 0, 100, 9), true,
			"Your MTA-STS policy has been in testing mode for 31 days (since Fri 23 Oct). In that time: 3,100 sessions from 9 senders and no verified failure. It is safe to move it to enforce: write mode: enforce into https://mta-sts.example.com/.well-known/mta-sts.txt, then change the id in the TXT record _mta-sts.example.com."},
		{"clean for exactly 14 days", policyMaterial(testing_, 1, 8, 100, 2), true, "In the 14 days since the last failure (Sun 8 Nov): 1,400 sessions from 2 senders"},
		{"a day too short", policyMaterial(testing_, 1, 9, 100, 2), false, "That is too little to move it to enforce: wait for 14 days without a failure."},
		{"failures on the last day", policyMaterial(testing_, 1, 22, 100, 2), false, "It is not safe to move it to enforce yet: the last failure is of Sun 22 Nov"},
		{"one sender alone", policyMaterial(testing_, -8, 0, 100, 1), false, "wait for reports from a second sender."},
		{"hardly any mail", policyMaterial(testing_, -8, 0, 1, 2), false, "wait for 50 sessions."},
		{"new, little and by one", policyMaterial(testing_, 22, 0, 1, 1), false, "wait for 14 days without a failure, 50 sessions and reports from a second sender."},
		{"a failure before the mode was testing does not count", policyMaterial(testing_, 3, 2, 100, 2), true, "for 20 days (since Tue 3 Nov). In that time: 2,000 sessions"},
		{"enforce, long clean", policyMaterial(enforce, -8, 0, 100, 3), false, "Your MTA-STS policy is in enforce mode, without a verified failure for 31 days (since Fri 23 Oct): 3,100 sessions from 3 senders."},
		{"enforce, but not clean for long", policyMaterial(enforce, -8, 20, 100, 3), false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := judge(tt.m).Domains[0]
			if d.Readiness == nil || d.Readiness.ready() != tt.ready {
				t.Fatalf("readiness %+v, want ready %v", d.Readiness, tt.ready)
			}
			got := strings.Join(d.policySentences(), " ")
			if !strings.Contains(got, tt.says) || tt.says == "" && got != "" {
				t.Errorf("it says %q, want %q", got, tt.says)
			}
		})
	}
}

func TestNothingIsSaidOfAPolicyThatReportsDoNotTell(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*material{
		"no mode":          materialOf(row(1, nov(22), tlsrpt.STS, "", 10, 0)),
		"no sts":           materialOf(row(1, nov(22), tlsrpt.TLSA, "", 10, 0)),
		"the mode is none": materialOf(row(1, nov(22), tlsrpt.STS, tlsrpt.ModeNone, 10, 0)),
	} {
		if d := judge(m).Domains[0]; d.Readiness != nil || d.policySentences() != nil {
			t.Errorf("%s: %+v", name, d.Readiness)
		}
	}
}

// Sessions and senders are counted as far back as the history goes, and that is
// said.
func TestCleanForLongerThanIsCounted(t *testing.T) {
	t.Parallel()
	m := policyMaterial(tlsrpt.ModeEnforce, -8, 0, 100, 3)
	m.PolicyStates["example.com"] = policyState{Standing: report.Standing{ModeSince: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, Senders: 3}
	got := strings.Join(judge(m).Domains[0].policySentences(), " ")
	if !strings.Contains(got, "for 326 days (since Thu 1 Jan): 3,100 sessions from 3 senders in the last 60 days alone.") {
		t.Errorf("it says %q", got)
	}
}

func TestSeveralDomainsReadyOrNot(t *testing.T) {
	t.Parallel()
	j := judge(policyMaterial(tlsrpt.ModeTesting, -8, 0, 100, 9))
	early := judge(policyMaterial(tlsrpt.ModeTesting, 20, 0, 10, 1)).Domains[0]
	failing := judge(policyMaterial(tlsrpt.ModeTesting, 1, 22, 10, 1)).Domains[0]
	early.Name, failing.Name = "early.example", "failing.example"
	j.Domains = append(j.Domains, early, failing)
	want := []string{
		"Safe to move from testing mode to enforce, since no verified report told of a failure for 14 days or more: example.com (31 days, 3,100 sessions from 9 senders).",
		"In testing mode, and not safe to enforce yet: early.example (3 clean days, 30 sessions from 1 sender) and failing.example (failures).",
	}
	if got := j.policyLines(10); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("it says %q, want %q", got, want)
	}
}

// Through the database: the mode changed, and so the count begins anew.
func TestReadinessBeginsAnewWithTheMode(t *testing.T) {
	t.Parallel()
	m := policyMaterial(tlsrpt.ModeTesting, 22, 0, 100, 2)
	m.Days = append(m.Days, report.DayTotal{Day: nov(21).time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 5000})
	if r := judge(m).Domains[0].Readiness; r.Sessions != 100 || r.CleanDays != 1 || r.ModeDays != 1 {
		t.Errorf("%+v, want one day with 100 sessions", r)
	}
}
