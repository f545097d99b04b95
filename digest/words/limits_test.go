package words

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func TestCausesBeyondTheBoundAreOtherHosts(t *testing.T) {
	t.Parallel()
	first, second := crowd(1, 3000, report.AuthPass), crowd(2, 10, report.AuthPass)
	strange := row(3, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 0, 7, tlsrpt.Failure{ResultType: "invented", ReceivingMXHostname: "x.example", Sessions: 4})
	m := materialOf(first, second, strange)
	j := judge.Judge(m, judge.Rules{})
	sums, others := map[tlsrpt.ResultType]tlsrpt.Sessions{}, map[tlsrpt.ResultType]tlsrpt.Sessions{}
	for _, f := range j.Domains[0].Types[0].Findings {
		sums[f.Result] += f.Sessions
		if f.Others() {
			others[f.Result] = f.Sessions
		}
	}
	if n := len(j.Domains[0].Types[0].Findings); n != facts.MaxCauses+3 { // other hosts, other results, and what no detail explains
		t.Errorf("%d findings, want %d", n, facts.MaxCauses+3)
	}
	if want := tlsrpt.Sessions(50 + 2999 + 50 + 9); sums[tlsrpt.CertificateExpired] != want || others[tlsrpt.CertificateExpired] != 2000+9 {
		t.Errorf("%d sessions, %d of them on other hosts, want %d and 2009", sums[tlsrpt.CertificateExpired], others[tlsrpt.CertificateExpired], want)
	}
	if others[report.OtherResults] != 4 || sums[""] != 3 {
		t.Errorf("%d sessions of other results and %d without details, want 4 and 3", others[report.OtherResults], sums[""])
	}
	if j.Verdict != judge.VerdictAction {
		t.Errorf("verdict %s", j.Verdict)
	}
	r, err := Render(loadTemplates(t), j, exampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"Expired certificate on mx.example.com,", "mx.example.com: 100 sessions", "more than 1,000 causes", "other hosts: 2,009 sessions", "990 more MX hosts", "(other results)"} {
		s = strings.Join(strings.Fields(s), "")
		if !strings.Contains(strings.Join(strings.Fields(r.Text), ""), s) || !strings.Contains(wordsOf(t, r.HTML), s) {
			t.Errorf("text or HTML does not say %q:\n%s", s, r.Text)
		}
	}
}

func TestClaimsBeyondTheBoundAreOtherHosts(t *testing.T) {
	t.Parallel()
	m := materialOf(crowd(1, 3000, report.AuthNone))
	r, err := Render(loadTemplates(t), judge.Judge(m, judge.Rules{}), exampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"on mx.example.com, 50 sessions", "and 980 more", `other hosts: 2,000 sessions, claimed by "Google Inc.", whose reports name more than 1,000 causes`} {
		s = strings.Join(strings.Fields(s), "")
		if !strings.Contains(strings.Join(strings.Fields(r.Text), ""), s) || !strings.Contains(wordsOf(t, r.HTML), s) {
			t.Errorf("text or HTML does not say %q:\n%s", s, r.Text)
		}
	}
}

func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	m := materialOf()
	m.Domains = []facts.DomainName{{Name: "example.com", Exact: true}, {Name: "d0.example", Exact: false}, {Name: "silent.example", Exact: false}}
	m.Tally.Ask(m.Domains)
	long := strings.Repeat("x", 64<<10)
	for i := range facts.MaxDomains + 5 {
		p := row(int64(i), nov(22), tlsrpt.PolicyType(fmt.Sprintf("kind-%d", i)), "", 1, 1, tlsrpt.Failure{ResultType: tlsrpt.ResultType(long), ReceivingMXHostname: long, ReasonCode: long, Sessions: 1})
		p.Policy.Domain = fmt.Sprintf("d%d.example", i)
		p.Auth.Domain = fmt.Sprintf("s%d.example", i)
		p.Reporter = p.Auth.Domain
		m.Tally.Add(p)
		p.Policy.Domain = "d0.example"
		m.Tally.Add(p)
		p.Auth.Result = report.AuthFail
		m.Tally.Add(p)
	}
	m.Tally.Add(row(9, nov(22), tlsrpt.STS, "", 1, 0)) // of example.com, after all others
	tl := m.Tally
	if n := len(tl.Domains); n > facts.MaxDomains+3 || tl.Domains["example.com"] == nil || tl.Domains[facts.OtherDomains] == nil {
		t.Errorf("%d domains", n)
	}
	if n := len(tl.Reporters); n != facts.MaxSenders+1 {
		t.Errorf("%d senders", n)
	}
	if n := len(tl.Domains["d0.example"].Types); n != facts.MaxKinds+1 {
		t.Errorf("%d policy types", n)
	}
	if n := len(tl.Uncounted.Senders); n != facts.MaxSenders+1 {
		t.Errorf("%d senders that do not count", n)
	}
	j := judge.Judge(m, judge.Rules{})
	names := map[string]bool{}
	for _, d := range j.Domains {
		names[d.Name] = true
	}
	if !names[facts.OtherDomains] || !names["example.com"] || names["silent.example"] {
		t.Errorf("domains told of: others %t, example.com %t, one that may be among the others %t", names[facts.OtherDomains], names["example.com"], names["silent.example"])
	}
	if want := tlsrpt.Sessions(2*(facts.MaxDomains+5)*2 + 1); j.Overall.Sessions() != want {
		t.Errorf("%d sessions, want %d: none is lost", j.Overall.Sessions(), want)
	}
	r, err := Render(loadTemplates(t), j, exampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{`Reports came for more than 10,000 domains.`, "other domains", "other senders"} {
		s = strings.Join(strings.Fields(s), "")
		if !strings.Contains(strings.Join(strings.Fields(r.Text), ""), s) && !strings.Contains(wordsOf(t, r.HTML), s) {
			t.Errorf("it does not say %q", s)
		}
	}
}

// TestCrowdsAreTalliedAlike: a digest does not depend on the order of a map.
func TestCrowdsAreTalliedAlike(t *testing.T) {
	t.Parallel()
	var last []SummaryType
	for range 3 {
		got := summarize(judge.Judge(materialOf(crowd(1, 1500, report.AuthPass), crowd(2, 1500, report.AuthPass)), judge.Rules{}), "example").PolicyTypes
		if last != nil && !reflect.DeepEqual(last, got) {
			t.Fatal("two tallies of the same reports differ")
		}
		last = got
	}
}
