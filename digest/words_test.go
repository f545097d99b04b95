package digest

import (
	"fmt"
	"strings"
	"testing"

	"tlsbrief/db"
	"tlsbrief/tlsrpt"
)

// detail is one row of failure details on mx1.
func detail(r tlsrpt.ResultType, n tlsrpt.Sessions) tlsrpt.Failure {
	return tlsrpt.Failure{ResultType: r, ReceivingMXHostname: "mx1.example.com", Sessions: n}
}

// by gives a row another sender.
func by(sender string, r *db.PolicyRow) *db.PolicyRow {
	r.Auth.Domain, r.Report.OrganizationName = sender, sender
	return r
}

// of gives a row another domain.
func of(domain string, r *db.PolicyRow) *db.PolicyRow {
	r.Policy.Domain = domain
	return r
}

// textOf renders the digest of rows for some domains, as the reader takes it in.
func textOf(t *testing.T, domains []string, rows ...*db.PolicyRow) (subject, text string) {
	t.Helper()
	m := materialOf(rows...)
	m.Domains = nil
	for _, d := range domains {
		m.Domains = append(m.Domains, domainName{d, true})
	}
	r, err := renderWith(loadTemplates(t), judge(m))
	if err != nil {
		t.Fatal(err)
	}
	return r.Subject, strings.Join(strings.Fields(r.Text), " ")
}

