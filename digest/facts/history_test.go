package facts

import (
	"testing"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// november returns the given days of November 2026 with one session each.
func november(days ...int) Daily {
	m := Daily{}
	for _, d := range days {
		m.Add(nov(d), 1)
	}
	return m
}

func TestStandingOf(t *testing.T) {
	t.Parallel()
	everyDay := november(between(-20, 22)...)
	tests := []struct {
		name                 string
		reported, seen, news Daily
		want                 State
		first                int
	}{
		{"never seen before is new", everyDay, november(22), november(22), StateNew, 22},
		{"seen the day before is ongoing", everyDay, november(21, 22), november(22), StateOngoing, 21},
		{"seen for days is ongoing since the first", everyDay, november(19, 20, 21, 22), november(22), StateOngoing, 19},
		{"a day without reports does not end it", november(19, 20, 22), november(19, 20, 22), november(22), StateOngoing, 19},
		{"a clean day between makes it back", everyDay, november(20, 22), november(22), StateBack, 22},
		{"back within 14 days with reports", everyDay, november(8, 22), november(22), StateBack, 22},
		{"longer ago than that is new", everyDay, november(7, 22), november(22), StateNew, 22},
		{"14 days with reports may be many more days", november(-10, 1, 22), november(-10, 22), november(22), StateBack, 22},
		{"new within a week", everyDay, november(19, 20, 21, 22), november(19, 20, 21, 22), StateNew, 19},
		{"new within a week with a clean day in it", everyDay, november(18, 20), november(18, 20), StateNew, 18},
		{"ongoing from before the week", everyDay, november(15, 16, 17), november(16, 17), StateOngoing, 15},
		{"more of a day that was told of before is ongoing", everyDay, Daily{nov(22): 5}, Daily{nov(22): 2}, StateOngoing, 22},
		{"a late report of days ago is new", everyDay, november(10), november(10), StateNew, 10},
		{"nothing recorded but the news", Daily{}, Daily{}, november(22), StateNew, 22},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := TimelineOf(tt.reported, tt.seen, tt.news)
			if got.State != tt.want || got.First != nov(tt.first) {
				t.Errorf("standingOf = %s since %s, want %s since %s", got.State, got.First, tt.want, nov(tt.first))
			}
		})
	}
}

func TestResolved(t *testing.T) {
	t.Parallel()
	everyDay := november(between(1, 22)...)
	withTwo := func(m Daily, d int) Daily { // two reports on a day, of which one is covered
		out := Daily{nov(d): 1}
		for k, n := range m {
			out.Add(k, n)
		}
		return out
	}
	tests := []struct {
		name                    string
		reported, seen, covered Daily
		still                   bool // it is among what the digest covers
		want                    bool
		first, last             int
	}{
		{"seen the day before, and no more", everyDay, november(21), november(22), false, true, 21, 21},
		{"with the days it lasted", everyDay, november(18, 19, 20, 21), november(22), false, true, 18, 21},
		{"seen two days before was told yesterday", everyDay, november(20), november(22), false, false, 0, 0},
		{"still there", everyDay, november(21, 22), november(22), true, false, 0, 0},
		{"no report came", everyDay, november(21), Daily{}, false, false, 0, 0},
		{"a report without sessions says nothing", everyDay, november(21), Daily{nov(22): 0}, false, false, 0, 0},
		{"the day before the week", everyDay, november(14, 15), november(16, 17, 18, 19, 20, 21, 22), false, true, 14, 15},
		{"a late report of long ago moves nothing", everyDay, november(21), november(3, 22), false, true, 21, 21},
		{"only a late report of a day told of before", withTwo(everyDay, 22), november(21), november(22), false, false, 0, 0},
		{"days without reports are passed over", november(18, 22), november(18), november(22), false, true, 18, 18},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := PolicyKey{"example.com", tlsrpt.STS}
			c := Cause{tlsrpt.STS, tlsrpt.CertificateExpired, "mx.example.com"}
			h := &History{
				Sessions: map[PolicyKey]Daily{s: tt.reported},
				Failures: map[PolicyKey]map[Cause]Daily{s: {c: tt.seen}},
			}
			current := map[Cause]*CauseTally{}
			if tt.still {
				current[c] = &CauseTally{}
			}
			got, ok := h.Resolved(s, tt.covered, current)[c]
			if ok != tt.want {
				t.Fatalf("resolved = %+v, %t, want %t", got, ok, tt.want)
			}
			if ok && (got.First != nov(tt.first) || got.Last != nov(tt.last) || got.State != StateResolved) {
				t.Errorf("resolved %s from %s to %s, want %s to %s", got.State, got.First, got.Last, nov(tt.first), nov(tt.last))
			}
		})
	}
}

func TestHistoryNamesWhatDetailsLeaveOut(t *testing.T) {
	t.Parallel()
	on := nov(21).Time()
	h := NewHistory(
		[]report.DayTotal{{Day: on, Domain: "example.com", Type: tlsrpt.STS, Successful: 10, Failed: 7}},
		[]report.FailureDay{{Day: on, Domain: "example.com", Type: tlsrpt.STS, ResultType: tlsrpt.CertificateExpired, MX: "mx.example.com", Sessions: 4}},
	)
	if got := h.Failures[PolicyKey{"example.com", tlsrpt.STS}][Cause{Type: tlsrpt.STS}][nov(21)]; got != 3 {
		t.Errorf("failures without details = %d, want 3", got)
	}
}

func TestHistoryLeavesOverlapsOutOverall(t *testing.T) {
	t.Parallel()
	on := nov(21).Time()
	h := NewHistory([]report.DayTotal{
		{Day: on, Domain: "example.com", Type: tlsrpt.STS, Successful: 90, Failed: 10},
		{Day: on, Domain: "example.com", Type: tlsrpt.TLSA, Successful: 97, Failed: 13, Overlap: 100, OverlapFailed: 10},
	}, nil)
	if got, want := h.Overall[nov(21)], (Totals{Successful: 97, Failed: 13}); got != want {
		t.Errorf("overall = %+v, want %+v", got, want)
	}
}

func TestDayOf(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2026-11-22T23:59:59Z", "0001-01-01T00:00:00Z"} {
		if got := DayOf(instant(t, s)).String(); got != s[:10] {
			t.Errorf("dayOf(%s) = %s", s, got)
		}
	}
}
