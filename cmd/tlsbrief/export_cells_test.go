package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
)

// M-I6: a spreadsheet that splits a cell where we do not must find no formula either.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, cell, want string }{
		{"nothing", "", ""},
		{"plain", "Google Inc.", "Google Inc."},
		{"a formula", "=1+1", "'=1+1"},
		{"each sign", "@x", "'@x"},
		{"a sign inside a word", "a-b+c=d@e", "a-b+c=d@e"},
		{"after a semicolon", "1;=1+1;cmd", "1;'=1+1;cmd"},
		{"after semicolons", "a;;=1;-2;b", "a;;'=1;'-2;b"},
		{"after a semicolon and blanks", "a;  =1", "a;'  =1"},
		{"after a semicolon and a quotation mark", `a;"=1"`, `a;'"=1"`},
		{"after a semicolon that ends it", "a;", "a;"},
		{"after a tab", "1\t=1+1", "1\uFFFD'=1+1"},
		{"a tab before it", "\t=1+1", "'\uFFFD'=1+1"},
		{"after CR and LF", "a\r\n=1", "a\uFFFD'\uFFFD'=1"},
		{"after a line separator", "a\u2028+1", "a\uFFFD'+1"},
		{"blanks before it", "  =1+1", "'  =1+1"},
		{"a no-break space before it", "\u00a0=1", "'\uFFFD=1"},
		{"what cannot be seen before it", "\u200b=1", "'\uFFFD=1"},
		{"fullwidth equals", "\uff1d1+1", "'\uff1d1+1"},
		{"fullwidth plus", "\uff0b1", "'\uff0b1"},
		{"fullwidth minus", "\uff0d1", "'\uff0d1"},
		{"fullwidth at after a semicolon", "a;\uff20SUM(A1)", "a;'\uff20SUM(A1)"},
		{"an escape sequence", "\x1b[31m=1", "\uFFFD[31m=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := escapeCell(tt.cell); got != tt.want {
				t.Errorf("escapeCell(%q) = %q, want %q", tt.cell, got, tt.want)
			}
		})
	}
}

// M-I6: the same within cells of JSON, which stay JSON of the same meaning.
func TestNoJSONCellIsAFormula(t *testing.T) {
	t.Parallel()
	list := []string{"1;=1+1;cmd", "a; \"-2\"", "b;\uff1d1", "v=STSv1; id=1", ";", "=1", "x;plain@example.com"}
	got := escapeJSONCell(jsonText(list))
	var back []string
	if err := json.Unmarshal([]byte(got), &back); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if jsonText(back) != jsonText(list) {
		t.Errorf("read back as %q, want %q", back, list)
	}
	// As a program reads the line that expects semicolons between cells.
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	if err := w.Write([]string{"org", got}); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	for cell := range strings.SplitSeq(line.String(), ";") {
		if beginsFormula(cell) {
			t.Errorf("the cell %q of %q is a formula", cell, line.String())
		}
	}
}
