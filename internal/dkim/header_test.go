package dkim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseHeader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, message string
		names         []string
		raws          []string
		body          string
	}{
		{"fields and body", "A: 1\r\nB: 2\r\n\r\nbody\r\n", []string{"a", "b"}, []string{"A: 1", "B: 2"}, "body\r\n"},
		{"bare LF", "A: 1\nB: 2\n\nbody\n", []string{"a", "b"}, []string{"A: 1", "B: 2"}, "body\n"},
		{"a folded field is one", "A: 1\r\n 2\r\n\t3\r\nB: 4\r\n\r\n", []string{"a", "b"}, []string{"A: 1\r\n 2\r\n\t3", "B: 4"}, ""},
		{"no empty line: all header", "A: 1\r\nB: 2", []string{"a", "b"}, []string{"A: 1", "B: 2"}, ""},
		{"white space before the colon", "A \t: 1\r\n\r\n", []string{"a"}, []string{"A \t: 1"}, ""},
		{"a line without colon has no name", "A: 1\r\nFrom\r\n\r\n", []string{"a", ""}, []string{"A: 1", "From"}, ""},
		{"an mbox line is no From field", "A: 1\nFrom a@b.example Mon Mar  2 05:59:58 2026\n\n", []string{"a", "from a@b.example mon mar  2 05"},
			[]string{"A: 1", "From a@b.example Mon Mar  2 05:59:58 2026"}, ""},
		{"a body and no header", "\r\nbody", nil, nil, "body"},
		{"nothing", "", nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := parseHeader([]byte(tt.message))
			var names, raws []string
			for _, f := range h.fields {
				names, raws = append(names, f.name), append(raws, string(f.raw))
			}
			if diff := cmp.Diff(tt.names, names); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.raws, raws); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if string(h.body) != tt.body || h.err != nil {
				t.Errorf("body = %q, err = %v; want %q", h.body, h.err, tt.body)
			}
		})
	}
}

func TestParseHeaderBounds(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]string{
		"one long field":        "A: " + strings.Repeat("x", maxHeader) + "\r\n\r\n",
		"one field folded":      "A: " + strings.Repeat("x\r\n ", maxHeader/4) + "\r\n\r\n",
		"many fields":           strings.Repeat("A: 1\r\n", maxFields+1) + "\r\n",
		"no line end in a file": strings.Repeat("x", 2*maxHeader),
	} {
		if h := parseHeader([]byte(message)); h.err == nil || len(h.fields) > maxFields {
			t.Errorf("%s: err = %v with %d fields, want an error", name, h.err, len(h.fields))
		}
	}
	if h := parseHeader([]byte(strings.Repeat("A: 1\r\n", maxFields) + "\r\n")); h.err != nil {
		t.Errorf("%d fields: %v", maxFields, h.err)
	}
}

// RFC 6376, section 5.4.2.
func TestPick(t *testing.T) {
	t.Parallel()
	h := parseHeader([]byte(lines("DKIM-Signature: self", "To: 1", "Cc: 1", "To: 2", "DKIM-Signature: older", "To: 3", "")))
	tests := []struct {
		name, signed string
		want         []string
	}{
		{"repeated fields from the bottom up", "to:cc:to:to", []string{"To: 3", "Cc: 1", "To: 2", "To: 1"}},
		{"a field once is the lowest", "to", []string{"To: 3"}},
		{"more names than fields select nothing", "cc:cc:cc:to", []string{"Cc: 1", "To: 3"}},
		{"an absent field selects nothing", "subject:cc", []string{"Cc: 1"}},
		{"the signature itself is never selected", "dkim-signature:dkim-signature", []string{"DKIM-Signature: older"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			h.pick(splitList(tt.signed), 0, func(f field) { got = append(got, string(f.raw)) })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("h=%s (-want +got):\n%s", tt.signed, diff)
			}
		})
	}
}
