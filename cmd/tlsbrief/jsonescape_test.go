package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestJSONOnATerminalIsTextAndReadsBackTheSame(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"plain", "Zürich 日本", "\x1b[31mred", "\u009b31m", "\u202eevil", "a\nb\tc", "\u2028", "\U000e0041tag", "<b>&", "bad \xff utf8", "\ufeff",
	} {
		var b strings.Builder
		if err := newJSONEncoder(&b).Encode(s); err != nil {
			t.Fatal(err)
		}
		for _, r := range strings.TrimSuffix(b.String(), "\n") {
			if !unicode.IsPrint(r) {
				t.Errorf("%q is written with %U in it: %q", s, r, b.String())
			}
		}
		var back string
		if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") {
			t.Errorf("%q reads back as %q, %v", s, back, err)
		}
	}
}
