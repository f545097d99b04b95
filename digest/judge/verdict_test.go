package judge

import (
	"testing"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// TestVerdictByFate holds the verdict to DIGEST's table: what became of the mail
// under which policy, mode and result.
func TestVerdictByFate(t *testing.T) {
	t.Parallel()
	server := []tlsrpt.ResultType{
		tlsrpt.STARTTLSNotSupported, tlsrpt.CertificateHostMismatch, tlsrpt.CertificateExpired,
		tlsrpt.CertificateNotTrusted, tlsrpt.ValidationFailure,
	}
	policy := []tlsrpt.ResultType{tlsrpt.STSPolicyFetchError, tlsrpt.STSPolicyInvalid, tlsrpt.STSWebPKIInvalid}
	tests := []struct {
		name    string
		kind    tlsrpt.PolicyType
		mode    tlsrpt.Mode
		results []tlsrpt.ResultType
		want    Verdict
	}{
		{"sts enforce, server", tlsrpt.STS, tlsrpt.ModeEnforce, server, VerdictAction},
		{"sts testing, server", tlsrpt.STS, tlsrpt.ModeTesting, server, VerdictAttention},
		{"sts none, server", tlsrpt.STS, tlsrpt.ModeNone, server, VerdictAttention},
		{"sts unknown, server", tlsrpt.STS, "", server, VerdictAttention},
		{"sts enforce, policy", tlsrpt.STS, tlsrpt.ModeEnforce, policy, VerdictAttention},
		{"sts testing, policy", tlsrpt.STS, tlsrpt.ModeTesting, policy, VerdictAttention},
		{"sts unknown, policy", tlsrpt.STS, "", policy, VerdictAttention},
		{"sts enforce, no details", tlsrpt.STS, tlsrpt.ModeEnforce, []tlsrpt.ResultType{""}, VerdictAction},
		{"sts testing, no details", tlsrpt.STS, tlsrpt.ModeTesting, []tlsrpt.ResultType{""}, VerdictAttention},
		{"tlsa, server", tlsrpt.TLSA, "", server, VerdictAction},
		{"tlsa, tlsa-invalid", tlsrpt.TLSA, "", []tlsrpt.ResultType{tlsrpt.TLSAInvalid}, VerdictAction},
		{"tlsa, dnssec-invalid", tlsrpt.TLSA, "", []tlsrpt.ResultType{tlsrpt.DNSSECInvalid}, VerdictAction},
		{"tlsa, dane-required", tlsrpt.TLSA, "", []tlsrpt.ResultType{tlsrpt.DANERequired}, VerdictAttention},
		{"no policy, server", tlsrpt.NoPolicyFound, "", server, VerdictAttention},
		{"no policy, unknown", tlsrpt.NoPolicyFound, "", []tlsrpt.ResultType{"moon-phase"}, VerdictAttention},
		{"unknown policy", "bimi", "", server, VerdictAttention},
	}
	for _, tt := range tests {
		for _, result := range tt.results {
			t.Run(tt.name+" "+string(result), func(t *testing.T) {
				t.Parallel()
				var details []tlsrpt.Failure
				if result != "" {
					details = []tlsrpt.Failure{{ResultType: result, ReceivingMXHostname: "mx.example.com", Sessions: 2}}
				}
				j := Judge(materialOf(row(1, nov(22), tt.kind, tt.mode, 10, 2, details...)), Rules{})
				if j.Verdict != tt.want {
					t.Errorf("verdict = %s, want %s", j.Verdict, tt.want)
				}
			})
		}
	}
}

func TestVerdictOfAll(t *testing.T) {
	t.Parallel()
	expired := tlsrpt.Failure{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: "mx.example.com", Sessions: 2}
	unverified := row(9, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 0, 2, expired)
	unverified.Auth = report.Authenticity{Result: report.AuthNone}
	unchecked := row(9, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 0, 2, expired)
	unchecked.Auth = report.Authenticity{Result: report.AuthUnchecked}
	unchecked.Reporter = report.ReporterOf(&unchecked.Report, unchecked.Auth, unchecked.Submitter)
	box := func(since, good time.Time, fault string) facts.Mailbox {
		return mailboxOf("reports", facts.Folder{Name: "INBOX", Since: since, LastGood: good, Error: fault})
	}
	failing := box(nov(21).Time(), nov(20).Time(), "no route to host")
	fine := box(time.Time{}, nov(23).Time(), "")
	clear := row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, 0)
	tests := []struct {
		name      string
		rows      []*report.PolicyRow
		mailboxes []facts.Mailbox
		want      Verdict
	}{
		{"no failure", []*report.PolicyRow{clear}, []facts.Mailbox{fine}, VerdictClear},
		{"a report without sessions is a report", []*report.PolicyRow{row(1, nov(22), tlsrpt.STS, "", 0, 0)}, nil, VerdictClear},
		{"nothing came", nil, []facts.Mailbox{fine}, VerdictSilent},
		{"nothing came and no mailbox is configured", nil, nil, VerdictSilent},
		{"nothing came because the mailbox cannot be read", nil, []facts.Mailbox{failing}, VerdictBlind},
		{"one of two mailboxes cannot be read", nil, []facts.Mailbox{fine, failing}, VerdictBlind},
		{"reports came all the same", []*report.PolicyRow{clear}, []facts.Mailbox{failing}, VerdictClear},
		{"the mailbox was never read", nil, []facts.Mailbox{{Name: "reports"}}, VerdictBlind},
		{"the mailbox was not read for a day", nil, []facts.Mailbox{box(time.Time{}, nov(21).Time(), "")}, VerdictBlind},
		{"a poll failed an hour ago", nil, []facts.Mailbox{box(nov(23).Time().Add(6*time.Hour), nov(23).Time().Add(5*time.Hour), "timeout")}, VerdictSilent},
		{"no poll worked since the last digest", nil, []facts.Mailbox{box(nov(22).Time().Add(8*time.Hour), nov(22).Time().Add(6*time.Hour), "timeout")}, VerdictBlind},
		{"an unverified failure changes nothing", []*report.PolicyRow{clear, unverified}, nil, VerdictClear},
		{"unverified reports alone are silence", []*report.PolicyRow{unverified}, []facts.Mailbox{fine}, VerdictSilent},
		{"where the check is off all count", []*report.PolicyRow{unchecked}, nil, VerdictAction},
		{"the mode of another report stands in", []*report.PolicyRow{clear, row(2, nov(22), tlsrpt.STS, "", 1, 2, expired)}, nil, VerdictAction},
		{"the heavier of two modes stands", []*report.PolicyRow{
			row(1, nov(22), tlsrpt.STS, tlsrpt.ModeTesting, 1, 2, expired), row(2, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 1, 2, expired),
		}, nil, VerdictAction},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := materialOf(tt.rows...)
			m.Mailboxes = tt.mailboxes
			if got := Judge(m, Rules{}).Verdict; got != tt.want {
				t.Errorf("verdict = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestModeFromHistorySaysSo(t *testing.T) {
	t.Parallel()
	expired := tlsrpt.Failure{ResultType: tlsrpt.CertificateExpired, ReceivingMXHostname: "mx.example.com", Sessions: 2}
	m := materialOf(row(1, nov(22), tlsrpt.STS, "", 10, 2, expired))
	m.Modes = map[string]facts.KnownMode{"example.com": {Mode: tlsrpt.ModeEnforce, From: facts.ModeElsewise}}
	j := Judge(m, Rules{})
	f := j.Domains[0].Types[0].Findings[0]
	if j.Verdict != VerdictAction || f.Mode != tlsrpt.ModeEnforce || f.ModeFrom != facts.ModeElsewise {
		t.Errorf("verdict = %s, mode %q from %d; want action, enforce, from another report", j.Verdict, f.Mode, f.ModeFrom)
	}
}