// TestWhatADigestSays holds the words of a digest to hand-made reports.
func TestWhatADigestSays(t *testing.T) {
	t.Parallel()
	expired, plain := tlsrpt.CertificateExpired, tlsrpt.STARTTLSNotSupported
	sts := func(id int64, mode tlsrpt.Mode, ok, failed tlsrpt.Sessions, details ...tlsrpt.Failure) *db.PolicyRow {
		return row(id, nov(22), tlsrpt.STS, mode, ok, failed, details...)
	}
	overlap := row(1, nov(22), tlsrpt.TLSA, "", 290, 10, detail(expired, 10))
	overlap.Overlap = true
	tests := []struct {
		name    string
		domains []string
		rows    []*db.PolicyRow
		subject string // a part of it
		want    []string
		not     []string
	}{
		{name: "no details under enforce are at no server",
			rows:    []*db.PolicyRow{sts(1, tlsrpt.ModeEnforce, 100, 15)},
			subject: "15 of 115 delivery attempts failed, mail may be held",
			want:    []string{"What failed, the reports do not say; under your enforce policy some of this mail may have been delayed or bounced.", "1. Failures without details: look at the certificate and the encryption (STARTTLS) of every mail server"},
			not:     []string{"to this server"}},
		{name: "no details without a policy are not known to be encrypted",
			rows:    []*db.PolicyRow{row(1, nov(22), tlsrpt.NoPolicyFound, "", 5, 10)},
			subject: "mail probably went through",
			want:    []string{"probably delivered, encrypted or not"}, not: []string{"but to a server that did not prove"}},
		{name: "the most serious cause is not the largest",
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1000, 1, detail(expired, 1)),
				sts(2, tlsrpt.ModeEnforce, 10, 990, detail(tlsrpt.STSPolicyFetchError, 990))},
			subject: "991 of 2,001 delivery attempts failed, 1 may be held",
			want:    []string{"The most serious cause, 1 session: expired certificate", "The mail of the other 990 attempts went through."}, not: []string{"main cause"}},
		{name: "what was delivered did not fail",
			rows:    []*db.PolicyRow{sts(1, tlsrpt.ModeTesting, 0, 900, detail(expired, 900))},
			subject: "900 of 900 attempts with a TLS problem, mail went through",
			want:    []string{"900 of 900 delivery attempts (100 %) had a TLS problem on Sun 22 Nov."}, not: []string{"(100 %) failed on"}},
		{name: "no STARTTLS is no encryption",
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeTesting, 0, 9, detail(plain, 9))},
			want: []string{"The mail was delivered, probably unencrypted; in enforce", "mail went through, probably unencrypted"}},
		{name: "a sender that insists on DANE is named",
			rows:    []*db.PolicyRow{by("comcast.net", row(1, nov(22), tlsrpt.TLSA, "", 0, 7, detail(tlsrpt.DANERequired, 7)))},
			subject: "attention - 7 of 7 with a TLS problem, mail from comcast.net held",
			want:    []string{"Mail from comcast.net was held back: this sender insists on DANE."}, not: []string{"whose side"}},
		{name: "and named where it is not the largest",
			rows: []*db.PolicyRow{by("comcast.net", row(1, nov(22), tlsrpt.TLSA, "", 0, 7, detail(tlsrpt.DANERequired, 7))),
				sts(2, tlsrpt.ModeTesting, 0, 90, detail(expired, 90))},
			subject: "mail from comcast.net held",
			want:    []string{"held back. Mail from comcast.net was held back"}},
		{name: "details that the total denies are said with an if",
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeEnforce, 10, 0, detail(expired, 5))},
			want: []string{"If the details are right, up to 5 sessions failed: expired certificate on mx1.example.com. In that case the mail was not delivered", "The totals of the same reports count no failure"}},
		{name: "one server, two policies, one thing to do",
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeEnforce, 290, 10, detail(expired, 10)), overlap},
			want: []string{"The cause: expired certificate on mx1.example.com.", "google.com counts the same 300 sessions under MTA-STS and DANE; the total has them once."},
			not:  []string{"2. ", "main cause"}},
		{name: "one server, two domains, one thing to do", domains: []string{"example.com", "example.net"},
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1, 9, detail(expired, 9)), of("example.net", sts(2, tlsrpt.ModeEnforce, 1, 9, detail(expired, 9)))},
			want: []string{"1. Expired certificate on mx1.example.com (example.com and example.net): see with"}, not: []string{"2. "}},
		{name: "reports disagree about the mode",
			rows: []*db.PolicyRow{by("a.example", sts(1, tlsrpt.ModeTesting, 5, 0)), by("b.example", sts(2, tlsrpt.ModeEnforce, 5, 0))},
			want: []string{"Reports disagree about the mode of your policy on Sun 22 Nov: b.example says enforce; a.example says testing."}},
		{name: "all clear says no more than is known",
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeNone, 12, 0), by("gmx.net", row(2, nov(22), tlsrpt.NoPolicyFound, "", 18, 0))},
			want: []string{"All 30 used TLS. For 18 of them the sender found no policy of yours"}, not: []string{"as your policy asks"}},
		{name: "one attempt", rows: []*db.PolicyRow{sts(1, "", 1, 0)}, subject: "all clear - 1 delivery attempt, none failed",
			want: []string{"1 sender reported 1 delivery attempt on Sun 22 Nov. It used TLS.", "1 session: 1 ok, 0 failed"}, not: []string{"All of them", "1 sessions"}},
		{name: "no mail is not all clear", rows: []*db.PolicyRow{sts(1, "", 0, 0)}, subject: "example.com: no mail reported (22 Nov)",
			want: []string{"NO MAIL REPORTED. 1 sender reported on Sun 22 Nov, but counted no delivery attempt"}, not: []string{"ALL CLEAR"}},
		{name: "clear, but not for all", domains: []string{"example.com", "example.net"}, rows: []*db.PolicyRow{sts(1, "", 100, 0)},
			subject: "2 domains: 1 all clear, 1 without reports - 100 delivery attempts, none failed",
			want:    []string{"1 ALL CLEAR, 1 WITHOUT REPORTS.", "No report came for example.net."}},
		{name: "advice belongs to the policy",
			rows: []*db.PolicyRow{row(1, nov(22), tlsrpt.TLSA, "", 1, 9, detail(tlsrpt.ValidationFailure, 9))},
			want: []string{"TLSA record"}, not: []string{"mta-sts.", "MX_HOSTS_MISMATCH"}},
		{name: "the reason names the failure",
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1, 9, tlsrpt.Failure{ResultType: tlsrpt.ValidationFailure, ReceivingMXHostname: "mx9.example.com", Sessions: 9, ReasonCode: "MX_HOSTS_MISMATCH"})},
			want: []string{"Mail server missing in your MTA-STS policy on mx9.example.com", "add mx9.example.com as an mx: line", "MX_HOSTS_MISMATCH: the mail server is not among the mx: lines"}, not: []string{"no name of its own"}},
		{name: "a failure without a reason beside it keeps its own name",
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1, 9, detail(tlsrpt.ValidationFailure, 4), tlsrpt.Failure{ResultType: tlsrpt.ValidationFailure, ReceivingMXHostname: "mx1.example.com", Sessions: 5, ReasonCode: "MX_HOSTS_MISMATCH"})},
			want: []string{"no name of its own"}},
		{name: "a name that is none is quoted", domains: []string{"pay-now.example, ALL CLEAR"}, rows: []*db.PolicyRow{of("pay-now.example, ALL CLEAR", sts(1, "", 10, 0))},
			subject: `[TLS] "pay-now.example, ALL CLEAR": all clear`, want: []string{`"pay-now.example, ALL CLEAR", Sunday`}},
		{name: "one of several senders is looked at first",
			rows: []*db.PolicyRow{sts(1, tlsrpt.ModeEnforce, 1, 9, detail(plain, 9)), by("gmx.net", sts(2, tlsrpt.ModeEnforce, 9, 0))},
			want: []string{"check first with the commands below whether it is so, since one sender alone sees it; then make mx1.example.com offer STARTTLS"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			domains := tt.domains
			if domains == nil {
				domains = []string{"example.com"}
			}
			subject, text := textOf(t, domains, tt.rows...)
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
		rows := []*db.PolicyRow{row(9, nov(22), tlsrpt.STS, "", 5, 7, detail(tlsrpt.CertificateExpired, 7))}
		for i, mode := range order {
			rows = append(rows, by(fmt.Sprintf("s%d.example", i), row(int64(i), nov(22), tlsrpt.STS, mode, 5, 0)))
		}
		if got := judge(materialOf(rows...)).Verdict; got != VerdictAction {
			t.Errorf("modes in the order %q: verdict %s", order, got)
		}
	}
	older := row(1, nov(21), tlsrpt.STS, tlsrpt.ModeEnforce, 5, 0)
	newer := row(2, nov(22), tlsrpt.STS, tlsrpt.ModeTesting, 5, 0)
	failed := row(3, nov(22), tlsrpt.STS, "", 5, 7, detail(tlsrpt.CertificateExpired, 7))
	for _, rows := range [][]*db.PolicyRow{{older, newer, failed}, {newer, older, failed}} {
		j := judge(materialOf(rows...))
		if j.Verdict != VerdictAttention || j.Domains[0].Disagree != "" {
			t.Errorf("a policy that was changed a day later: verdict %s, %q", j.Verdict, j.Domains[0].Disagree)
		}
	}
}

func TestStretchOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, start, end string
		want             stretch
	}{
		{"one day", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59Z", stretch{nov(22), nov(22)}},
		{"one day, ended by the next midnight", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", stretch{nov(22), nov(22)}},
		{"one day elsewhere", "2026-11-22T05:00:00Z", "2026-11-23T04:59:59Z", stretch{nov(22), nov(22)}},
		{"some hours", "2026-11-22T20:00:00Z", "2026-11-22T21:00:00Z", stretch{nov(22), nov(22)}},
		{"no time at all", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z", stretch{nov(22), nov(22)}},
		{"a week", "2026-11-16T00:00:00Z", "2026-11-22T23:59:59Z", stretch{nov(16), nov(22)}},
		{"a week elsewhere", "2026-11-16T05:00:00Z", "2026-11-23T05:00:00Z", stretch{nov(16), nov(22)}},
		{"two days", "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z", stretch{nov(21), nov(22)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &tlsrpt.Report{Start: instant(t, tt.start), End: instant(t, tt.end)}
			if got := stretchOf(r); got != tt.want {
				t.Errorf("stretchOf = %s, want %s", got, tt.want)
			}
		})
	}
	endless := stretchOf(&tlsrpt.Report{Start: instant(t, "0001-01-01T00:00:00Z"), End: instant(t, "9999-12-31T00:00:00Z")})
	if endless.First > endless.Last {
		t.Errorf("an endless report is about %s", endless)
	}
}

func TestOngoingWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		first, last, days int
		want              string
	}{
		{19, 22, 4, "ongoing, day 4 (since Thu 19 Nov)"},
		{10, 22, 2, "ongoing: seen on Tue 10 Nov and on Sun 22 Nov, nothing reported between"},
		{10, 22, 9, "ongoing: seen on 9 of the 13 days since Tue 10 Nov, nothing reported on the others"},
	} {
		f := &finding{standing: standing{State: StateOngoing, First: nov(tt.first), Last: nov(tt.last), Days: tt.days}}
		if got := stateWords([]*finding{f}); got != tt.want {
			t.Errorf("stateWords = %q, want %q", got, tt.want)
		}
	}
}

