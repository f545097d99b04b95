package main

import (
	"fmt"
	"strings"
	"unicode"
)

// clean makes a string from outside safe to print on a terminal: what cannot be
// seen, such as an escape sequence or a change of writing direction, becomes
// U+FFFD.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// short cuts a cleaned string to at most n runes.
func short(s string, n int) string {
	runes := []rune(clean(s))
	if len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n-1]) + "…"
}

// plural counts things whose plural takes an s.
func plural(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
