package read

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"tlsbrief/internal/tlsrpt"
)

// M-E5: what is too much of a report is left out and noted; the report stands.
func TestWhatIsTooMuchIsCut(t *testing.T) {
	t.Parallel()
	many := func(n int, size int) string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("%q", strings.Repeat("a", size)+fmt.Sprint(i)+".example")
		}
		return strings.Join(names, ",")
	}
	detail := func(field, value string) string { return with(t, partCount, partCount+`,"`+field+`":"`+value+`"`) }
	kept := func(f func(f tlsrpt.Failure) string) func(*tlsrpt.Report) string {
		return func(r *tlsrpt.Report) string { return f(r.Policies[0].Failures[0]) }
	}
	organization := func(r *tlsrpt.Report) string { return r.OrganizationName }
	for _, tt := range []struct {
		name, json string
		kept       func(*tlsrpt.Report) string
		size       int    // of what is kept, in bytes or elements
		noted      string // empty: nothing
	}{
		{"a name at its bound", with(t, "Sender Ltd", strings.Repeat("x", maxName)), organization, maxName, ""},
		{"a name beyond", with(t, "Sender Ltd", strings.Repeat("x", maxName+1)), organization, maxName, "organization-name: 1001 bytes long; cut to 1000"},
		{"in the middle of a character", with(t, "Sender Ltd", strings.Repeat("\u00e4", maxName)+"x"), organization, maxName, "cut to 1000"},
		{"of 2 MB", with(t, "Sender Ltd", strings.Repeat("x", 2<<20)), organization, maxName, "organization-name: 2097152 bytes long; cut to 65536"},
		{"of 2 MB, escaped", with(t, "Sender Ltd", strings.Repeat(`\u00e4`, 350_000)), organization, maxName, "a string of more than 65536 bytes; cut"},
		{"of 2 MB, backslashes", with(t, "Sender Ltd", strings.Repeat(`\\`, 1<<20)), organization, maxName, "a string of more than 65536 bytes; cut"},
		{"of 2 MB, surrogate pairs", with(t, "Sender Ltd", "x"+strings.Repeat(`\ud83d\ude00`, 180_000)), organization, maxName - 3, "a string of more than 65536 bytes; cut"},
		{"a number of 100,000 digits", with(t, `"Sender Ltd"`, strings.Repeat("1", 100_000)), organization, maxName, "cut to 1000"},
		{"contact-info", with(t, "tls@sender.example", strings.Repeat("x", 70_000)), func(r *tlsrpt.Report) string { return r.ContactInfo }, maxName, "contact-info: "},
		{"report-id", with(t, "r-1", strings.Repeat("x", 70_000)), func(r *tlsrpt.Report) string { return r.ReportID }, maxName, "report-id: "},
		{"additional-information", detail("additional-information", strings.Repeat("x", 70_000)), kept(func(f tlsrpt.Failure) string { return f.AdditionalInformation }), maxText, "additional-information: "},
		{"failure-reason-code", detail("failure-reason-code", strings.Repeat("x", 5000)), kept(func(f tlsrpt.Failure) string { return f.ReasonCode }), maxText, "failure-reason-code: 5000 bytes"},
		{"receiving-mx-helo", detail("receiving-mx-helo", strings.Repeat("x", 5000)), kept(func(f tlsrpt.Failure) string { return f.ReceivingMXHELO }), maxText, "receiving-mx-helo: 5000 bytes"},
		{"receiving-mx-hostname", detail("receiving-mx-hostname", strings.Repeat("x", 5000)), kept(func(f tlsrpt.Failure) string { return f.ReceivingMXHostname }), maxName, "receiving-mx-hostname: 5000 bytes"},
		{"sending-mta-ip", detail("sending-mta-ip", strings.Repeat("1", 5000)), kept(func(f tlsrpt.Failure) string { return f.SendingMTAIP }), maxName, "sending-mta-ip: 5000 bytes"},
		{"mx-hosts at the bound", with(t, partMX, `"mx-host":[`+many(maxElements, 3)+`]`), func(r *tlsrpt.Report) string { return strings.Repeat("x", len(r.Policies[0].MXHosts)) }, maxElements, ""},
		{"mx-hosts beyond", with(t, partMX, `"mx-host":[`+many(50_000, 3)+`]`), func(r *tlsrpt.Report) string { return strings.Repeat("x", len(r.Policies[0].MXHosts)) }, maxElements, "policies[0].policy.mx-host: more than 300 elements; the rest is left out"},
		{"mx-hosts in one string", with(t, partMX, `"mx-host":"`+strings.ReplaceAll(many(1000, 3), `"`, "")+`"`), func(r *tlsrpt.Report) string { return strings.Repeat("x", len(r.Policies[0].MXHosts)) }, maxElements, "more than 300 elements"},
		{"policy-strings", with(t, partStrings, "["+many(50_000, 3)+"]"), func(r *tlsrpt.Report) string { return strings.Repeat("x", len(r.Policies[0].Strings)) }, maxElements, "policies[0].policy.policy-string: more than 300 elements; the rest is left out"},
		{"policy-strings as lines", with(t, partStrings, `["`+strings.Repeat(`a\n`, 30_000)+`"]`), func(r *tlsrpt.Report) string { return strings.Repeat("x", len(r.Policies[0].Strings)) }, maxElements, "more than 300 elements"},
		{"a long policy-string", with(t, partStrings, "["+many(1, 5000)+"]"), func(r *tlsrpt.Report) string { return r.Policies[0].Strings[0] }, maxText, "policies[0].policy.policy-string: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := NewReader(Limits{}).Decode(strings.NewReader(tt.json))
			if err != nil {
				t.Fatal(err)
			}
			got := tt.kept(r)
			if len(got) != tt.size || !utf8.ValidString(got) {
				t.Errorf("kept %d, valid UTF-8: %v, want %d", len(got), utf8.ValidString(got), tt.size)
			}
			if noted := fmt.Sprint(r.Deviations); !strings.Contains(noted, tt.noted) || tt.noted == "" && (strings.Contains(noted, "cut") || strings.Contains(noted, "left out")) {
				t.Errorf("deviations %.500s, want %q", noted, tt.noted)
			}
		})
	}
}

