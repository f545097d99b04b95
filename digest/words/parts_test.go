package words

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// TestTextAndHTMLSayTheSame looks for everything that a view holds in both parts.
func TestTextAndHTMLSayTheSame(t *testing.T) {
	t.Parallel()
	m := materialOf()
	for i, r := range []tlsrpt.ResultType{tlsrpt.CertificateExpired, tlsrpt.CertificateExpired, tlsrpt.ValidationFailure, "", "moon-phase"} {
		p := row(int64(i), nov(21+i%2), tlsrpt.STS, tlsrpt.ModeEnforce, 100, 7, tlsrpt.Failure{
			ResultType: r, ReceivingMXHostname: string(rune('a'+i)) + ".example.com", Sessions: 7, ReasonCode: "code <" + string(rune('a'+i)) + ">",
		})
		p.Auth.Domain = string(rune('a'+i)) + ".example"
		p.Reporter = p.Auth.Domain
		m.Tally.Add(p)
	}
	unverified := row(9, nov(22), tlsrpt.TLSA, "", 0, 5, tlsrpt.Failure{ResultType: tlsrpt.TLSAInvalid, Sessions: 5})
	unverified.Auth = report.Authenticity{Result: report.AuthFail, Reason: "l-tag", Domain: "evil.example"}
	m.Tally.Add(unverified)
	elsewhere := row(10, nov(22), tlsrpt.NoPolicyFound, "", 5, 0)
	elsewhere.Policy.Domain = "clear.example"
	m.Tally.Add(elsewhere)
	m.Domains = append(m.Domains, facts.DomainName{Name: "clear.example", Exact: true}, facts.DomainName{Name: "silent.example", Exact: true})
	m.Mailboxes = []facts.Mailbox{mailboxOf("reports", facts.Folder{Name: "INBOX", Since: nov(20).Time(), LastGood: nov(20).Time(), Error: "timeout & <b>"}, facts.Folder{Name: "Junk", LastGood: nov(23).Time()})}
	m.Rejected = []report.RejectedMessage{{From: "x@example.net", Text: "gzip: broken", Place: report.Place{Mailbox: "reports", Folder: "INBOX"}, ReceivedAt: nov(22).Time()}}
	for d := nov(1); d <= nov(17); d++ {
		m.ReporterDays = append(m.ReporterDays, report.ReporterDay{Day: d.Time(), Reporter: "gone.example", Organization: "Gone"})
		m.Days = append(m.Days, report.DayTotal{Day: d.Time(), Domain: "silent.example", Type: tlsrpt.STS, Successful: 1234})
	}
	m.Days = append(m.Days, report.DayTotal{Day: nov(20).Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 9, Failed: 1})
	m.Failures = []report.FailureDay{{Day: nov(20).Time(), Domain: "example.com", Type: tlsrpt.STS, ResultType: tlsrpt.CertificateHostMismatch, MX: "old.example.com", Sessions: 1}}

	j := judge.Judge(m, judge.Rules{})
	o := exampleOptions()
	o.AuthenticityOff = true
	r, err := Render(loadTemplates(t), j, o)
	if err != nil {
		t.Fatal(err)
	}
	text, page := strings.Join(strings.Fields(r.Text), ""), wordsOf(t, r.HTML)
	for kind, list := range sayings(newView(j, o, fullBounds())) {
		if len(list) == 0 {
			t.Errorf("the test has nothing of %s", kind)
		}
		for _, s := range list {
			squeezed := strings.Join(strings.Fields(s), "")
			if !strings.Contains(text, squeezed) {
				t.Errorf("the text lacks of %s: %q", kind, s)
			}
			if !strings.Contains(page, squeezed) {
				t.Errorf("the HTML lacks of %s: %q", kind, s)
			}
		}
	}
}

// wordsOf returns the words of an HTML page without blanks.
func wordsOf(t *testing.T, page string) string {
	t.Helper()
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.WriteString(strings.Join(strings.Fields(z.Token().Data), ""))
		}
	}
}

