package templates

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Width is the number of columns of the text part.
const Width = 78

// maxLine bounds a string of a report, in runes.
const maxLine = 200

// functions returns what the templates may call besides the built-in functions.
func functions() map[string]any {
	return map[string]any{
		"line":    Line,
		"count":   Count,
		"plural":  Plural,
		"percent": Percent,
		"date":    Date,
		"day":     ShortDay,
		"longday": LongDay,
		"bar":     Bar,
		"wrap":    Wrap,
		"hang":    Hang,
		"rule":    func() string { return strings.Repeat("-", Width) },
		"pad":     Pad,
		"padleft": PadLeft,
		"upper":   strings.ToUpper,
		"share":   Share,
		"join":    strings.Join,
		"double":  func() string { return strings.Repeat("=", Width) },
		"fits":    func(width int, s string) bool { return utf8.RuneCountInString(s) <= width },
		"add":     func(a, b int) int { return a + b },
		"nobreak": NoBreak,
		"outof":   OutOf,
		"plural64": func(n int, noun string) string {
			return Plural(int64(n), noun)
		},
	}
}

// Line makes a stranger's string safe to stand in a line of text or in a mail
// header field: every rune that does not print, bidirectional overrides and line
// breaks among them, becomes U+FFFD, and what is longer than 200 runes is cut.
func Line(s string) string {
	var b strings.Builder
	n := 0
	for i, r := range s {
		if n == maxLine-1 && utf8.RuneCountInString(s[i:min(len(s), i+8)]) > 1 {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// Count writes a number with a comma between thousands.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// OutOf writes how many of all failed, as "3/1,260", or all alone where none did.
// Where that has more than width characters the numbers are rounded.
func OutOf(width int, failed, all int64) string {
	write := func(number func(int64) string) string {
		if failed == 0 {
			return number(all)
		}
		return number(failed) + "/" + number(all)
	}
	if s := write(Count); len(s) <= width {
		return s
	}
	return write(rounded)
}

// rounded writes a large number in five characters at most: 12,345,678 as "12M".
func rounded(n int64) string {
	for _, unit := range []struct {
		size   int64
		letter string
	}{{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= unit.size {
			return strconv.FormatInt(n/unit.size, 10) + unit.letter
		}
	}
	return strconv.FormatInt(n, 10)
}

// Plural writes a number with its noun: "1 session", "1,260 sessions".
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "x") {
		return Count(n) + " " + noun + "es"
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(noun, "ay") {
		return Count(n) + " " + stem + "ies"
	}
	return Count(n) + " " + noun + "s"
}

// Percent writes the share of part in whole with one decimal. What is neither
// nothing nor all is never rounded to 0 or 100.
func Percent(part, whole int64) string {
	if whole <= 0 {
		return "-"
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case part <= 0:
		return "0 %"
	case part >= whole:
		return "100 %"
	case p < 0.1:
		return "<0.1 %"
	case p > 99.9:
		return ">99.9 %"
	}
	return fmt.Sprintf("%.1f %%", p)
}

// Date writes a UTC day as 2026-11-22.
func Date(t time.Time) string { return t.UTC().Format("2006-01-02") }

// ShortDay writes a UTC day as "Sun 22 Nov".
func ShortDay(t time.Time) string { return t.UTC().Format("Mon 2 Jan") }

// LongDay writes a UTC day as "Sunday 22 November 2026".
func LongDay(t time.Time) string { return t.UTC().Format("Monday 2 January 2006") }

// Bar draws n out of most as up to width characters. What is more than nothing
// gets at least one.
func Bar(n, most int64, width int) string { return strings.Repeat("#", scaled(n, most, width)) }

// Share returns n out of most in percent, at least 1 where n is more than
// nothing: the width of a table cell.
func Share(n, most int64) int { return scaled(n, most, 100) }

// scaled returns n/most of width, rounded, between 0 and width.
func scaled(n, most int64, width int) int {
	if n <= 0 || most <= 0 {
		return 0
	}
	w := int(float64(n)/float64(most)*float64(width) + 0.5)
	return max(1, min(w, width))
}

// NoBreak joins every percent sign to its number, so that no line ends between
// them. For HTML: the text part has no such space, [Wrap] sees to it there.
func NoBreak(s string) string { return strings.ReplaceAll(s, " %", "\u00a0%") }

// unbroken splits s into what may not be broken: words, and numbers with their
// percent sign.
func unbroken(s string) []string {
	words := strings.Fields(s)
	out := words[:0]
	for _, w := range words {
		if len(out) > 0 && strings.HasPrefix(w, "%") {
			out[len(out)-1] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}

// Wrap breaks s at spaces into lines of at most [Width] columns, each indented by
// indent spaces. A word that is longer than a line is cut. There is no line
// break at the end.
func Wrap(indent int, s string) string { return Hang(indent, indent, s) }

// Hang is [Wrap] with an indentation of its own for the first line.
func Hang(first, rest int, s string) string {
	var b strings.Builder
	column, indent := 0, first
	newline := func() {
		b.WriteString("\n")
		column, indent = 0, rest
	}
	for _, word := range unbroken(s) {
		for {
			n := utf8.RuneCountInString(word)
			if column == 0 {
				b.WriteString(strings.Repeat(" ", indent))
				column = indent
			} else if column+1+n > Width {
				newline()
				continue
			} else {
				b.WriteString(" ")
				column++
			}
			if fit := Width - column; n > fit {
				cut := runeOffset(word, fit)
				b.WriteString(word[:cut])
				word = word[cut:]
				newline()
				continue
			}
			b.WriteString(word)
			column += n
			break
		}
	}
	return b.String()
}

// runeOffset returns where the first n runes of s end.
func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// Pad fills s up with spaces to width columns.
func Pad(width int, s string) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// PadLeft puts spaces before s to make it width columns wide.
func PadLeft(width int, s string) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s))) + s
}
