package read

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/tlsrpt"
)

// M-G18: a detail without a count stands for its policy's total, where that is known
// to be its own, and for at least one session.
func TestDetailsWithoutCounts(t *testing.T) {
	t.Parallel()
	const failed = `"total-failure-session-count":3`
	detail := func(result, host, count string) string {
		return fmt.Sprintf(`{"result-type":%q,"receiving-mx-hostname":%q%s}`, result, host, count)
	}
	expired, other := detail("certificate-expired", "mx1.example.com", ""), detail("validation-failure", "mx1.example.com", "")
	counted := detail("certificate-expired", "mx1.example.com", `,"failed-session-count":2`)
	for _, tt := range []struct {
		name, total, details string
		want                 []tlsrpt.Sessions
	}{
		{"the only one", `"total-failure-session-count":42`, expired, []tlsrpt.Sessions{42}},
		{"the only one, null", `"total-failure-session-count":42`, detail("validation-failure", "", `,"failed-session-count":null`), []tlsrpt.Sessions{42}},
		{"the only one, of no failure", `"total-failure-session-count":0`, expired, []tlsrpt.Sessions{1}},
		{"the only one, without a total", `"x":1`, expired, []tlsrpt.Sessions{1}},
		{"several of one cause", `"total-failure-session-count":42`, expired + "," + expired + "," + expired, []tlsrpt.Sessions{40, 1, 1}},
		{"more of one cause than failed", failed, strings.Repeat(expired+",", 3) + expired, []tlsrpt.Sessions{1, 1, 1, 1}},
		{"of two causes", failed, expired + "," + other, []tlsrpt.Sessions{1, 1}},
		{"beside one with a count", failed, counted + "," + expired, []tlsrpt.Sessions{2, 1}},
		{"beside one that is set aside", failed, expired + `,{"result-type":"x","failed-session-count":-1}`, []tlsrpt.Sessions{1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := strings.Index(minimal, `"failure-details":[`)
			src := minimal[:i] + `"failure-details":[` + tt.details + minimal[i+strings.Index(minimal[i:], "]"):]
			r, err := NewReader(Limits{}).Decode(strings.NewReader(strings.Replace(src, failed, tt.total, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var got []tlsrpt.Sessions
			for _, f := range r.Policies[0].Failures {
				got = append(got, f.Sessions)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("sessions (-want +got):\n%s", diff)
			}
		})
	}
}
