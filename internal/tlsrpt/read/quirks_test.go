package read

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/tlsrpt"
)

// with returns the minimal report with parts of it replaced, in pairs of old and
// new text. A part that is not there fails the test: it would test nothing.
func with(t *testing.T, pairs ...string) string {
	t.Helper()
	s := minimal
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("%s is not in the report", pairs[i])
		}
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	return s
}

// deviations joins what deviates, a line each.
func deviations(r *tlsrpt.Report) string {
	var b strings.Builder
	for _, d := range r.Deviations {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

// Parts of the minimal report that tests replace.
const (
	partStart    = `"2026-03-01T00:00:00Z"`
	partEnd      = `"2026-03-01T23:59:59Z"`
	partContact  = `"contact-info":"tls@sender.example",`
	partStrings  = `["version: STSv1","mode: enforce","mx: mx1.example.com","max_age: 86400"]`
	partType     = `"policy-type":"sts"`
	partDomain   = `,"policy-domain":"example.com"`
	partMX       = `"mx-host":["mx1.example.com"]`
	partTotals   = `"total-successful-session-count":12,"total-failure-session-count":3`
	partResult   = `"result-type":"certificate-expired"`
	partSending  = `"sending-mta-ip":"192.0.2.1"`
	partHostname = `"receiving-mx-hostname":"mx1.example.com"`
	partCount    = `"failed-session-count":3`
)

// Each quirk that concerns the JSON is read as RFC 8460 means it, and noted.
func TestQuirks(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		edit  []string
		want  string // in the deviations; empty for none at all
		check func(*tlsrpt.Report) (got, want any)
	}{
		{
			"Q1 times without zone are UTC", []string{partStart, `"2026-03-01T00:00:00"`, partEnd, `"2026-03-01T23:59:59"`},
			"date-range.start-datetime: a time without zone; read as UTC",
			func(r *tlsrpt.Report) (any, any) {
				return []time.Time{r.Start, r.End}, []time.Time{day, day.Add(86399 * time.Second)}
			},
		},
		{
			"Q2 TLSA records as JSON inside one string",
			[]string{partStrings, `["[\"3 1 1 AA\",\"3 1 1 BB\"]"]`, partType, `"policy-type":"tlsa"`},
			"policies[0].policy.policy-string: a list written as text inside a string",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Strings, []string{"3 1 1 AA", "3 1 1 BB"} },
		},
		{
			"Q2 the same without the outer list",
			[]string{partStrings, `"[\"3 1 1 AA\",\"3 1 1 BB\"]"`, partType, `"policy-type":"tlsa"`},
			"a list written as text inside a string",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Strings, []string{"3 1 1 AA", "3 1 1 BB"} },
		},
		{
			"Q4 failures without IPs, MX or reason", []string{`,` + partSending, "", `,` + partHostname, "", `,"receiving-ip":"198.51.100.1"`, ""}, "",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Failures, []tlsrpt.Failure{{ResultType: tlsrpt.CertificateExpired, Sessions: 3}}
			},
		},
		{
			"Q4 sts without policy-string and mx-host has no mode", []string{`,"policy-string":` + partStrings, "", `,` + partMX, ""}, "",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Mode, tlsrpt.Mode("") },
		},
		{
			"Q5 a reason code and no sending IP", []string{`,` + partSending, "", `"certificate-expired"`, `"validation-failure","failure-reason-code":"MX_HOSTS_MISMATCH"`}, "",
			func(r *tlsrpt.Report) (any, any) {
				return []string{r.Policies[0].Failures[0].ReasonCode, r.Policies[0].Failures[0].SendingMTAIP}, []string{"MX_HOSTS_MISMATCH", ""}
			},
		},
		{
			"Q7 no-policy-found with nothing but a domain", []string{partType, `"policy-type":"no-policy-found"`, `,"policy-string":` + partStrings, "", `,` + partMX, ""}, "",
			func(r *tlsrpt.Report) (any, any) {
				p := r.Policies[0]
				return []any{p.Type, p.Domain, len(p.Strings), len(p.MXHosts)}, []any{tlsrpt.NoPolicyFound, "example.com", 0, 0}
			},
		},
		{
			"Q8 details may exceed the total, which stands", []string{partCount, `"failed-session-count":4`},
			"total-failure-session-count: less than its largest failure detail; kept as sent",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failed, tlsrpt.Sessions(3) },
		},
		{
			"Q8 free text for a reason code", []string{partResult, partResult + `,"failure-reason-code":"Get \"https://x\": 404"`}, "",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failures[0].ReasonCode, `Get "https://x": 404` },
		},
		{
			"Q9 contact-info null", []string{partContact, `"contact-info":null,`}, "contact-info: null where a string is due",
			func(r *tlsrpt.Report) (any, any) { return r.ContactInfo, "" },
		},
		{
			"Q9 lists null", []string{partStrings, "null", partMX, `"mx-host":null`},
			"policies[0].policy.mx-host: null where a list is due",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies[0].Strings) + len(r.Policies[0].MXHosts), 0 },
		},
		{
			"Q9 lists empty", []string{partStrings, "[]", partMX, `"mx-host":[]`}, "",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies[0].Strings) + len(r.Policies[0].MXHosts), 0 },
		},
		{
			"Q10 mx: before mx-hosts", []string{partMX, `"mx-host":["mx: mx1.example.com","MX:mx2.example.com"]`}, `"mx:" before the name; removed (RFC 8460 section 4.4, Q10)`,
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].MXHosts, []string{"mx1.example.com", "mx2.example.com"}
			},
		},
		{
			"Q11 no domain, Google's report-id", []string{partDomain, "", `"r-1"`, `"2026-03-01T00:00:00Z_Example.com"`},
			"policies[0].policy.policy-domain: missing; example.com is taken from the report-id",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Domain, "example.com" },
		},
		{
			"Q11 no domain, tlsrpt-reporter's report-id", []string{partDomain, `,"policy-domain":""`, `"r-1"`, `"2026-03-01T00:00:00Z_idx12_example.com"`},
			"missing; example.com is taken from the report-id",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Domain, "example.com" },
		},
		{
			"Q11 no domain, Microsoft's report-id", []string{partDomain, "", `"r-1"`, `"133526718584528772+example.com"`},
			"example.com is taken from the report-id",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Domain, "example.com" },
		},
		{
			"Q12 mx-host a string", []string{partMX, `"mx-host":"*.Example.com"`}, "mx-host: a string where a list is due (RFC 8460 section 4.4, Q12)",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].MXHosts, []string{"*.example.com"} },
		},
		{
			"Q12 several in a string", []string{partMX, `"mx-host":"mx1.example.com, mx2.example.com"`}, "several names in one string",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].MXHosts, []string{"mx1.example.com", "mx2.example.com"}
			},
		},
		{
			"Q12 policy-string a string", []string{partStrings, `"version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 1"`},
			"policy-string: a string where a list is due",
			func(r *tlsrpt.Report) (any, any) {
				return []any{r.Policies[0].Strings, r.Policies[0].Mode}, []any{[]string{"version: STSv1", "mode: testing", "mx: mx1.example.com", "max_age: 1"}, tlsrpt.ModeTesting}
			},
		},
		{
			"Q12 policy-string an empty string", []string{partStrings, `""`}, "a string where a list is due",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies[0].Strings), 0 },
		},
		{
			"policy-string joined by semicolons", []string{partStrings, `"version: STSv1; mode: none; max_age: 1"`}, "a string where a list is due",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Mode, tlsrpt.ModeNone },
		},
		{
			"Q13 mx-host-pattern and additional-info-uri", []string{`"mx-host"`, `"mx-host-pattern"`, partResult, partResult + `,"additional-info-uri":"https://sender.example/x"`},
			`policies[0].policy.mx-host: written as "mx-host-pattern"`,
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].MXHosts[0] + " " + r.Policies[0].Failures[0].AdditionalInformation, "mx1.example.com https://sender.example/x"
			},
		},
		{
			"Q13 both spellings: the right one is read", []string{partMX, `"mx-host":["right.example.com"],"mx-host-pattern":["wrong.example.com"]`},
			"given more than once; the one spelt right is read",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].MXHosts, []string{"right.example.com"} },
		},
		{
			"Q13 both spellings in the other order", []string{partMX, `"mx-host-pattern":["wrong.example.com"],"mx-host":["right.example.com"]`},
			"given more than once; the last is read",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].MXHosts, []string{"right.example.com"} },
		},
		{
			"Q13 drafts' failure-error-code", []string{partResult, partResult + `,"failure-error-code":"X509_V_ERR_X"`}, `written as "failure-error-code"`,
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failures[0].ReasonCode, "X509_V_ERR_X" },
		},
		{
			"Q15 failure-details an object", []string{`[{` + partResult, `{` + partResult, partCount + `}]`, partCount + `}`},
			"failure-details: an object where a list is due; read as a list of one",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies[0].Failures), 1 },
		},
		{
			"R13 policies an object", []string{`"policies":[`, `"policies":`, partCount + `}]}]`, partCount + `}]}`},
			"policies: an object where a list is due; read as a list of one",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies), 1 },
		},
		{
			"Q20 no failure total beside details: the largest, never 0", []string{`,"total-failure-session-count":3`, "", partCount + `}`, partCount + `},{"result-type":"starttls-not-supported","failed-session-count":2}`},
			"missing beside failure details; read as the largest of them",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failed, tlsrpt.Sessions(3) },
		},
		{
			"Q20 the same where it is null", []string{`"total-failure-session-count":3`, `"total-failure-session-count":null`},
			"missing beside failure details; read as the largest of them",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failed, tlsrpt.Sessions(3) },
		},
		{
			"Q20 no failure total and no details: 0", []string{`,"total-failure-session-count":3`, "", `,"failure-details":[{` + partResult + `,` + partSending + `,` + partHostname + `,"receiving-ip":"198.51.100.1",` + partCount + `}]`, ""},
			"missing, and there are no failure details; read as 0",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failed, tlsrpt.Sessions(0) },
		},
		{
			"no success total: 0", []string{`"total-successful-session-count":12,`, ""}, "total-successful-session-count: missing; read as 0",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Successful, tlsrpt.Sessions(0) },
		},
		{
			"no summary at all: the details tell", []string{`,"summary":{` + partTotals + `}`, ""}, "missing beside failure details",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failed, tlsrpt.Sessions(3) },
		},
		{
			"Q20 unknown policy-type is kept", []string{partType, `"policy-type":"Invalid-Policy-Type"`}, `"invalid-policy-type" is not known to RFC 8460; kept`,
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Type, tlsrpt.PolicyType("invalid-policy-type") },
		},
		{
			"missing policy-type, told by the policy", []string{partType + ",", ""}, "policy-type: missing; sts, by its policy-string",
			func(r *tlsrpt.Report) (any, any) {
				return []any{r.Policies[0].Type, r.Policies[0].Mode}, []any{tlsrpt.STS, tlsrpt.ModeEnforce}
			},
		},
		{
			"missing policy-type, not told", []string{partType + `,"policy-string":` + partStrings + ",", ""}, "counted under no known type",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Type, tlsrpt.PolicyType("") },
		},
		{
			"Q21 counts in quotes", []string{partTotals, `"total-successful-session-count":"12","total-failure-session-count":" 3 "`}, "a count in quotes",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Successful + r.Policies[0].Failed, tlsrpt.Sessions(15)
			},
		},
		{
			"Q21 counts as floats", []string{partTotals, `"total-successful-session-count":1.2e1,"total-failure-session-count":3.0`}, "a count written as 1.2e1",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Successful + r.Policies[0].Failed, tlsrpt.Sessions(15)
			},
		},
		{
			"Q21 upper-case policy-type", []string{partType, `"policy-type":"STS"`}, `policy-type: written as "STS"`,
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Type, tlsrpt.STS },
		},
		{
			"Q21 domains with dot and capitals", []string{`"policy-domain":"example.com"`, `"policy-domain":"Example.COM."`, partHostname, `"receiving-mx-hostname":"MX1.example.com."`},
			"policies[0].policy.policy-domain: upper-case letters; read as lower case",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Domain + " " + r.Policies[0].Failures[0].ReceivingMXHostname, "example.com mx1.example.com"
			},
		},
		{
			"Q21 R17 unknown result-type is kept", []string{`"certificate-expired"`, `"Quantum-Flux"`}, `"quantum-flux" is not known to RFC 8460; kept`,
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Failures[0].ResultType, tlsrpt.ResultType("quantum-flux")
			},
		},
		{
			"R13 U-labels become A-labels", []string{`"policy-domain":"example.com"`, `"policy-domain":"bücher.example"`, partMX, `"mx-host":["*.BÜCHER.example"]`}, "an internationalized name; read as its A-label",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Domain + " " + r.Policies[0].MXHosts[0], "xn--bcher-kva.example *.xn--bcher-kva.example"
			},
		},
		{
			"what is no domain is kept as sent", []string{`"policy-domain":"example.com"`, `"policy-domain":"not a domain\n"`}, "not a domain name; kept as sent",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Domain, "not a domain" },
		},
		{
			"Q22 underscores", []string{`"organization-name"`, `"org_name"`, `"date-range"`, `"date_range"`, `"start-datetime"`, `"start_datetime"`, `"failed-session-count"`, `"failed_session_count"`, partResult, `"result_type":"certificate_expired"`},
			`organization-name: written as "org_name"`,
			func(r *tlsrpt.Report) (any, any) {
				return []any{r.OrganizationName, r.Start, r.Policies[0].Failures[0].Sessions, r.Policies[0].Failures[0].ResultType}, []any{"Sender Ltd", day, tlsrpt.Sessions(3), tlsrpt.CertificateExpired}
			},
		},
		{
			"Q22 dates alone", []string{partStart, `"2026-03-01"`, partEnd, `"2026-03-02"`}, "a date without time; read as its midnight UTC",
			func(r *tlsrpt.Report) (any, any) {
				return []time.Time{r.Start, r.End}, []time.Time{day, day.AddDate(0, 0, 1)}
			},
		},
		{
			"R12 capital keys", []string{`"report-id"`, `"Report-ID"`}, `report-id: written as "Report-ID"`,
			func(r *tlsrpt.Report) (any, any) { return r.ReportID, "r-1" },
		},
		{
			"Q3 Q31 Q32 policies of one domain stand side by side", []string{`"policies":[`, `"policies":[{"policy":{"policy-type":"tlsa","policy-domain":"example.com"},"summary":{` + partTotals + `}},{"policy":{"policy-type":"sts","policy-domain":"example.com"},"summary":{` + partTotals + `}},`}, "",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies), 3 },
		},
		{
			"Q29 policies of several domains", []string{`"policies":[`, `"policies":[{"policy":{"policy-type":"tlsa","policy-domain":"mx1.example.net"},"summary":{` + partTotals + `}},`}, "",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Domain + " " + r.Policies[1].Domain, "mx1.example.net example.com"
			},
		},
		{
			"Q30 a policy that can't be used does not take the others along", []string{`"policies":[`, `"policies":[{"policy":{"policy-type":"tlsa","policy-domain":"a.example"},"summary":{"total-successful-session-count":-1}},17,`},
			"policies[0].summary.total-successful-session-count: -1 is negative; the policy is set aside",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies), 1 },
		},
		{
			"Q33 empty IP", []string{partSending, `"sending-mta-ip":""`}, "sending-mta-ip: empty where an IP address is due (RFC 8460 section 4.4, Q33)",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failures[0].SendingMTAIP, "" },
		},
		{
			"an IP that is none is kept", []string{partSending, `"sending-mta-ip":"mail.sender.example"`}, "sending-mta-ip: not an IP address; kept as sent",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Failures[0].SendingMTAIP, "mail.sender.example"
			},
		},
		{
			"Q33 carriage returns", []string{partStrings, `["version: STSv1\r","mode: testing\r","max_age: 1\r"]`}, "carriage returns at line ends; removed",
			func(r *tlsrpt.Report) (any, any) {
				return []any{r.Policies[0].Strings, r.Policies[0].Mode}, []any{[]string{"version: STSv1", "mode: testing", "max_age: 1"}, tlsrpt.ModeTesting}
			},
		},
		{
			"Q33 receiving-mx-host-name", []string{`"receiving-mx-hostname"`, `"receiving-mx-host-name"`}, `written as "receiving-mx-host-name"`,
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Failures[0].ReceivingMXHostname, "mx1.example.com"
			},
		},
		{
			"Q33 a whole EHLO answer", []string{partResult, partResult + `,"receiving-mx-helo":"250-mx1\r\n250 STARTTLS"`}, "receiving-mx-helo: several lines; kept as sent",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].Failures[0].ReceivingMXHELO, "250-mx1\r\n250 STARTTLS"
			},
		},
		{
			"R18 information that is no URI is kept", []string{partResult, partResult + `,"additional-information":"see log"`}, "additional-information: not a URI; kept as sent",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failures[0].AdditionalInformation, "see log" },
		},
		{
			"end as the next midnight is nothing odd", []string{partEnd, `"2026-03-02T00:00:00Z"`}, "",
			func(r *tlsrpt.Report) (any, any) { return r.End, day.AddDate(0, 0, 1) },
		},
		{
			"times with an offset are nothing odd", []string{partStart, `"2026-03-01T01:00:00+01:00"`}, "",
			func(r *tlsrpt.Report) (any, any) { return r.Start, day },
		},
		{
			"a detail with a bad count is set aside", []string{partCount + `}`, partCount + `},{"result-type":"dane-required","failed-session-count":1.5},"x"`},
			"policies[0].failure-details[1].failed-session-count: 1.5 is not a whole number; the detail is set aside",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies[0].Failures), 1 },
		},
		{
			"M-G18 the only detail, without a count, stands for the total", []string{`,` + partCount, ""}, "failed-session-count: missing; read as 1",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failures[0].Sessions, tlsrpt.Sessions(3) },
		},
		{
			"a detail without result-type is kept", []string{partResult + `,`, ""}, "result-type: missing or empty",
			func(r *tlsrpt.Report) (any, any) { return r.Policies[0].Failures[0].Sessions, tlsrpt.Sessions(3) },
		},
		{
			"R12 duplicate keys: the last is read", []string{`"report-id":"r-1"`, `"report-id":"first","report-id":"r-1"`}, "report-id: given more than once; the last is read",
			func(r *tlsrpt.Report) (any, any) { return r.ReportID, "r-1" },
		},
		{
			"duplicate policies do not add up", []string{`"policies":[`, `"policies":[{"policy":{"policy-type":"sts","policy-domain":"example.com"},"summary":{` + partTotals + `}}],"policies":[`}, "policies: given more than once",
			func(r *tlsrpt.Report) (any, any) { return len(r.Policies), 1 },
		},
		{
			"unknown keys are ignored", []string{partContact, partContact + `"x-extension":{"a":[1,{"b":null}]},`}, "",
			func(r *tlsrpt.Report) (any, any) { return r.ReportID, "r-1" },
		},
		{
			"misspelled keys are named", []string{partContact, `"contect-info":"x",`}, `contact-info: perhaps meant by "contect-info", which was not read`,
			func(r *tlsrpt.Report) (any, any) { return r.ContactInfo, "" },
		},
		{
			"no organization-name beside a report-id", []string{`"organization-name":"Sender Ltd",`, ""}, "organization-name: missing or empty",
			func(r *tlsrpt.Report) (any, any) { return r.OrganizationName, "" },
		},
		{
			"no report-id", []string{`"report-id":"r-1",`, ""}, "report-id: missing or empty",
			func(r *tlsrpt.Report) (any, any) { return r.ReportID, "" },
		},
		{
			"wrong kinds of strings", []string{`"r-1"`, `42`, `"Sender Ltd"`, `["Sender Ltd"]`, `"tls@sender.example"`, `{"mail":"x"}`}, "report-id: a number where a string is due",
			func(r *tlsrpt.Report) (any, any) {
				return r.OrganizationName + r.ReportID + r.ContactInfo, "Sender Ltd42"
			},
		},
		{
			"wrong kinds inside lists", []string{partMX, `"mx-host":[null,["a.example",["b.example"]],{"c":1},7,""]`}, "mx-host: a list inside a list; read as one",
			func(r *tlsrpt.Report) (any, any) {
				return r.Policies[0].MXHosts, []string{"a.example", "b.example", "7"}
			},
		},
		{
			"half a surrogate pair", []string{`"Sender Ltd"`, `"Sender \ud800 Ltd"`}, "half of a surrogate pair; read as U+FFFD",
			func(r *tlsrpt.Report) (any, any) { return r.OrganizationName, "Sender \uFFFD Ltd" },
		},
		{
			"something after the report", []string{`"failed-session-count":3}]}]}`, `"failed-session-count":3}]}]}` + "\n{}"}, "json: something follows the report",
			func(r *tlsrpt.Report) (any, any) { return string(r.JSON), minimal },
		},
		{
			"blanks after the report are nothing odd", []string{`"failed-session-count":3}]}]}`, `"failed-session-count":3}]}]}` + "\r\n \t\n"}, "",
			func(r *tlsrpt.Report) (any, any) { return string(r.JSON), minimal },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := NewReader(Limits{}).Decode(strings.NewReader(with(t, tt.edit...)))
			if err != nil {
				t.Fatal(err)
			}
			got, want := tt.check(r)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			switch dev := deviations(r); {
			case tt.want == "" && dev != "":
				t.Errorf("deviations:\n%s, want none", dev)
			case !strings.Contains(dev, tt.want):
				t.Errorf("deviations:\n%swant %q among them", dev, tt.want)
			}
		})
	}
}

