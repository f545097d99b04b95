package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/internal/tlsrpt/read"
)

// jsonOn is a report about a day.
func jsonOn(day string) string {
	return fmt.Sprintf(`{"organization-name":"Sender","date-range":{"start-datetime":"%[1]sT00:00:00Z","end-datetime":"%[1]sT23:59:59Z"},
"contact-info":"tls@sender.example","report-id":"r-1","policies":[{"policy":{"policy-type":"sts","policy-domain":"example.com"},
"summary":{"total-successful-session-count":1,"total-failure-session-count":0}}]}`, day)
}

// mailWith is a mail with such parts.
func mailWith(parts ...string) string {
	mail := "Received: from a by b; Mon, 02 Mar 2026 04:00:00 +0000\r\nFrom: tls@sender.example\r\nContent-Type: multipart/mixed; boundary=\"b%d\"\r\n\r\n"
	boundary := len(strings.Join(parts, "")) // of no part
	mail = fmt.Sprintf(mail, boundary)
	for _, p := range parts {
		mail += fmt.Sprintf("--b%d\r\n%s\r\n", boundary, p)
	}
	return mail + fmt.Sprintf("--b%d--\r\n", boundary)
}

func reportPart(day string) string {
	return "Content-Type: application/tlsrpt+json\r\n\r\n" + jsonOn(day)
}

func enclosed(mail string) string { return "Content-Type: message/rfc822\r\n\r\n" + mail }

// A mail may hold many reports: the signature of all of them is one.
func TestReportsOfOneMessageAreAuthenticatedOnce(t *testing.T) {
	t.Parallel()
	one := reportPart("2026-03-01")
	for _, tt := range []struct {
		name                   string
		mail                   string
		reports, calls, passed int
	}{
		{"one message", mailWith(slices.Repeat([]string{one}, 20)...), 20, 1, 20},
		{"a message that encloses others", mailWith(enclosed(mailWith(one)), enclosed(mailWith(one, one, one)), one), 5, 3, 5},
		{"a message that encloses very many", mailWith(slices.Repeat([]string{enclosed(mailWith(one, one))}, 40)...), 80, authMost, 2 * authMost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			in := New(Options{
				Limits: read.DefaultLimits(),
				Keys:   func(context.Context, string) ([]string, error) { return nil, nil },
				Examine: func(read.Found, time.Time) Case {
					calls++
					return decided(report.Authenticity{Result: report.AuthPass, Domain: "sender.example"})
				},
			})
			d, err := in.NewReader().Read([]byte(tt.mail), Origin{})
			if err != nil {
				t.Fatal(err)
			}
			m := in.judge(d, nil)
			if m.Refused != "" {
				t.Fatalf("refused: %q", m.Refused)
			}
			passed := 0
			for _, r := range m.Reports {
				switch {
				case r.Auth.Result == report.AuthPass:
					passed++
				case r.Auth != report.Authenticity{Result: report.AuthFail, Reason: report.ReasonTooManyMessages}:
					t.Errorf("authenticity %+v", r.Auth)
				}
			}
			if len(m.Reports) != tt.reports || calls != tt.calls || passed != tt.passed {
				t.Errorf("%d reports, authenticated %d times, %d passed; want %d, %d and %d", len(m.Reports), calls, passed, tt.reports, tt.calls, tt.passed)
			}
		})
	}
}

// One believed report about the year 2999 would be the last there ever is.
func TestReportsThatCannotBeAboutTheirTimeAreRejected(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	arrived := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, day string
		arrived   time.Time // zero: as a file
		refused   string
	}{
		{"the day before", "2026-03-09", arrived, ""},
		{"today", "2026-03-10", arrived, ""},
		{"after the mail arrived, as the server has it", "2026-03-08", arrived, ""},
		{"within two days, for clocks", "2026-03-12", arrived, ""},
		{"more than two days ahead", "2026-03-13", arrived, "reports on 2026-03-13, which has not begun yet"},
		{"the year 2999", "2999-01-01", arrived, "reports on 2999-01-01, which has not begun yet"},
		{"an arrival that is to come", "2999-01-01", time.Date(2999, 1, 2, 0, 0, 0, 0, time.UTC), "reports on 2999-01-01, which has not begun yet"},
		{"a file without arrival", "2026-03-09", time.Time{}, ""},
		{"a file without arrival, about days to come", "2026-03-13", time.Time{}, "reports on 2026-03-13, which has not begun yet"},
		{"old", "2016-04-01", arrived, ""},
		{"before there were any", "2014-12-31", arrived, "reports on 2014-12-31, when there were no TLS reports"},
		{"the year 1970", "1970-01-01", arrived, "reports on 1970-01-01, when there were no TLS reports"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := New(Options{Limits: read.DefaultLimits(), Now: func() time.Time { return now }})
			data, from := mailWith(reportPart(tt.day)), Origin{Received: tt.arrived}
			if tt.arrived.IsZero() {
				data, from.Kind = jsonOn(tt.day), ReportFile
			}
			d, err := in.NewReader().Read([]byte(data), from)
			if err != nil {
				t.Fatal(err)
			}
			m := in.judge(d, nil)
			if m == nil {
				t.Fatal("it is none of our business")
			}
			if m.Refused != tt.refused || (len(m.Reports) == 1) != (tt.refused == "") {
				t.Errorf("%d reports, refused %q; want %q", len(m.Reports), m.Refused, tt.refused)
			}
			day, err := time.Parse(time.DateOnly, tt.day)
			if err != nil {
				t.Fatal(err)
			}
			if ahead := day.After(now.Add(futureSkew)); !m.Again.Equal(day) && ahead || !m.Again.IsZero() && !ahead {
				t.Errorf("to be looked at again %s", m.Again)
			}
			for _, r := range m.Reports {
				noted := slices.ContainsFunc(r.Deviations, func(d tlsrpt.Deviation) bool { return strings.HasPrefix(d.What, "not over until ") })
				if early := !day.AddDate(0, 0, 1).Before(now); noted != early {
					t.Errorf("M-E10: noted that the day is not over: %v, want %v", noted, early)
				}
			}
		})
	}
}

func TestReportThatDoesNotEndIsRejected(t *testing.T) {
	t.Parallel()
	in := New(Options{Limits: read.DefaultLimits(), Now: func() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }})
	endless := strings.Replace(jsonOn("2026-03-01"), "2026-03-01T23:59:59Z", "2999-01-01T00:00:00Z", 1)
	d, err := in.NewReader().Read([]byte(endless), Origin{Kind: ReportFile})
	if err != nil {
		t.Fatal(err)
	}
	if m := in.judge(d, nil); m == nil || len(m.Reports) != 0 || m.Refused != "reports on the time up to 2999-01-01, which is not over yet" {
		t.Errorf("message %+v", m)
	}
}
