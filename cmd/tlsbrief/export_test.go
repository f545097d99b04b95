package main

import (
	"testing"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// M-I7: two reports may differ in nothing but a fraction of a second.
func TestExportKeepsFractionsOfSeconds(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		end  time.Duration
		want string
	}{
		{24*time.Hour - time.Second, "2026-11-20T23:59:59Z"},
		{24*time.Hour - time.Millisecond, "2026-11-20T23:59:59.999Z"},
		{24*time.Hour - time.Nanosecond, "2026-11-20T23:59:59.999999999Z"},
	} {
		e := newExportRow(&report.PolicyRow{Report: tlsrpt.Report{Start: start, End: start.Add(tt.end)}})
		if e.Start != "2026-11-20T00:00:00Z" || e.End != tt.want {
			t.Errorf("exported from %s to %s, want to %s", e.Start, e.End, tt.want)
		}
	}
}