func TestSubjectKeepsVerdictAndFate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".example"
	for _, domain := range []string{"example.com", "a-rather-long-domain-name.example.com", long} {
		subject, _ := textOf(t, []string{domain}, of(domain, row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 1_234_567, 70_000, detail(tlsrpt.CertificateExpired, 70_000))))
		if n := len([]rune(subject)); n > subjectLimit || !strings.Contains(subject, "action needed - 70,000 of ") || !strings.HasSuffix(subject, "mail may be held (22 Nov)") || !strings.Contains(subject, domain[len(domain)-11:]+":") {
			t.Errorf("%d characters: %q", n, subject)
		}
	}
}

func TestWhyReportsDoNotCount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sender uncountedSender
		want   string
	}{
		{uncountedSender{Result: db.AuthFail, Reason: "not-aligned", Signer: "evil.example"}, ": signed by evil.example, which is not the sender's domain (DKIM: fail, not-aligned)"},
		{uncountedSender{Result: db.AuthFail, Reason: "key-gone", Signer: "old.example"}, ", signed by old.example: the key of the signature is gone from DNS, as with old mail (DKIM: fail, key-gone)"},
		{uncountedSender{Result: db.AuthFail, Reason: "key-syntax", Signer: "odd.example"}, ", signed by odd.example: signature not valid (DKIM: fail, key-syntax)"},
		{uncountedSender{Result: db.AuthUnknown, Reason: "dns", Signer: "a.example"}, ", signed by a.example: signature could not be checked yet (DKIM: unknown, dns)"},
		{uncountedSender{Result: db.AuthNone}, ": not signed (DKIM: none)"},
		{uncountedSender{Result: db.AuthNone, File: true}, ": a file by itself, which bears no signature (DKIM: none)"},
	} {
		if got := whyUncounted(&uncountedReports{uncountedSender: tt.sender}); got != tt.want {
			t.Errorf("whyUncounted(%+v) = %q, want %q", tt.sender, got, tt.want)
		}
	}
}

