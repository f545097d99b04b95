package words

import (
	"strings"
	"testing"

	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

func TestDaysOfThePictureAreMarkedByWhatBecameOfTheMail(t *testing.T) {
	t.Parallel()
	m := materialOf(row(1, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 100, 0))
	day := func(d int, kind tlsrpt.PolicyType, failed tlsrpt.Sessions, r tlsrpt.ResultType, n tlsrpt.Sessions) {
		m.Days = append(m.Days, report.DayTotal{Day: nov(d).Time(), Domain: "example.com", Type: kind, Successful: 1150, Failed: failed})
		m.Failures = append(m.Failures, report.FailureDay{Day: nov(d).Time(), Domain: "example.com", Type: kind, ResultType: r, MX: "mx1.example.com", Sessions: n})
	}
	day(18, tlsrpt.STS, 1, tlsrpt.CertificateExpired, 1)
	day(19, tlsrpt.STS, 1, tlsrpt.STSPolicyFetchError, 1)
	day(20, tlsrpt.STS, 0, tlsrpt.CertificateExpired, 5)
	day(21, tlsrpt.STS, 0, "", 0)
	v := newView(judge.Judge(m, judge.Rules{}), exampleOptions(), fullBounds())
	var marks []string
	for _, p := range v.Picture {
		marks = append(marks, p.Mark)
		if p.Failed == 1 && (p.Bad != 1 || p.Good != 99) {
			t.Errorf("1 of 1,151 is drawn as %d bad and %d good", p.Bad, p.Good)
		}
	}
	if got := strings.Join(marks, ","); got != "!,-,?,," && got != "!,-,?," {
		t.Errorf("marks %q", got)
	}
	if len(v.Legend) != 3 {
		t.Errorf("the legend is %+v", v.Legend)
	}
}
