package main

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonEscaper escapes in JSON what a terminal would act on or not show: controls
// beyond ASCII and changes of writing direction, which encoding/json does not escape.
// The text decodes to the same value.
type jsonEscaper struct{ w io.Writer }

// Write escapes p, which is JSON text: such runes are in its strings only.
func (w jsonEscaper) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p))
	for rest := p; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out = append(out, rest[:size]...)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		rest = rest[size:]
	}
	if _, err := w.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// newJSONEncoder returns an encoder whose text is safe on a terminal.
func newJSONEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(jsonEscaper{w})
	enc.SetEscapeHTML(false)
	return enc
}
