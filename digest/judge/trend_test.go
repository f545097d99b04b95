package judge

import (
	"testing"

	"tlsbrief/internal/tlsrpt"
)

// The period before is as long as the days covered, a week at least.
func TestHowLongThePeriodBeforeIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ first, want int }{{22, 7}, {16, 7}, {13, 10}, {-20, 31}} {
		m := materialOf(row(1, nov(tt.first), tlsrpt.STS, tlsrpt.ModeEnforce, 10, 0), row(2, nov(22), tlsrpt.STS, tlsrpt.ModeEnforce, 10, 0))
		if got := Judge(m, Rules{}).Before.Days; got != tt.want {
			t.Errorf("covered from %d to 22 November: compared with %d days, want %d", tt.first, got, tt.want)
		}
	}
}
