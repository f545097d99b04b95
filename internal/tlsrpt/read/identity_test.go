package read

import (
	"slices"
	"strings"
	"testing"
)

// The same report in another spelling is the same report.
func TestContentIgnoresSpelling(t *testing.T) {
	t.Parallel()
	rd := NewReader(Limits{})
	plain, err := rd.Decode(strings.NewReader(minimal))
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][]string{
		{partMX, `"mx-host":"MX1.example.com."`},
		{partTotals, `"total-failure-session-count":3.0,"total-successful-session-count":"12"`},
		{partStart, `"2026-03-01T00:00:00"`},
		{partContact, partContact + " \n"},
	} {
		other, err := rd.Decode(strings.NewReader(with(t, edit...)))
		if err != nil {
			t.Fatal(err)
		}
		if other.Identity() != plain.Identity() || other.Content() != plain.Content() {
			t.Errorf("%v: another report", edit)
		}
	}
}

// What a policy is about follows from the JSON alone: the header fields of a mail
// and the name of a file, which a stranger can write around a signed report, move
// nothing, and the report stays the same report wherever it was found.
func TestAReportIsAboutTheSameWhereverItIsFound(t *testing.T) {
	t.Parallel()
	host := `"policies":[{"policy":{"policy-type":"tlsa","policy-domain":"mx1.provider.example"},"summary":{` + partTotals +
		`},"failure-details":[{"result-type":"tlsa-invalid","receiving-mx-hostname":"mx1.provider.example","failed-session-count":0}]},`
	whole := strings.Replace(minimal, `"policies":[`, host, 1)
	nameless := strings.Replace(whole, `"policy-domain":"example.com"`, `"policy-domain":""`, 1)
	for _, tt := range []struct{ name, text, want string }{
		{"every policy has its domain", whole, "example.com"},
		{"Q11 another policy has none", nameless, "mx1.provider.example"},
	} {
		for _, field := range []string{"TLS-Report-Domain: victim.example", "Subject: Report Domain: victim.example Submitter: x.example Report-ID: <1@x.example>"} {
			mail := field + "\r\nMIME-Version: 1.0\r\nContent-Type: application/tlsrpt+json; name=\"x.example!victim.example!1!2.json\"\r\n\r\n" + tt.text
			found, err := NewReader(Limits{}).ReadMail([]byte(mail))
			if err != nil || len(found.Found) != 1 {
				t.Fatalf("%s, %s: %+v, %v", tt.name, field, found, err)
			}
			got := found.Found[0].Report
			if about := got.OwnerDomains(); about[0] != tt.want {
				t.Errorf("%s, %s: DANE at the MX host is about %s, want %s", tt.name, field, about[0], tt.want)
			}
			if tt.text != whole {
				continue
			}
			file, err := NewReader(Limits{}).Decode(strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.OwnerDomains(), file.OwnerDomains()) || got.Identity() != file.Identity() || got.Content() != file.Content() {
				t.Errorf("%s, %s: it is another report than in a file", tt.name, field)
			}
		}
	}
}
