// Package race tells tests whether the race detector watches them: it takes several
// times the memory of a program, so that what a test measures is not the program's.
package race

import "testing"

// SkipMemory skips a test that measures memory, under the race detector.
func SkipMemory(t testing.TB) {
	t.Helper()
	if Enabled {
		t.Skip("the race detector takes several times the memory of the program")
	}
}
