package words

import (
	"fmt"
	"strings"
	"testing"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// detail is one row of failure details on mx1.
func detail(r tlsrpt.ResultType, n tlsrpt.Sessions) tlsrpt.Failure {
	return tlsrpt.Failure{ResultType: r, ReceivingMXHostname: "mx1.example.com", Sessions: n}
}

// by gives a row another sender.
func by(sender string, r *report.PolicyRow) *report.PolicyRow {
	r.Auth.Domain, r.Reporter, r.Report.OrganizationName = sender, sender, sender
	return r
}

// of gives a row another domain.
func of(domain string, r *report.PolicyRow) *report.PolicyRow {
	r.Policy.Domain = domain
	return r
}

// rendered renders the digest of rows for some domains, as the reader takes it in.
func rendered(t *testing.T, domains []string, rows ...*report.PolicyRow) (subject, text string) {
	t.Helper()
	m := materialOf(rows...)
	m.Domains = nil
	for _, d := range domains {
		m.Domains = append(m.Domains, facts.DomainName{Name: d, Exact: true})
	}
	r, err := Render(loadTemplates(t), judge.Judge(m, judge.Rules{}), exampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	return r.Subject, strings.Join(strings.Fields(r.Text), " ")
}

// TestWhatADigestSays holds the words of a digest to hand-made reports.
func TestWhatADigestSays(t *testing.T) {
	t.Parallel()
	expired, plain := tlsrpt.CertificateExpired, tlsrpt.STARTTLSNotSupported
	sts := func(id int64, mode tlsrpt.Mode, ok, failed tlsrpt.Sessions, details ...tlsrpt.Failure) *report.PolicyRow {
		return row(id, nov(22), tlsrpt.STS, mode, ok, failed, details...)
	}
	overlap := row(1, nov(22), tlsrpt.TLSA, "", 290, 10, detail(expired, 10))
	overlap.Overlap = true
	tests := []struct {
		name    string
		domains []string
		rows    []*report.PolicyRow
		subject string // a part of it
		want    []string
		not     []string
	}{
		{name: "no details under enforce are at no server",
			rows:    []*report.PolicyRow{sts(1, tlsrpt.ModeEnforce, 100, 15)},
			subject: "15 of 115 delivery attempts failed, mail may be held",
			want:    []string{"What failed, the reports do not say; under your enforce policy some of this mail may have been delayed or bounced.", "1. Failures without details: look at the certificate and the encryption (STARTTLS) of every mail server"},
			not:     []string{"to this server"}},
		{name: "no details without a policy are not known to be encrypted",
			rows:    []*report.PolicyRow{row(1, nov(22), tlsrpt.NoPolicyFound, "", 5, 10)},
			subject: "mail probably went through",
			want:    []string{"probably delivered, encrypted or not"}, not: []string{"but to a server that did not prove"}},
		{name: "the most serious cause is not the largest",
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1000, 1, detail(expired, 1)),
				sts(2, tlsrpt.ModeEnforce, 10, 990, detail(tlsrpt.STSPolicyFetchError, 990))},
			subject: "991 of 2,001 delivery attempts failed, 1 may be held",
			want:    []string{"The most serious cause, 1 session: expired certificate", "The mail of the other 990 attempts went through."}, not: []string{"main cause"}},
		{name: "what was delivered did not fail",
			rows:    []*report.PolicyRow{sts(1, tlsrpt.ModeTesting, 0, 900, detail(expired, 900))},
			subject: "900 of 900 attempts with a TLS problem, mail went through",
			want:    []string{"900 of 900 delivery attempts (100 %) had a TLS problem on Sun 22 Nov."}, not: []string{"(100 %) failed on"}},
		{name: "no STARTTLS is no encryption",
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeTesting, 0, 9, detail(plain, 9))},
			want: []string{"The mail was delivered, probably unencrypted; in enforce", "mail went through, probably unencrypted"}},
		{name: "a sender that insists on DANE is named",
			rows:    []*report.PolicyRow{by("comcast.net", row(1, nov(22), tlsrpt.TLSA, "", 0, 7, detail(tlsrpt.DANERequired, 7)))},
			subject: "attention - 7 of 7 with a TLS problem, mail from comcast.net held",
			want:    []string{"Mail from comcast.net was held back: this sender insists on DANE."}, not: []string{"whose side"}},
		{name: "and named where it is not the largest",
			rows: []*report.PolicyRow{by("comcast.net", row(1, nov(22), tlsrpt.TLSA, "", 0, 7, detail(tlsrpt.DANERequired, 7))),
				sts(2, tlsrpt.ModeTesting, 0, 90, detail(expired, 90))},
			subject: "mail from comcast.net held",
			want:    []string{"held back. Mail from comcast.net was held back"}},
		{name: "details that the total denies are said with an if",
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeEnforce, 10, 0, detail(expired, 5))},
			want: []string{"If the details are right, up to 5 sessions failed: expired certificate on mx1.example.com. In that case the mail was not delivered", "The totals of the same reports count no failure"}},
		{name: "one server, two policies, one thing to do",
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeEnforce, 290, 10, detail(expired, 10)), overlap},
			want: []string{"The cause: expired certificate on mx1.example.com.", "google.com counts the same 300 sessions under MTA-STS and DANE; the total has them once."},
			not:  []string{"2. ", "main cause"}},
		{name: "one server, two domains, one thing to do", domains: []string{"example.com", "example.net"},
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1, 9, detail(expired, 9)), of("example.net", sts(2, tlsrpt.ModeEnforce, 1, 9, detail(expired, 9)))},
			want: []string{"1. Expired certificate on mx1.example.com (example.com and example.net): see with"}, not: []string{"2. "}},
		{name: "reports disagree about the mode",
			rows: []*report.PolicyRow{by("a.example", sts(1, tlsrpt.ModeTesting, 5, 0)), by("b.example", sts(2, tlsrpt.ModeEnforce, 5, 0))},
			want: []string{"Reports disagree about the mode of your policy on Sun 22 Nov: b.example says enforce; a.example says testing."}},
		{name: "all clear says no more than is known",
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeNone, 12, 0), by("gmx.net", row(2, nov(22), tlsrpt.NoPolicyFound, "", 18, 0))},
			want: []string{"All 30 used TLS. For 18 of them the sender found no policy of yours"}, not: []string{"as your policy asks"}},
		{name: "one attempt", rows: []*report.PolicyRow{sts(1, "", 1, 0)}, subject: "all clear - 1 delivery attempt, none failed",
			want: []string{"1 sender reported 1 delivery attempt on Sun 22 Nov. It used TLS.", "MTA-STS (policy type: sts): 1 session, none failed."}, not: []string{"All of them", "1 sessions"}},
		{name: "no mail is not all clear", rows: []*report.PolicyRow{sts(1, "", 0, 0)}, subject: "example.com: no mail reported (22 Nov)",
			want: []string{"NO MAIL REPORTED. 1 sender reported on Sun 22 Nov, but counted no delivery attempt"}, not: []string{"ALL CLEAR"}},
		{name: "clear, but not for all", domains: []string{"example.com", "example.net"}, rows: []*report.PolicyRow{sts(1, "", 100, 0)},
			subject: "2 domains: 1 all clear, 1 without reports - 100 delivery attempts, none failed",
			want:    []string{"1 ALL CLEAR, 1 WITHOUT REPORTS.", "No report came for example.net."}},
		{name: "advice belongs to the policy",
			rows: []*report.PolicyRow{row(1, nov(22), tlsrpt.TLSA, "", 1, 9, detail(tlsrpt.ValidationFailure, 9))},
			want: []string{"TLSA record"}, not: []string{"mta-sts.", "MX_HOSTS_MISMATCH"}},
		{name: "the reason names the failure",
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1, 9, tlsrpt.Failure{ResultType: tlsrpt.ValidationFailure, ReceivingMXHostname: "mx9.example.com", Sessions: 9, ReasonCode: "MX_HOSTS_MISMATCH"})},
			want: []string{"Mail server missing in your MTA-STS policy on mx9.example.com", "add mx9.example.com as an mx: line", "MX_HOSTS_MISMATCH: the mail server is not among the mx: lines"}, not: []string{"no name of its own"}},
		{name: "a failure without a reason beside it keeps its own name",
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1, 9, detail(tlsrpt.ValidationFailure, 4), tlsrpt.Failure{ResultType: tlsrpt.ValidationFailure, ReceivingMXHostname: "mx1.example.com", Sessions: 5, ReasonCode: "MX_HOSTS_MISMATCH"})},
			want: []string{"no name of its own"}},
		{name: "a name that is none is quoted", domains: []string{"pay-now.example, ALL CLEAR"}, rows: []*report.PolicyRow{of("pay-now.example, ALL CLEAR", sts(1, "", 10, 0))},
			subject: `[TLS] "pay-now.example, ALL CLEAR": all clear`, want: []string{`"pay-now.example, ALL CLEAR", Sunday`}},
		{name: "one of several senders is looked at first",
			rows: []*report.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1, 9, detail(plain, 9)), by("gmx.net", sts(2, tlsrpt.ModeEnforce, 9, 0))},
			want: []string{"check first with the commands below whether it is so, since one sender alone sees it; then make mx1.example.com offer STARTTLS"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			domains := tt.domains
			if domains == nil {
				domains = []string{"example.com"}
			}
			subject, text := rendered(t, domains, tt.rows...)
			if !strings.Contains(subject, tt.subject) {
				t.Errorf("subject %q, want %q in it", subject, tt.subject)
			}
			for _, s := range tt.want {
				if !strings.Contains(text, s) {
					t.Errorf("it does not say %q:\n%s", s, text)
				}
			}
			for _, s := range tt.not {
				if strings.Contains(text, s) {
					t.Errorf("it says %q:\n%s", s, text)
				}
			}
		})
	}
}