// M-E5: of very many failure details as many are kept as take a share of the report's
// own size; the totals stand, and what is missing of them is still the largest detail.
func TestFailureDetailsAreKeptWithinBounds(t *testing.T) {
	t.Parallel()
	const n = 50_000
	largest := `{"result-type":"certificate-expired","failed-session-count":77}`
	src := with(t, partTotals, `"total-successful-session-count":12`, `"failure-details":[`, `"failure-details":[`+strings.Repeat(`{},`, n)+largest+`,`)
	r, err := NewReader(Limits{}).Decode(strings.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	p := r.Policies[0]
	if p.Failed != 77 || len(p.Failures) == 0 || failureCost*len(p.Failures) > len(src)*3/2 {
		t.Errorf("%d failed, %d details of %d bytes kept; want 77 failed, and details of at most half as much again", p.Failed, len(p.Failures), len(src))
	}
	if noted := fmt.Sprint(r.Deviations); !strings.Contains(noted, "policies[0].failure-details: more than is kept of one report") {
		t.Errorf("deviations %.500s", noted)
	}
}

// M-E5: the bounds hold for all reports of a mail together.
func TestWhatIsKeptIsBoundedForAMail(t *testing.T) {
	t.Parallel()
	lines := make([]string, maxElements)
	for i := range lines {
		lines[i] = `"` + strings.Repeat("x", 3900) + `"`
	}
	large := strings.Replace(minimal, partStrings, "["+strings.Join(lines, ",")+"]", 1)
	m, err := NewReader(Limits{}).ReadMail(mailOf(t, repeated(20, large)...))
	if err != nil {
		t.Fatal(err)
	}
	kept, notes := 0, 0
	for _, f := range m.Found {
		for _, s := range f.Report.Policies[0].Strings {
			kept += len(s)
		}
		notes += len(f.Report.Deviations)
	}
	if len(m.Found) != 20 || kept > maxKept || kept < maxKept-400_000 {
		t.Errorf("%d bytes of %d reports kept, want nearly %d of 20", kept, len(m.Found), maxKept)
	}
	odd := strings.Replace(minimal, `"policies":[`, `"policies":[`+strings.Repeat("0,", 500), 1)
	if m, err = NewReader(Limits{}).ReadMail(mailOf(t, repeated(100, odd)...)); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Found {
		notes += len(f.Report.Deviations)
	}
	if notes > 2*maxNotes+100*(2*fewNotes+1)+2*maxDeviations {
		t.Errorf("%d deviations listed", notes)
	}
}