// TestUnverifiedReportsAreNoSilence: what to do depends on why they do not count.
func TestUnverifiedReportsAreNoSilence(t *testing.T) {
	t.Parallel()
	bad := func(a db.Authenticity, message string) *db.PolicyRow {
		r := row(1, nov(22), tlsrpt.STS, "", 1, 12, detail(tlsrpt.CertificateExpired, 12))
		r.Auth, r.MessageID = a, message
		return r
	}
	tests := []struct {
		name string
		row  *db.PolicyRow
		want []string
		not  []string
	}{
		{"rewritten on the way", bad(db.Authenticity{Result: db.AuthFail, Reason: "body-hash"}, "1@a"), []string{"1. Set trusted_authserv_id", "anyone could then send you false ones"}, []string{"next poll", "attachments alone"}},
		{"DNS did not answer", bad(db.Authenticity{Result: db.AuthUnknown, Reason: "dns"}, "1@a"), []string{"1. Wait for the next poll"}, []string{"rewrites messages", `authenticity = "off"`}},
		{"a file", bad(db.Authenticity{Result: db.AuthNone}, ""), []string{"1. Feed in the whole mails"}, []string{"rewrites messages"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			subject, text := textOf(t, []string{"example.com"}, tt.row)
			if subject != "[TLS] example.com: no verified reports - 1 report not counted" {
				t.Errorf("subject %q", subject)
			}
			for _, s := range append(tt.want, "The one report that came for example.com could not be verified", "It claims 12 failed sessions, perhaps genuine") {
				if !strings.Contains(text, s) {
					t.Errorf("it does not say %q:\n%s", s, text)
				}
			}
			for _, s := range append(tt.not, "nobody is telling you", "_smtp._tls") {
				if strings.Contains(text, s) {
					t.Errorf("it says %q:\n%s", s, text)
				}
			}
		})
	}
}

func TestSilentDomainsAreEachLookedUp(t *testing.T) {
	t.Parallel()
	_, text := textOf(t, []string{"example.com", "example.net"})
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
		m.Tally.add(row(int64(i), nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 1, 3, tlsrpt.Failure{ResultType: tlsrpt.ResultType(fmt.Sprintf("kind-%d", i)), Sessions: 3}))
	}
	for i := range 60 {
		name := fmt.Sprintf("d%d.example", i)
		m.Domains = append(m.Domains, domainName{name, true})
		m.Tally.add(of(name, row(int64(100+i), nov(22), tlsrpt.STS, "", 1, 0)))
	}
	r, err := renderWith(loadTemplates(t), judge(m))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"And 10 more findings here, not shown.", "and 11 more domains, not shown here", "tlsbrief export --from 2026-11-22 --to 2026-11-22"} {
		if !strings.Contains(r.Text, s) || !strings.Contains(r.HTML, s) {
			t.Errorf("text or HTML does not say %q", s)
		}
	}
}

func TestDaysOfThePictureAreMarkedByWhatBecameOfTheMail(t *testing.T) {
	t.Parallel()
	m := materialOf(row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 100, 0))
	day := func(d int, kind tlsrpt.PolicyType, failed tlsrpt.Sessions, r tlsrpt.ResultType, n tlsrpt.Sessions) {
		m.Days = append(m.Days, db.DayTotal{Day: nov(d).time(), Domain: "example.com", Type: kind, Successful: 1150, Failed: failed})
		m.Failures = append(m.Failures, db.FailureDay{Day: nov(d).time(), Domain: "example.com", Type: kind, ResultType: r, MX: "mx1.example.com", Sessions: n})
	}
	day(18, tlsrpt.STS, 1, tlsrpt.CertificateExpired, 1)
	day(19, tlsrpt.STS, 1, tlsrpt.STSPolicyFetchError, 1)
	day(20, tlsrpt.STS, 0, tlsrpt.CertificateExpired, 5)
	day(21, tlsrpt.STS, 0, "", 0)
	v := newView(judge(m), fullBounds())
	var marks []string
	for _, p := range v.Picture {
		marks = append(marks, p.Mark)
		if p.Failed == 1 && (p.Bad != 1 || p.Good != 99) {
			t.Errorf("1 of 1,151 is drawn as %d bad and %d good", p.Bad, p.Good)
		}
	}
	if got := strings.Join(marks, ","); got != "!,-,?,," && got != "!,-,?," {
		t.Errorf("marks %q", got)
	}
	if len(v.Legend) != 3 {
		t.Errorf("the legend is %+v", v.Legend)
	}
}
