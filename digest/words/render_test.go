package words

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// exampleOptions are those of a digest named "example".
func exampleOptions() Options {
	return Options{Name: "example", Location: time.UTC, Prefix: "[TLS]"}
}

func loadTemplates(t testing.TB) *templates.Set {
	t.Helper()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestHugeDigestStaysReadable renders what no reader wants: hundreds of causes,
// domains and senders, each with names as long as a stranger can make them.
func TestHugeDigestStaysReadable(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a large digest")
	}
	t.Parallel()
	long := strings.Repeat("𝔘<&\"", 9000) // as much as the reader lets through
	m := materialOf()
	for i := range 300 {
		name := fmt.Sprintf("%d%s", i, long)
		r := row(int64(i), nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 1, 3, tlsrpt.Failure{
			ResultType: tlsrpt.ResultType(name), ReceivingMXHostname: name, Sessions: 3,
			ReasonCode: name, AdditionalInformation: name, ReceivingIP: name,
		})
		r.Report.OrganizationName = name
		r.Auth.Domain = fmt.Sprintf("d%d.example", i)
		r.Reporter = r.Auth.Domain
		r.Policy.Domain = fmt.Sprintf("%d.example%s", i%60, long)
		m.Tally.Add(r)
		bad := *r
		bad.Auth = report.Authenticity{Result: report.AuthFail, Domain: name, Reason: report.Reason(name)}
		m.Tally.Add(&bad)
		m.Rejected = append(m.Rejected, report.RejectedMessage{From: name, Subject: name, Text: name})
	}
	for name := range m.Tally.Domains {
		m.Domains = append(m.Domains, facts.DomainName{Name: name, Exact: false})
	}
	r, err := Render(loadTemplates(t), judge.Judge(m, judge.Rules{}), exampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.HTML) > 100_000 {
		t.Errorf("the HTML has %d bytes", len(r.HTML))
	}
	if utf8.RuneCountInString(r.Subject) > 100 {
		t.Errorf("the subject is %q", r.Subject)
	}
	if !strings.Contains(r.Text, "more findings left out here") || !strings.Contains(r.HTML, "more findings left out here") {
		t.Error("nothing says that findings are left out")
	}
	if got := len(r.Summary.PolicyTypes[0].Findings); got != 300 {
		t.Errorf("the facts have %d findings, want all 300", got)
	}
}