func TestVerdictDoesNotDependOnTheOrderOfRows(t *testing.T) {
	t.Parallel()
	for _, order := range [][]tlsrpt.Mode{{tlsrpt.ModeEnforce, tlsrpt.ModeTesting, tlsrpt.ModeNone}, {tlsrpt.ModeNone, tlsrpt.ModeTesting, tlsrpt.ModeEnforce}, {tlsrpt.ModeTesting, tlsrpt.ModeEnforce, tlsrpt.ModeNone}} {
		rows := []*report.PolicyRow{row(9, nov(22), tlsrpt.STS, "", 5, 7, detail(tlsrpt.CertificateExpired, 7))}
		for i, mode := range order {
			rows = append(rows, by(fmt.Sprintf("s%d.example", i), row(int64(i), nov(22), tlsrpt.STS, mode, 5, 0)))
		}
		if got := judge.Judge(materialOf(rows...), judge.Rules{}).Verdict; got != judge.VerdictAction {
			t.Errorf("modes in the order %q: verdict %s", order, got)
		}
	}
	older := row(1, nov(21), tlsrpt.STS, tlsrpt.ModeEnforce, 5, 0)
	newer := row(2, nov(22), tlsrpt.STS, tlsrpt.ModeTesting, 5, 0)
	failed := row(3, nov(22), tlsrpt.STS, "", 5, 7, detail(tlsrpt.CertificateExpired, 7))
	for _, rows := range [][]*report.PolicyRow{{older, newer, failed}, {newer, older, failed}} {
		j := judge.Judge(materialOf(rows...), judge.Rules{})
		if j.Verdict != judge.VerdictAttention || j.Domains[0].Disagree != nil {
			t.Errorf("a policy that was changed a day later: verdict %s, %v", j.Verdict, j.Domains[0].Disagree)
		}
	}
}

