package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A spreadsheet takes a cell for a formula that begins with one of these signs, or
// with one in the fullwidth form that East Asian input methods write.
const formulaSigns = "=+-@\uff1d\uff0b\uff0d\uff20"

// beginsFormula reports whether a spreadsheet may take a cell that holds s for a
// formula. Some strip blanks, or a quotation mark, before they look.
func beginsFormula(s string) bool {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r == '"' || !unicode.IsGraphic(r) || unicode.IsSpace(r) })
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune(formulaSigns, r)
}

// splitsCell reports whether a spreadsheet may end a cell behind r, though the file
// has commas between its cells: in many countries it expects semicolons, pasted text
// has tabs, and a line end begins the next row.
func splitsCell(r rune) bool {
	return r == ';' || r < ' ' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// inertCell makes a stranger's string safe in a cell of CSV. An apostrophe stands
// before whatever a spreadsheet may take for a formula, at the beginning and wherever
// it may split the cell, and nothing is left that a terminal acts on.
func inertCell(s string) string {
	var b strings.Builder
	if beginsFormula(s) {
		b.WriteByte('\'')
	}
	for i, r := range s {
		b.WriteRune(r)
		if splitsCell(r) && beginsFormula(s[i+utf8.RuneLen(r):]) {
			b.WriteByte('\'')
		}
	}
	return clean(b.String())
}

// inertJSONCell is inertCell for JSON text. The sign of a formula is escaped as JSON
// escapes it, so that what is read back is the same. A semicolon stands in strings
// alone there, and no raw line end or tab does.
func inertJSONCell(text string) string {
	var b strings.Builder
	escape := false
	for i, r := range text {
		switch {
		case r == ';':
			escape = beginsFormula(text[i+1:])
		case escape && strings.ContainsRune(formulaSigns, r):
			escape = false
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return clean(b.String())
}
