package facts

import (
	"testing"

	"tlsbrief/internal/tlsrpt"
)

func TestStretchOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, start, end string
		want             Span
	}{
		{"one day", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59Z", Span{nov(22), nov(22)}},
		{"one day, ended by the next midnight", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", Span{nov(22), nov(22)}},
		{"one day elsewhere", "2026-11-22T05:00:00Z", "2026-11-23T04:59:59Z", Span{nov(22), nov(22)}},
		{"some hours", "2026-11-22T20:00:00Z", "2026-11-22T21:00:00Z", Span{nov(22), nov(22)}},
		{"no time at all", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z", Span{nov(22), nov(22)}},
		{"a week", "2026-11-16T00:00:00Z", "2026-11-22T23:59:59Z", Span{nov(16), nov(22)}},
		{"a week elsewhere", "2026-11-16T05:00:00Z", "2026-11-23T05:00:00Z", Span{nov(16), nov(22)}},
		{"two days", "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z", Span{nov(21), nov(22)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &tlsrpt.Report{Start: instant(t, tt.start), End: instant(t, tt.end)}
			if got := spanOf(r); got != tt.want {
				t.Errorf("stretchOf = %s, want %s", got, tt.want)
			}
		})
	}
	endless := spanOf(&tlsrpt.Report{Start: instant(t, "0001-01-01T00:00:00Z"), End: instant(t, "9999-12-31T00:00:00Z")})
	if endless.First > endless.Last {
		t.Errorf("an endless report is about %s", endless)
	}
}
