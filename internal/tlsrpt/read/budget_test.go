package read

import (
	"strings"
	"testing"
)

// mailOf is a mail with the given texts, each packed in a part of its own.
func mailOf(t *testing.T, texts ...string) []byte {
	t.Helper()
	var parts []string
	for _, text := range texts {
		parts = append(parts, "Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64Lines(gzipOf(t, text)))
	}
	return []byte(mailHeader + multi("mixed", "b", parts...))
}

// repeated returns a text so many times.
func repeated(n int, text string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = text
	}
	return all
}

// Anybody can put many reports into one mail: what holds of one report holds of
// all of them together.
func TestLimitsHoldForAllReportsOfAMail(t *testing.T) {
	t.Parallel()
	const failing = `"summary":{"total-successful-session-count":1,"total-failure-session-count":2},"failure-details":[{"result-type":"validation-failure","failed-session-count":1},{"result-type":"validation-failure","failed-session-count":1}]`
	head, tail, ok := strings.Cut(minimal, `"summary":{`)
	if !ok {
		t.Fatal("the minimal report has changed")
	}
	_, tail, _ = strings.Cut(tail, "}")
	detailed := head + failing + tail
	padded := strings.Replace(minimal, "{", "{"+strings.Repeat(" ", 300<<10), 1)
	for _, tt := range []struct {
		name   string
		limits Limits
		mail   []byte
		found  int
		fault  string
	}{
		{"bytes, padded within", Limits{MaxReport: 1 << 20}, mailOf(t, repeated(20, padded)...), 3, "the limit reports.max_report"},
		{"bytes, padded before", Limits{MaxReport: 1 << 20}, mailOf(t, repeated(20, strings.Repeat("\n", 300<<10)+minimal)...), 3, "the limit reports.max_report"},
		{"bytes, not packed", Limits{MaxReport: 1 << 20}, []byte(mailHeader + multi("mixed", "b", repeated(20, "Content-Type: application/tlsrpt+json\r\n\r\n"+padded)...)), 3, "the limit reports.max_report"},
		{"bytes that are no report", Limits{MaxReport: 1 << 20}, mailOf(t, append(repeated(4, strings.Repeat(" ", 300<<10)), minimal)...), 0, "the limit reports.max_report"},
		{"reports", Limits{}, mailOf(t, repeated(maxEntries+5, minimal)...), maxEntries, "more than 100 reports"},
		{"reports in lists", Limits{}, mailOf(t, repeated(3, "["+strings.Join(repeated(60, minimal), ",")+"]")...), maxEntries, "more than 100 reports"},
		{"policies", Limits{MaxPolicies: 3}, mailOf(t, repeated(5, minimal)...), 3, "the limit reports.max_policies"},
		{"failure details", Limits{MaxFailures: 7}, mailOf(t, repeated(5, detailed)...), 2, "the limit reports.max_failures"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rd := NewReader(tt.limits)
			for range 2 { // the next mail has limits of its own
				m, err := rd.ReadMail(tt.mail)
				if len(m.Found) != tt.found || len(m.Faults) == 0 {
					t.Fatalf("%d reports, %d faults, %v; want %d reports and a fault", len(m.Found), len(m.Faults), err, tt.found)
				}
				if got := faults(m.Faults).Error(); !strings.Contains(got, tt.fault) {
					t.Errorf("faults %q, want %q", got, tt.fault)
				}
				held := 0
				for _, f := range m.Found {
					held += cap(f.Report.JSON)
				}
				if held > 1<<20+maxPadding {
					t.Errorf("the reports hold %d bytes", held)
				}
			}
		})
	}
}

// What stands around a report does not live as long as the report.
func TestReportDoesNotHoldWhatStandsAroundIt(t *testing.T) {
	t.Parallel()
	blank := strings.Repeat(" \r\n\t", 1<<20)
	want, err := NewReader(Limits{}).Decode(strings.NewReader(minimal))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"before": blank + minimal, "behind": minimal + blank, "behind, of another kind": minimal + blank + "x"} {
		got, err := NewReader(Limits{}).ReadFile("", gzipOf(t, text))
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %d reports, %v", name, len(got), err)
		}
		r := got[0]
		if string(r.JSON) != string(want.JSON) || cap(r.JSON) > len(r.JSON)+maxPadding {
			t.Errorf("%s: JSON of %d bytes in %d, want %d", name, len(r.JSON), cap(r.JSON), len(want.JSON))
		}
		if r.Content() != want.Content() {
			t.Errorf("%s: another report: %+v", name, r)
		}
		if follows := len(r.Deviations) - len(want.Deviations); follows != strings.Count(text, "x")-strings.Count(minimal, "x") {
			t.Errorf("%s: deviations %v", name, r.Deviations)
		}
	}
}
