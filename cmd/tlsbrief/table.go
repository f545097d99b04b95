package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// A table has four columns: a word, a name, and two of text that is wrapped within
// its column. Widths are those of a terminal, where most East Asian characters take
// two columns.
type table struct {
	heads [4]string
	rows  [][4]string
}

// gap separates two columns.
const gap = "  "

// row adds a row of printable cells.
func (t *table) row(cells ...string) {
	var r [4]string
	for i, c := range cells {
		r[i] = printable(c)
	}
	t.rows = append(t.rows, r)
}

// widths divides a width among the columns.
func (t *table) widths(width int) (widths [4]int) {
	for i := range 2 {
		widths[i] = uniseg.StringWidth(t.heads[i])
		for _, r := range t.rows {
			widths[i] = max(widths[i], uniseg.StringWidth(r[i]))
		}
		widths[i] = min(widths[i], width/4)
	}
	rest := width - widths[0] - widths[1] - 3*len(gap)
	widths[2] = rest * 3 / 5
	widths[3] = rest - widths[2]
	return widths
}

// print prints the table within a width, with an empty line between rows, since a row
// may take several lines.
func (t *table) print(w io.Writer, width int) error {
	var out strings.Builder
	widths := t.widths(width)
	printRow(&out, t.heads, widths)
	var rules [4]string
	for i, n := range widths {
		rules[i] = strings.Repeat("-", n)
	}
	printRow(&out, rules, widths)
	for i, r := range t.rows {
		if i > 0 {
			out.WriteByte('\n')
		}
		printRow(&out, r, widths)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// printRow prints a row, on as many lines as its longest cell takes.
func printRow(out *strings.Builder, cells [4]string, widths [4]int) {
	var wrapped [4][]string
	lines := 1
	for i, c := range cells {
		wrapped[i] = wrap(c, widths[i])
		lines = max(lines, len(wrapped[i]))
	}
	for n := range lines {
		line, at := "", 0
		for i, cell := range wrapped {
			if n < len(cell) {
				line += strings.Repeat(" ", at-uniseg.StringWidth(line)) + cell[n]
			}
			at += widths[i] + len(gap)
		}
		fmt.Fprintln(out, line)
	}
}

// wrap splits text into lines of at most width columns: at spaces, in a longer word
// after a dot or the like, and otherwise between any two characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && uniseg.StringWidth(line)+1+uniseg.StringWidth(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for uniseg.StringWidth(word) > width {
			head := firstPart(word, width)
			lines = append(lines, head)
			word = word[len(head):]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// firstPart returns the longest prefix of a word that fits and ends where the word may
// be split; at least one character.
func firstPart(word string, width int) string {
	end, good, used := 0, 0, 0 // good: after a dot or the like, in the second half
	for rest, state := word, -1; rest != ""; {
		var character string
		var n int
		character, rest, n, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used += n; used > width && end > 0 {
			break
		}
		end += len(character)
		if strings.ContainsAny(character, "._-/,:@") && used > width/2 {
			good = end
		}
	}
	if good > 0 {
		return word[:good]
	}
	return word[:end]
}
