package dkim

import (
	"bytes"
	"errors"
	"fmt"
)

// Bounds of a header. Mail servers accept far less.
const (
	maxHeader = 1 << 20
	maxFields = 5000
	maxName   = 128 // octets of the name of the first field
)

// A field is one header field.
type field struct {
	name string // lower case; empty for a line without a colon
	raw  []byte // as in the message, without the last line end; aliases it
}

// value returns what stands behind the colon and where that begins in raw.
func (f field) value() ([]byte, int) {
	colon := bytes.IndexByte(f.raw, ':')
	return f.raw[colon+1:], colon + 1
}

// A header is a message taken apart: its fields from the top, and its body.
type header struct {
	fields []field
	body   []byte
	err    error // why nothing in it can hold; where a bound is exceeded, body is not set
}

// cutLine splits b behind its first line end, which is CRLF or LF. The line is
// returned without it.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if i > 0 && line[i-1] == '\r' {
		line = line[:i-1]
	}
	return line, rest
}

// parseHeader takes a message apart. A message without an empty line is all
// header (RFC 5322, section 3.5).
//
// Readers disagree on what a CR without LF is, and on where a header begins whose
// first line is no field. Who signs and who reads the message could then see
// different ones, so that such a header is a fault.
func parseHeader(message []byte) header {
	h := header{err: checkFirst(message)}
	start, rest := 0, message
	for len(rest) > 0 {
		at := len(message) - len(rest)
		line, next := cutLine(rest)
		if len(line) == 0 {
			h.body = next
			return h
		}
		if h.err == nil && bytes.IndexByte(line, '\r') >= 0 {
			h.err = errors.New("the message header has a CR without LF")
		}
		if end := at + len(line); end > maxHeader {
			h.err = fmt.Errorf("the message header is larger than %d bytes", maxHeader)
			return h
		} else if n := len(h.fields); n > 0 && (line[0] == ' ' || line[0] == '\t') {
			h.fields[n-1].raw = message[start:end]
		} else if n == maxFields {
			h.err = errors.New("the message header has too many fields")
			return h
		} else {
			start = at
			h.fields = append(h.fields, field{name: fieldName(line), raw: line})
		}
		rest = next
	}
	return h
}

// checkFirst checks that a header begins with a field, if there is one.
func checkFirst(message []byte) error {
	line, _ := cutLine(message)
	name, _, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	odd := func(c rune) bool { return c <= ' ' || c > '~' }
	if len(line) > 0 && (!ok || len(name) == 0 || len(name) > maxName || bytes.IndexFunc(name, odd) >= 0) {
		return errors.New("the message does not begin with a header field")
	}
	return nil
}

// fieldName returns the name of a field in lower case. White space around it is
// not part of it (RFC 5322, section 4.5).
func fieldName(line []byte) string {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return ""
	}
	return string(appendLower(nil, bytes.Trim(line[:colon], " \t")))
}

// appendLower appends name with A to Z made small.
func appendLower(dst, name []byte) []byte {
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// pick calls use for each field that names selects: repeated names take fields
// from the bottom up, and a name for which none is left selects nothing. The
// field at index self, the signature itself, is never selected.
//
// RFC 6376, section 5.4.2, and the description of h= in section 3.5.
func (h *header) pick(names []string, self int, use func(field)) {
	above := make(map[string]int, len(names)) // fields from here down are used up
	for _, name := range names {
		i, ok := above[name]
		if !ok {
			i = len(h.fields)
		}
		for i--; i >= 0; i-- {
			if i != self && h.fields[i].name == name {
				use(h.fields[i])
				break
			}
		}
		above[name] = max(i, 0)
	}
}
