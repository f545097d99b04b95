package tlsrpt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/tlsrpt"
)

func TestWhatAPolicyIsAbout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, id string
		policies []string // "type domain"
		want     string
	}{
		{"a domain's own", "r-1", []string{"sts example.com", "no-policy-found example.com"}, "example.com example.com"},
		{"Q3 DANE under the recipient's domain", "r-1", []string{"tlsa example.com", "sts example.com"}, "example.com example.com"},
		{"Q29 DANE at an MX host that the policy names", "r-1", []string{"tlsa mx1.provider.example", "sts example.com mx1.provider.example", "tlsa mx2.provider.example"}, "example.com example.com mx2.provider.example"},
		{"or stands for with a star", "r-1", []string{"tlsa mx1.provider.example", "sts example.com *.provider.example"}, "example.com example.com"},
		{"in upper case and with a dot at the end", "r-1", []string{"tlsa mx1.provider.example", "sts example.com MX1.Provider.example."}, "example.com example.com"},
		{"which is one label", "r-1", []string{"tlsa mx1.eu.provider.example", "sts example.com *.provider.example"}, "mx1.eu.provider.example example.com"},
		{"or that a failure names", "r-1", []string{"tlsa mx1.provider.example", "sts example.com - mx1.provider.example"}, "example.com example.com"},
		{"a domain that nothing names as an MX host is its own", "r-1", []string{"tlsa b.example", "sts a.example"}, "b.example a.example"},
		{"Q29 DANE at an MX host alone, the report-id names the domain", "20240225.example.com@sender.example", []string{"tlsa mx1.provider.example"}, "example.com"},
		{"DANE alone, nothing names another domain", "r-1", []string{"tlsa mx1.provider.example"}, "mx1.provider.example"},
		{"several domains, the report-id names one", "2026-03-01T00:00:00Z_example.com", []string{"sts a.example", "sts b.example", "tlsa mx1.provider.example"}, "a.example b.example example.com"},
		{"several domains, nothing names one", "r-1", []string{"sts a.example", "sts b.example", "tlsa mx1.provider.example"}, "a.example b.example mx1.provider.example"},
		{"a domain that has another policy is its own", "2026-03-01T00:00:00Z_example.com", []string{"sts a.example", "sts b.example", "tlsa b.example"}, "a.example b.example b.example"},
		{"a policy type nobody knows counts as another policy", "r-1", []string{"bimi example.com mx1.provider.example", "tlsa mx1.provider.example"}, "example.com example.com"},
		{"of a policy nobody knows, several domains", "r-1", []string{"bimi a.example mx1.provider.example", "sts b.example", "tlsa mx1.provider.example"}, "a.example b.example mx1.provider.example"},
		{"DANE at MX hosts alone, named by failures, has no owner", "r-1", []string{"tlsa mx1.provider.example - mx1.provider.example"}, "mx1.provider.example"},
		{"none", "r-1", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &tlsrpt.Report{ReportID: tt.id}
			for _, p := range tt.policies {
				f := append(strings.Fields(p), "", "") // type, domain, mx of the policy, MX host of a failure
				r.Policies = append(r.Policies, tlsrpt.Policy{
					Type: tlsrpt.PolicyType(f[0]), Domain: f[1], Strings: []string{"mx: " + f[2]}, Failures: []tlsrpt.Failure{{ReceivingMXHostname: f[3]}},
				})
			}
			if diff := cmp.Diff(strings.Fields(tt.want), r.OwnerDomains(), cmp.Transformer("len0", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
				t.Errorf("About (-want +got):\n%s", diff)
			}
		})
	}
}

// A report is a stranger's: as many policies as are allowed and as many names
// cost no more than reading them. Comparing each with each takes a minute.
func TestWhatPoliciesAreAboutIsFoundInOnePass(t *testing.T) {
	t.Parallel()
	r := &tlsrpt.Report{ReportID: "r-1", Policies: []tlsrpt.Policy{{Type: tlsrpt.STS, Domain: "example.com"}}}
	sts := &r.Policies[0]
	for i := range 100_000 {
		sts.Strings = append(sts.Strings, fmt.Sprintf("mx: mx%d.other.example", i), "mx: *.provider.example")
		sts.Failures = append(sts.Failures, tlsrpt.Failure{ReceivingMXHostname: fmt.Sprintf("mx%d.elsewhere.example", i)})
	}
	for i := range 9_998 {
		r.Policies = append(r.Policies, tlsrpt.Policy{Type: tlsrpt.TLSA, Domain: fmt.Sprintf("mx%d.provider.example", i)})
	}
	r.Policies = append(r.Policies, tlsrpt.Policy{Type: tlsrpt.TLSA, Domain: "mx.third.example"})
	// A busy machine may take as long for no reason, but not each time.
	for range 3 {
		start := time.Now()
		about := r.OwnerDomains()
		took := time.Since(start)
		if slices.ContainsFunc(about[:len(about)-1], func(d string) bool { return d != "example.com" }) || about[len(about)-1] != "mx.third.example" {
			t.Fatal("not every policy at a named MX host, and only these, is about example.com")
		}
		if took < 20*time.Second {
			return
		}
	}
	t.Error("it takes longer than 20 s each time")
}

// However many domains a report is on, each keeps its own DANE.
func TestADomainAmongManyKeepsItsOwnDANE(t *testing.T) {
	t.Parallel()
	r := &tlsrpt.Report{ReportID: "2026-03-01T00:00:00Z_example.com"}
	for i := range 300 {
		r.Policies = append(r.Policies, tlsrpt.Policy{Type: tlsrpt.STS, Domain: fmt.Sprintf("d%d.example", i)}, tlsrpt.Policy{Type: tlsrpt.TLSA, Domain: fmt.Sprintf("d%d.example", i)})
	}
	for i, domain := range r.OwnerDomains() {
		if domain != r.Policies[i].Domain {
			t.Fatalf("policy %d of %s is about %s", i, r.Policies[i].Domain, domain)
		}
	}
}
