package facts

import (
	"runtime"
	"testing"

	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/race"
)

// TestNoReportUsesUpTheMemory: what a digest holds does not grow with the names
// that reports invent, whether these count or not.
func TestNoReportUsesUpTheMemory(t *testing.T) {
	race.SkipMemory(t)
	if testing.Short() {
		t.Skip("-short: large reports")
	}
	for _, auth := range []report.AuthResult{report.AuthPass, report.AuthNone} {
		tl := NewTally()
		before := heap()
		for i := range int64(5) {
			tl.Add(crowd(i, 50_000, auth))
		}
		if grown := heap() - before; grown > 20<<20 {
			t.Errorf("%s: the tally of 250,000 names holds %d MB", auth, grown>>20)
		}
		runtime.KeepAlive(tl)
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