// What rejects a report names the field and the rule (DESIGN 6).
func TestDecodeFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		edit []string
		path string
		want string // in the error
	}{
		{"nobody's report", []string{`"organization-name":"Sender Ltd",`, "", partContact, "", `"report-id":"r-1",`, ""}, "organization-name", "RFC 8460 section 4.4"},
		{"no date-range", []string{`"date-range"`, `"data"`}, "date-range", "missing (RFC 8460 section 4.1)"},
		{"date-range null", []string{`{"start-datetime":` + partStart + `,"end-datetime":` + partEnd + `}`, "null"}, "date-range", "missing"},
		{"date-range a string", []string{`{"start-datetime":` + partStart + `,"end-datetime":` + partEnd + `}`, `"2026-03-01"`}, "date-range", "a string where an object is due"},
		{"no end", []string{`"end-datetime"`, `"x"`}, "date-range.end-datetime", "missing"},
		{"start null", []string{partStart, "null"}, "date-range.start-datetime", "missing"},
		{"start is no time", []string{partStart, `"yesterday"`}, "date-range.start-datetime", `"yesterday" is not a date and time`},
		{"end before start", []string{partEnd, `"2026-02-28T23:59:59Z"`}, "date-range", "ends 2026-02-28T23:59:59Z, before it starts 2026-03-01T00:00:00Z"},
		{"no policies", []string{`"policies"`, `"rules"`}, "policies", "missing or empty (RFC 8460 section 4.4, Q23)"},
		{"the only policy has a negative count", []string{partTotals, `"total-successful-session-count":-12,"total-failure-session-count":3`}, "policies[0].summary.total-successful-session-count", "no policy is left: "},
		{"count over 2^53-1", []string{partTotals, `"total-successful-session-count":12,"total-failure-session-count":9007199254740992`}, "policies[0].summary.total-failure-session-count", "over 2^53-1 (RFC 8460 section 4.2.2)"},
		{"count with a fraction", []string{partTotals, `"total-successful-session-count":12.5`}, "policies[0].summary.total-successful-session-count", "12.5 is not a whole number"},
		{"count is a word", []string{partTotals, `"total-successful-session-count":"many"`}, "policies[0].summary.total-successful-session-count", `"many" is not a number`},
		{"count is a list", []string{partTotals, `"total-successful-session-count":[12]`}, "policies[0].summary.total-successful-session-count", "is a list, not a number"},
		{"no counts at all", []string{`"summary":{` + partTotals + `},"failure-details":[{` + partResult + `,` + partSending + `,` + partHostname + `,"receiving-ip":"198.51.100.1",` + partCount + `}]`, `"summary":{}`}, "policies[0].summary", "no session counts at all"},
		{"no failure total, and no detail can be read", []string{`,"total-failure-session-count":3`, "", partCount, `"failed-session-count":-3`}, "policies[0].summary.total-failure-session-count", "no failure detail can be read"},
		{"Q11 no domain anywhere", []string{partDomain, ""}, "policies[0].policy.policy-domain", "neither report-id nor Subject nor file name"},
		{"trailing comma", []string{`"failed-session-count":3}]}]}`, `"failed-session-count":3}]}],}`}, "json", "RFC 8259"},
		{"raw line end inside a string", []string{"Sender Ltd", "Sender\nLtd"}, "json", "RFC 8259"},
		{"cut short", []string{`"failed-session-count":3}]}]}`, ``}, "json", "unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := NewReader(Limits{}).Decode(strings.NewReader(with(t, tt.edit...)))
			if err == nil {
				t.Fatalf("Decode gives %+v, want an error", r)
			}
			var field *tlsrpt.FieldError
			if !errors.As(err, &field) || field.Path != tt.path {
				t.Errorf("error %v is not about %s", err, tt.path)
			}
			if !errors.Is(err, tlsrpt.ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it, wrapping ErrMalformed", err, tt.want)
			}
		})
	}
}

// What is no report at all.
func TestDecodeOtherJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, src, want string
		noReport        bool
	}{
		{"empty", "", "empty", false},
		{"null", "null", "null where a report is due", false},
		{"a list of reports", "[" + minimal + "]", "a list where a report is due", false},
		{"a string", `"x"`, "a string where a report is due", false},
		{"text that begins like null", "not gzip", "at byte 1: invalid character 'o'", false},
		{"text that begins with true", "true story", "at byte 5: invalid character 's'", false},
		{"a string cut short", `"x`, "unexpected EOF", false},
		{"an empty object", "{}", "an object without any key of one", true},
		{"another object", `{"invoice":7}`, "an object without any key of one", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewReader(Limits{}).Decode(strings.NewReader(tt.src))
			if !errors.Is(err, tlsrpt.ErrMalformed) || !strings.Contains(err.Error(), tt.want) || errors.Is(err, tlsrpt.ErrNoReport) != tt.noReport {
				t.Errorf("Decode(%s) = %v, want %q", tt.src, err, tt.want)
			}
		})
	}
}