// sayings lists what a view says, by kind.
func sayings(v *View) map[string][]string {
	out := map[string][]string{
		"heading": {v.Heading, v.Period, v.Title}, "lead": v.Lead, "first": v.First, "notes": v.Notes,
		"resolved": v.Resolved, "picture": {v.PictureNote}, "stopped": v.Stopped, "rejected": v.Rejected, "footer": v.Footer, "uncounted": {v.UncountedTitle}, "claims": v.Claims,
	}
	if len(v.Lines) > 0 {
		out["lines"] = v.Lines
	}
	for _, d := range v.Domains {
		out["domains"] = append(out["domains"], d.Name, d.Title)
		for _, kind := range d.Types {
			out["types"] = append(out["types"], kind.About...)
			if kind.Line != "" {
				out["types"] = append(out["types"], kind.Line)
				continue
			}
			out["types"] = append(out["types"], kind.Label, kind.Share, kind.Before)
			for _, f := range kind.Findings {
				out["findings"] = append(out["findings"], f.Title, f.Count, f.Result, f.Fate, f.State, f.SeenBy)
				out["hosts"] = append(out["hosts"], f.Hosts...)
				out["paragraphs"] = append(out["paragraphs"], f.Paragraphs...)
				out["likely"] = append(out["likely"], f.Likely...)
				out["do"] = append(out["do"], f.Do...)
				out["see"] = append(out["see"], f.See...)
				out["quotes"] = append(out["quotes"], f.Quotes...)
			}
		}
	}
	for _, row := range v.Table {
		out["table"] = append(out["table"], row.Name, row.Title, templates.Count(row.Sessions))
	}
	for _, d := range v.Picture {
		for _, n := range d.Types {
			out["by type"] = append(out["by type"], n.Label, templates.OutOf(v.PictureCell, n.Failed, n.Sessions))
		}
	}
	for _, d := range append(v.Covered, v.Picture...) {
		out["days"] = append(out["days"], templates.ShortDay(d.Day), templates.Count(d.Sessions), templates.Count(d.Failed), d.Note, d.Mark)
	}
	for _, l := range v.Legend {
		out["legend"] = append(out["legend"], l.Mark+": "+l.Words)
	}
	for _, r := range v.Reporters {
		out["reporters"] = append(out["reporters"], r.Name)
	}
	for _, u := range v.Uncounted {
		out["uncounted"] = append(out["uncounted"], u.Line)
	}
	return out
}

// TestDaysOfTheDigest holds the days table and the picture to hand-made counts.
func TestDaysOfTheDigest(t *testing.T) {
	t.Parallel()
	early := row(1, nov(10), tlsrpt.STS, "", 3, 1)
	early.ReceivedAt = nov(22).Time()
	today := row(2, nov(22), tlsrpt.STS, "", 10, 2)
	today.ReceivedAt = today.Report.End.Add(time.Hour)
	m := materialOf(early, today)
	m.Days = []report.DayTotal{
		{Day: nov(10).Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 103, Failed: 1},
		{Day: nov(22).Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 10, Failed: 2},
	}
	v := newView(judge.Judge(m, judge.Rules{}), exampleOptions(), fullBounds())
	if len(v.Covered) != 2 || v.Covered[0].Note != "late" || v.Covered[0].Sessions != 4 || v.Covered[1].Note != "" || v.Covered[1].Failed != 2 {
		t.Errorf("days covered = %+v", v.Covered)
	}
	if len(v.Picture) != 13 || v.Picture[0].Day != nov(10).Time() || v.Picture[12].Day != nov(22).Time() || v.PictureNote == "" {
		t.Fatalf("the picture is of %d days from %s: %q", len(v.Picture), v.Picture[0].Day, v.PictureNote)
	}
	if p := v.Picture[0]; p.Sessions != 104 || p.Percent != 100 || v.Most != 104 {
		t.Errorf("the busiest day = %+v of %d", p, v.Most)
	}
	if p := v.Picture[12]; p.Sessions != 12 || p.Failed != 2 || p.Percent != 12 || p.Good != 10 || p.Bad != 2 || p.Mark != "-" || p.None {
		t.Errorf("the last day = %+v", p)
	}
	if !v.Picture[5].None || v.Picture[5].Note != "no report" {
		t.Errorf("a day without reports = %+v", v.Picture[5])
	}
	m.Days = append(m.Days, report.DayTotal{Day: nov(1).Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 1})
	if v = newView(judge.Judge(m, judge.Rules{}), exampleOptions(), fullBounds()); len(v.Picture) != 14 || v.PictureNote != "" || !v.Picture[0].None {
		t.Errorf("with a report before these days the picture has %d of them: %q", len(v.Picture), v.PictureNote)
	}
}
