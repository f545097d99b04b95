package imapbox

import (
	"bytes"
	"iter"
	"slices"
	"strings"
)

// Fields are header fields as sent: many thousands of them are held, and few of
// them are read. What is no field is skipped, and nothing is an error. RFC 5322,
// section 2.2.
type Fields struct{ raw []byte }

// Get returns the first field of a name in any case, unfolded but not decoded; ""
// if there is none.
func (f Fields) Get(name string) string {
	for known, value := range f.All() {
		if strings.EqualFold(known, name) {
			return unfold(value)
		}
	}
	return ""
}

// All gives the names and the values, still folded, in their order.
func (f Fields) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for rest := f.raw; len(rest) > 0; {
			end := fieldEnd(rest)
			field := rest[:end]
			rest = rest[end:]
			name, value, ok := bytes.Cut(field, []byte(":"))
			line := bytes.IndexByte(field, '\n')
			if name = bytes.TrimRight(name, " \t"); !ok || len(name) == 0 || line >= 0 && line < len(name) || name[0] == ' ' || name[0] == '\t' {
				continue // no field, one whose colon stands in a folded line, or a folded line of none
			}
			if !yield(string(name), value) {
				return
			}
		}
	}
}

// fieldEnd returns where a field ends, with the lines that are folded into it.
func fieldEnd(b []byte) int {
	for end := 0; ; {
		line := bytes.IndexByte(b[end:], '\n')
		if line < 0 {
			return len(b)
		}
		if end += line + 1; end == len(b) || b[end] != ' ' && b[end] != '\t' {
			return end
		}
	}
}

// unfold joins the lines of a value.
func unfold(value []byte) string {
	var b strings.Builder
	for line := range bytes.Lines(value) {
		b.Write(bytes.TrimRight(line, "\r\n"))
	}
	return strings.TrimSpace(b.String())
}

// clipped returns the first of each of the headerFields, and at most so many bytes of
// the value of each.
func (f Fields) clipped(most int) Fields {
	var raw []byte
	for _, wanted := range headerFields() {
		for name, value := range f.All() {
			if strings.EqualFold(name, wanted) {
				raw = append(append(raw, wanted...), ':')
				raw = append(append(raw, bytes.TrimRight(value[:min(len(value), most)], "\r\n")...), "\r\n"...)
				break
			}
		}
	}
	return Fields{raw}
}

// any reports whether there is a field of one of these names; of any name where none
// are given.
func (f Fields) any(names ...string) bool {
	for known := range f.All() {
		if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, known) }) {
			return true
		}
	}
	return false
}