// TestCommandsHoldNoStrangersShell holds every command of a digest to what may be
// pasted into a shell.
func TestCommandsHoldNoStrangersShell(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"$(reboot).example.com", "a;reboot", "`reboot`", "a b", "-oProxyCommand=x", "a\nb", "a'b", "mx.example.com|sh", strings.Repeat("a", 300)} {
		var rows []*report.PolicyRow
		for i, result := range []tlsrpt.ResultType{
			tlsrpt.STARTTLSNotSupported, tlsrpt.CertificateExpired, tlsrpt.TLSAInvalid, tlsrpt.DNSSECInvalid,
			tlsrpt.STSPolicyFetchError, tlsrpt.ValidationFailure, "unknown",
		} {
			r := row(int64(i), nov(22), tlsrpt.TLSA, "", 1, 1, tlsrpt.Failure{ResultType: result, ReceivingMXHostname: evil, Sessions: 1})
			r.Policy.Domain = evil
			rows = append(rows, r)
		}
		m := materialOf(rows...)
		m.Domains = []facts.DomainName{{Name: evil, Exact: true}}
		v := newView(judge.Judge(m, judge.Rules{}), exampleOptions(), fullBounds())
		n := 0
		for _, d := range v.Domains {
			for _, kind := range d.Types {
				for _, f := range kind.Findings {
					for _, command := range f.See {
						n++
						if strings.Contains(command, evil) {
							t.Errorf("a command holds %q: %s", evil, command)
						}
					}
				}
			}
		}
		if n == 0 {
			t.Errorf("no command was looked at for %q", evil)
		}
		footer := strings.Join(v.Footer, "\n")
		if strings.Contains(footer, " "+evil+" ") {
			t.Errorf("the last line holds %q bare: %s", evil, footer)
		}
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	expired := tlsrpt.Failure{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: "mx.example.com", Sessions: 45}
	late := row(2, nov(10), tlsrpt.STS, tlsrpt.ModeEnforce, 5, 0)
	late.ReceivedAt = nov(22).Time()
	tests := []struct {
		name   string
		change func(*facts.Facts)
		rows   []*report.PolicyRow
		want   string
	}{
		{"action", nil, []*report.PolicyRow{row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 1215, 45, expired)},
			"[TLS] example.com: action needed - 45 of 1,260 delivery attempts failed, mail may be held (22 Nov)"},
		{"attention", nil, []*report.PolicyRow{row(1, nov(22), tlsrpt.STS, tlsrpt.ModeTesting, 1215, 45, expired)},
			"[TLS] example.com: attention - 45 of 1,260 attempts with a TLS problem, mail went through (22 Nov)"},
		{"clear", nil, []*report.PolicyRow{row(1, nov(22), tlsrpt.STS, tlsrpt.ModeTesting, 1203, 0)},
			"[TLS] example.com: all clear - 1,203 delivery attempts, none failed (22 Nov)"},
		{"several days", nil, []*report.PolicyRow{row(1, nov(20), tlsrpt.STS, "", 1, 0), row(2, nov(22), tlsrpt.STS, "", 1, 0)},
			"[TLS] example.com: all clear - 2 delivery attempts, none failed (20 to 22 Nov)"},
		{"a late report does not stretch the days, and is named", nil, []*report.PolicyRow{row(1, nov(22), tlsrpt.STS, "", 1, 0), late},
			"[TLS] example.com: all clear - 6 delivery attempts, none failed (22 Nov and 1 late day)"},
		{"details that the total denies", nil, []*report.PolicyRow{row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, 0, expired)},
			"[TLS] example.com: action needed - failures reported, mail may be held (22 Nov)"},
		{"never a report", nil, nil, "[TLS] example.com: no reports yet"},
		{"silence", func(m *facts.Facts) {
			m.Days = []report.DayTotal{{Day: nov(19).Time(), Domain: "example.com", Type: tlsrpt.STS, Successful: 1}}
		}, nil, "[TLS] example.com: no reports after 19 Nov"},
		{"silence on days asked for", func(m *facts.Facts) { m.ByDays = true }, nil, "[TLS] example.com: no reports (22 Nov)"},
		{"blind", func(m *facts.Facts) { m.Mailboxes = []facts.Mailbox{{Name: "a"}, {Name: "b"}} }, nil, "[TLS] example.com: reports not read - 2 mailboxes cannot be read"},
		{"only rejected messages", func(m *facts.Facts) {
			m.Domains, m.Rejected = nil, make([]report.RejectedMessage, 3)
		}, nil, "[TLS] 3 messages could not be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, r := range tt.rows {
				if r.ReceivedAt.IsZero() {
					r.ReceivedAt = r.Report.End
				}
			}
			m := materialOf(tt.rows...)
			if tt.change != nil {
				tt.change(m)
			}
			r, err := Render(loadTemplates(t), judge.Judge(m, judge.Rules{}), exampleOptions())
			if err != nil {
				t.Fatal(err)
			}
			if r.Subject != tt.want {
				t.Errorf("subject\n%q, want\n%q", r.Subject, tt.want)
			}
		})
	}
}

func TestAgree(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		domain, organization string
		want                 bool
	}{
		{"google.com", "Google Inc.", true},
		{"microsoft.com", "Microsoft Corporation", true},
		{"corp.mail.ru", "Mail.ru", true},
		{"comcast.net", "Comcast", true},
		{"evil.example", "Google Inc.", false},
		{"example.com", "Inc. Com", false},
		{"google.com", "", false},
	} {
		if got := agree(tt.domain, tt.organization); got != tt.want {
			t.Errorf("agree(%q, %q) = %t, want %t", tt.domain, tt.organization, got, tt.want)
		}
	}
}
