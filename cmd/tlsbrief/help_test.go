package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A terminal has 80 columns.
func TestHelpFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--help"}, {"run", "--help"}, {"poll", "--help"}, {"backfill", "--help"}, {"digest", "--help"},
		{"export", "--help"}, {"status", "--help"}, {"verify", "--help"}, {"check", "--help"}, {"demo", "--help"}, {"version", "--help"}, {"login", "--help"},
	} {
		var out strings.Builder
		if code := run(t.Context(), args, &out, &out); code != 0 {
			t.Fatalf("%v: exit status %d", args, code)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 {
				t.Errorf("%v: %d columns: %q", args, utf8.RuneCountInString(line), line)
			}
		}
	}
}
