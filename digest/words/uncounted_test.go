package words

import (
	"slices"
	"strings"
	"testing"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func TestWhyReportsDoNotCount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sender facts.UncountedSender
		want   string
	}{
		{facts.UncountedSender{Result: report.AuthFail, Reason: "not-aligned", Signer: "evil.example"}, ": signed by evil.example, which is not the sender's domain (DKIM: fail, not-aligned)"},
		{facts.UncountedSender{Result: report.AuthFail, Reason: "key-gone", Signer: "old.example"}, ", signed by old.example: the key of the signature is gone from DNS, as with old mail (DKIM: fail, key-gone)"},
		{facts.UncountedSender{Result: report.AuthFail, Reason: "key-syntax", Signer: "odd.example"}, ", signed by odd.example: signature not valid (DKIM: fail, key-syntax)"},
		{facts.UncountedSender{Result: report.AuthUnknown, Reason: "dns", Signer: "a.example"}, ", signed by a.example: signature could not be checked yet (DKIM: unknown, dns)"},
		{facts.UncountedSender{Result: report.AuthNone}, ": not signed (DKIM: none)"},
		{facts.UncountedSender{Result: report.AuthNone, File: true}, ": a file by itself, which bears no signature (DKIM: none)"},
	} {
		if got := whyUncounted(&facts.UncountedReports{UncountedSender: tt.sender}); got != tt.want {
			t.Errorf("whyUncounted(%+v) = %q, want %q", tt.sender, got, tt.want)
		}
	}
}

// TestUnverifiedReportsAreNoSilence: what to do depends on why they do not count.
func TestUnverifiedReportsAreNoSilence(t *testing.T) {
	t.Parallel()
	bad := func(a report.Authenticity, message string) *report.PolicyRow {
		r := row(1, nov(22), tlsrpt.STS, "", 1, 12, detail(tlsrpt.CertificateExpired, 12))
		r.Auth, r.MessageID = a, message
		return r
	}
	tests := []struct {
		name string
		row  *report.PolicyRow
		want []string
		not  []string
	}{
		{"rewritten on the way", bad(report.Authenticity{Result: report.AuthFail, Reason: "body-hash"}, "1@a"), []string{"1. Set trusted_authserv_id", "anyone could then send you false ones"}, []string{"next poll", "attachments alone"}},
		{"DNS did not answer", bad(report.Authenticity{Result: report.AuthUnknown, Reason: "dns"}, "1@a"), []string{"1. Wait for the next poll"}, []string{"rewrites messages", `authenticity = "off"`}},
		{"a file", bad(report.Authenticity{Result: report.AuthNone}, ""), []string{"1. Feed in the whole mails"}, []string{"rewrites messages"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			subject, text := rendered(t, []string{"example.com"}, tt.row)
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

// What a stranger calls itself is quoted, whatever it is.
func TestOtherSendersAreToldByTheirMark(t *testing.T) {
	t.Parallel()
	named := &facts.UncountedReports{UncountedSender: facts.UncountedSender{Result: report.AuthNone, Organization: facts.OtherSenders}}
	others := &facts.UncountedReports{UncountedSender: facts.UncountedSender{Result: report.AuthNone, Organization: facts.OtherSenders, Others: true}}
	if got, want := claimantNames([]*facts.UncountedReports{named, others}), []string{quoted(facts.OtherSenders), "other senders"}; !slices.Equal(got, want) {
		t.Errorf("claimants %q, want %q", got, want)
	}
}
