package words

import (
	"strings"
	"testing"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func TestWhetherAPolicyIsReadyToBeEnforced(t *testing.T) {
	t.Parallel()
	const testing_, enforce = tlsrpt.ModeTesting, tlsrpt.ModeEnforce
	for _, tt := range []struct {
		name  string
		m     *facts.Facts
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
			d := judge.Judge(tt.m, judge.Rules{}).Domains[0]
			if d.Readiness == nil || d.Readiness.Ready() != tt.ready {
				t.Fatalf("readiness %+v, want ready %v", d.Readiness, tt.ready)
			}
			got := strings.Join(policySentences(d), " ")
			if !strings.Contains(got, tt.says) || tt.says == "" && got != "" {
				t.Errorf("it says %q, want %q", got, tt.says)
			}
		})
	}
}

func TestNothingIsSaidOfAPolicyThatReportsDoNotTell(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*facts.Facts{
		"no mode":          materialOf(row(1, nov(22), tlsrpt.STS, "", 10, 0)),
		"no sts":           materialOf(row(1, nov(22), tlsrpt.TLSA, "", 10, 0)),
		"the mode is none": materialOf(row(1, nov(22), tlsrpt.STS, tlsrpt.ModeNone, 10, 0)),
	} {
		if d := judge.Judge(m, judge.Rules{}).Domains[0]; d.Readiness != nil || policySentences(d) != nil {
			t.Errorf("%s: %+v", name, d.Readiness)
		}
	}
}

// Sessions and senders are counted as far back as the history goes, and that is
// said.
func TestCleanForLongerThanIsCounted(t *testing.T) {
	t.Parallel()
	m := policyMaterial(tlsrpt.ModeEnforce, -8, 0, 100, 3)
	m.PolicyStates["example.com"] = facts.PolicyState{ModeHistory: report.ModeHistory{ModeSince: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, Senders: 3}
	got := strings.Join(policySentences(judge.Judge(m, judge.Rules{}).Domains[0]), " ")
	if !strings.Contains(got, "for 326 days (since Thu 1 Jan): 3,100 sessions from 3 senders in the last 60 days alone.") {
		t.Errorf("it says %q", got)
	}
}

func TestSeveralDomainsReadyOrNot(t *testing.T) {
	t.Parallel()
	j := judge.Judge(policyMaterial(tlsrpt.ModeTesting, -8, 0, 100, 9), judge.Rules{})
	early := judge.Judge(policyMaterial(tlsrpt.ModeTesting, 20, 0, 10, 1), judge.Rules{}).Domains[0]
	failing := judge.Judge(policyMaterial(tlsrpt.ModeTesting, 1, 22, 10, 1), judge.Rules{}).Domains[0]
	early.Name, failing.Name = "early.example", "failing.example"
	j.Domains = append(j.Domains, early, failing)
	want := []string{
		"Safe to move from testing mode to enforce, since no verified report told of a failure for 14 days or more: example.com (31 days, 3,100 sessions from 9 senders).",
		"In testing mode, and not safe to enforce yet: early.example (3 clean days, 30 sessions from 1 sender) and failing.example (failures).",
	}
	if got := policyLines(j, 10); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("it says %q, want %q", got, want)
	}
}
