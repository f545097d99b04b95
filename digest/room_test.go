package digest

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// crowd is a report that names so many MX hosts, of which the first has most
// sessions.
func crowd(rep int64, hosts int, auth report.AuthResult) *report.PolicyRow {
	details := []tlsrpt.Failure{{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: "mx.example.com", Sessions: 50}}
	for i := 1; i < hosts; i++ {
		details = append(details, tlsrpt.Failure{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: fmt.Sprintf("h%d-%d.example.net", rep, i), Sessions: 1})
	}
	p := row(rep, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, tlsrpt.Sessions(50+hosts-1), details...)
	p.Auth.Result = auth
	return p
}

// TestNoReportUsesUpTheMemory: what a digest holds does not grow with the names
// that reports invent, whether these count or not.
func TestNoReportUsesUpTheMemory(t *testing.T) {
	for _, auth := range []report.AuthResult{report.AuthPass, report.AuthNone} {
		tl := newTally()
		before := heap()
		for i := range int64(5) {
			tl.add(crowd(i, 50_000, auth))
		}
		if grown := heap() - before; grown > 20<<20 {
			t.Errorf("%s: the tally of 250,000 names holds %d MB", auth, grown>>20)
		}
		runtime.KeepAlive(tl)
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestCausesBeyondTheBoundAreOtherHosts(t *testing.T) {
	t.Parallel()
	first, second := crowd(1, 3000, report.AuthPass), crowd(2, 10, report.AuthPass)
	strange := row(3, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 0, 7, tlsrpt.Failure{ResultType: "invented", ReceivingMXHostname: "x.example", Sessions: 4})
	m := materialOf(first, second, strange)
	j := judge(m)
	sums, others := map[tlsrpt.ResultType]tlsrpt.Sessions{}, map[tlsrpt.ResultType]tlsrpt.Sessions{}
	for _, f := range j.Domains[0].Types[0].Findings {
		sums[f.Result] += f.Sessions
		if f.others() {
			others[f.Result] = f.Sessions
		}
	}
	if n := len(j.Domains[0].Types[0].Findings); n != maxCauses+3 { // other hosts, other results, and what no detail explains
		t.Errorf("%d findings, want %d", n, maxCauses+3)
	}
	if want := tlsrpt.Sessions(50 + 2999 + 50 + 9); sums[tlsrpt.CertificateExpired] != want || others[tlsrpt.CertificateExpired] != 2000+9 {
		t.Errorf("%d sessions, %d of them on other hosts, want %d and 2009", sums[tlsrpt.CertificateExpired], others[tlsrpt.CertificateExpired], want)
	}
	if others[report.OtherResults] != 4 || sums[""] != 3 {
		t.Errorf("%d sessions of other results and %d without details, want 4 and 3", others[report.OtherResults], sums[""])
	}
	if j.Verdict != VerdictAction {
		t.Errorf("verdict %s", j.Verdict)
	}
	r, err := renderWith(loadTemplates(t), j)
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
	r, err := renderWith(loadTemplates(t), judge(m))
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

// TestWhatIsNotToldApartIsNotMended: what was named yesterday may be among the
// other hosts of today.
func TestWhatIsNotToldApartIsNotMended(t *testing.T) {
	t.Parallel()
	yesterday := func(mx string) []report.FailureDay {
		return []report.FailureDay{{Day: nov(21).time(), Domain: "example.com", Type: tlsrpt.STS, ResultType: tlsrpt.CertificateExpired, MX: mx, Sessions: 1}}
	}
	days := []report.DayTotal{{Day: nov(21).time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 1, Failed: 1}}
	for _, tt := range []struct {
		name     string
		hosts    int
		mx       string
		resolved int
	}{
		{"a host, and all are told apart today", 5, "old.example.com", 1},
		{"a host, and not all are told apart today", 2000, "old.example.com", 0},
		{"other hosts, and there are some today", 5, report.OtherHosts, 0},
	} {
		m := materialOf(crowd(1, tt.hosts, report.AuthPass))
		m.Days, m.Failures = days, yesterday(tt.mx)
		if got := len(judge(m).Domains[0].Types[0].Resolved); got != tt.resolved {
			t.Errorf("%s: %d resolved, want %d", tt.name, got, tt.resolved)
		}
	}
}

// TestCrowdsDoNotLookLikeEarlierDigests: the largest of a day as the database
// sums it are not those of the digest, which is no sign of an earlier one.
func TestCrowdsDoNotLookLikeEarlierDigests(t *testing.T) {
	t.Parallel()
	m := materialOf(crowd(1, 3000, report.AuthPass))
	m.Days = []report.DayTotal{{Day: nov(22).time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 10, Failed: 3049}}
	m.Failures = []report.FailureDay{{Day: nov(22).time(), Domain: "example.com", Type: tlsrpt.STS, ResultType: tlsrpt.CertificateExpired, MX: report.OtherHosts, Sessions: 2500}}
	for _, f := range judge(m).Domains[0].Types[0].Findings {
		if f.State != StateNew {
			t.Fatalf("%s on %s is %s, want new", f.Result, f.MX, f.State)
		}
	}
}

func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	m := materialOf()
	m.Domains = []domainName{{"example.com", true}, {"d0.example", false}, {"silent.example", false}}
	m.Tally.ask(m.Domains)
	long := strings.Repeat("x", 64<<10)
	for i := range maxDomains + 5 {
		p := row(int64(i), nov(22), tlsrpt.PolicyType(fmt.Sprintf("kind-%d", i)), "", 1, 1, tlsrpt.Failure{ResultType: tlsrpt.ResultType(long), ReceivingMXHostname: long, ReasonCode: long, Sessions: 1})
		p.Policy.Domain = fmt.Sprintf("d%d.example", i)
		p.Auth.Domain = fmt.Sprintf("s%d.example", i)
		m.Tally.add(p)
		p.Policy.Domain = "d0.example"
		m.Tally.add(p)
		p.Auth.Result = report.AuthFail
		m.Tally.add(p)
	}
	m.Tally.add(row(9, nov(22), tlsrpt.STS, "", 1, 0)) // of example.com, after all others
	tl := m.Tally
	if n := len(tl.domains); n > maxDomains+3 || tl.domains["example.com"] == nil || tl.domains[otherDomains] == nil {
		t.Errorf("%d domains", n)
	}
	if n := len(tl.reporters); n != maxSenders+1 {
		t.Errorf("%d senders", n)
	}
	if n := len(tl.domains["d0.example"].types); n != maxKinds+1 {
		t.Errorf("%d policy types", n)
	}
	if n := len(tl.uncounted.senders); n != maxSenders+1 {
		t.Errorf("%d senders that do not count", n)
	}
	j := judge(m)
	names := map[string]bool{}
	for _, d := range j.Domains {
		names[d.Name] = true
	}
	if !names[otherDomains] || !names["example.com"] || names["silent.example"] {
		t.Errorf("domains told of: others %t, example.com %t, one that may be among the others %t", names[otherDomains], names["example.com"], names["silent.example"])
	}
	if want := tlsrpt.Sessions(2*(maxDomains+5)*2 + 1); j.Overall.sessions() != want {
		t.Errorf("%d sessions, want %d: none is lost", j.Overall.sessions(), want)
	}
	r, err := renderWith(loadTemplates(t), j)
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
	var last []FactType
	for range 3 {
		got := facts(judge(materialOf(crowd(1, 1500, report.AuthPass), crowd(2, 1500, report.AuthPass)))).PolicyTypes
		if last != nil && !reflect.DeepEqual(last, got) {
			t.Fatal("two tallies of the same reports differ")
		}
		last = got
	}
}
