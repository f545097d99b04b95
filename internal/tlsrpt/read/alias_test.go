package read

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The strings of a report are part of its JSON. That holds only while the
// decoder neither copies its input into a buffer of its own nor uses one again.
func TestReportDoesNotChangeWhenItsReaderReadsOn(t *testing.T) {
	t.Parallel()
	text := func(word string) string {
		return strings.NewReplacer("WORD", word).Replace(`{"organization-name":"WORD Inc.","contact-info":"tls@WORD.example","report-id":"id-WORD",
			"date-range":{"start-datetime":"2026-03-01T00:00:00Z","end-datetime":"2026-03-01T23:59:59Z"},
			"policies":[{"policy":{"policy-type":"sts","policy-domain":"WORD.example","policy-string":["version: STSv1","mx: WORD.example"],"mx-host":["mx.WORD.example"]},
			"summary":{"total-successful-session-count":1,"total-failure-session-count":1},
			"failure-details":[{"result-type":"certificate-expired","receiving-mx-hostname":"mx.WORD.example","additional-information":"see WORD","failed-session-count":1}]}]}`)
	}
	rd := NewReader(DefaultLimits())
	first, err := rd.Decode(strings.NewReader(text("first")))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"other", strings.Repeat("longer", 1000)} {
		if _, err := rd.Decode(strings.NewReader(text(word))); err != nil {
			t.Fatal(err)
		}
	}
	want, err := NewReader(DefaultLimits()).Decode(strings.NewReader(text("first")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("the first report after others were read (-want +got):\n%s", diff)
	}
}
