// Package spelling finds the word that a misspelled one was meant to be. It
// knows no word itself and trusts none: all it does is compare. The cost of a
// comparison is the product of both lengths, which callers bound.
package spelling

import (
	"slices"
	"strings"
)

// Distance counts the bytes or characters to add, drop or change to make one
// word of the other (Levenshtein).
func Distance[E byte | rune](a, b []E) int {
	var short [48]int
	row := short[:]
	if len(b) >= len(row) {
		row = make([]int, len(b)+1)
	}
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// longest bounds the words that Nearest compares, in bytes.
const longest = 40

// Nearest returns the word that was probably meant, or "": one that differs from
// what was written in few letters, or begins with it, or it with that.
func Nearest(written string, words []string) string {
	written = strings.ToLower(strings.ReplaceAll(written, "-", "_"))
	if len(written) > longest {
		return ""
	}
	words = slices.Sorted(slices.Values(words))
	best, fewest := "", len(written)/3+1
	for _, w := range words {
		if n := Distance([]byte(written), []byte(w)); n < fewest || n == fewest && best == "" && n < len(w) {
			best, fewest = w, n
		}
	}
	if best != "" {
		return best
	}
	for _, w := range words {
		if len(written) > 2 && (strings.HasPrefix(w, written) || strings.HasPrefix(written, w)) {
			return w
		}
	}
	return ""
}

// Hint asks for the nearest word, as the end of a sentence: "; did you mean host?".
// It returns "" where no word is near.
func Hint(written string, words []string) string {
	if near := Nearest(written, words); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