func TestSubjectKeepsVerdictAndFate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".example"
	for _, domain := range []string{"example.com", "a-rather-long-domain-name.example.com", long} {
		subject, _ := rendered(t, []string{domain}, of(domain, row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 1_234_567, 70_000, detail(tlsrpt.CertificateExpired, 70_000))))
		if n := len([]rune(subject)); n > subjectLimit || !strings.Contains(subject, "action needed - 70,000 of ") || !strings.HasSuffix(subject, "mail may be held (22 Nov)") || !strings.Contains(subject, domain[len(domain)-11:]+":") {
			t.Errorf("%d characters: %q", n, subject)
		}
	}
}

func TestSilentDomainsAreEachLookedUp(t *testing.T) {
	t.Parallel()
	_, text := rendered(t, []string{"example.com", "example.net"})
	for _, s := range []string{"dig +short TXT _smtp._tls.example.com", "dig +short TXT _smtp._tls.example.net", "each command below should answer"} {
		if !strings.Contains(text, s) {
			t.Errorf("it does not say %q:\n%s", s, text)
		}
	}
}

func TestWhatIsLeftOutIsSaidWhereItIsLeftOut(t *testing.T) {
	t.Parallel()
	m := materialOf()
	for i := range 40 {
		m.Tally.Add(row(int64(i), nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 1, 3, tlsrpt.Failure{ResultType: tlsrpt.ResultType(fmt.Sprintf("kind-%d", i)), Sessions: 3}))
	}
	for i := range 60 {
		name := fmt.Sprintf("d%d.example", i)
		m.Domains = append(m.Domains, facts.DomainName{Name: name, Exact: true})
		m.Tally.Add(of(name, row(int64(100+i), nov(22), tlsrpt.STS, "", 1, 0)))
	}
	r, err := Render(loadTemplates(t), judge.Judge(m, judge.Rules{}), exampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"And 10 more findings here, not shown.", "and 11 more domains, not shown here", "tlsbrief export --from 2026-11-22 --to 2026-11-22"} {
		if !strings.Contains(r.Text, s) || !strings.Contains(r.HTML, s) {
			t.Errorf("text or HTML does not say %q", s)
		}
	}
}
