package authres

import (
	"bytes"
	"strings"
)

// Bounds of what is read of a message.
const (
	maxHeader = 1 << 20  // bytes of header, of whatever fields
	maxFields = 50       // Authentication-Results fields
	maxBytes  = 64 << 10 // bytes of their values together, and of one
)

// A field is one Authentication-Results field of a message.
type field struct {
	value string // behind the colon, still folded
	hop   int    // how many Received fields stand above it
}

// Fields returns the values of the Authentication-Results fields in the outer
// header of a message, topmost first, still folded. Line ends are CRLF or LF.
//
// At most 50 fields, 64 KiB of them together and 1 MiB of header are looked at;
// reading stops at the first field beyond a bound.
func Fields(message []byte) []string {
	var values []string
	for _, f := range scan(message) {
		values = append(values, f.value)
	}
	return values
}

// scan finds the fields that [Fields] returns.
func scan(message []byte) []field {
	var found []field
	hop, size := 0, 0
	rest := message[:min(len(message), maxHeader)]
	cut := len(rest) < len(message)
	for len(rest) > 0 {
		n, whole := fieldLen(rest)
		if n == 0 || !whole && cut {
			break
		}
		name, value, ok := bytes.Cut(rest[:n], []byte(":"))
		rest = rest[n:]
		switch {
		case !ok:
		case bytes.EqualFold(name, []byte("Received")):
			hop++
		case bytes.EqualFold(name, []byte("Authentication-Results")):
			// White space before the colon, as RFC 5322, section 4.5, once
			// allowed, is not: no server writes it.
			if size += len(value); len(found) == maxFields || size > maxBytes {
				return found
			}
			found = append(found, field{string(bytes.TrimRight(value, "\r\n")), hop})
		}
	}
	return found
}

// fieldLen returns the length of the field at the beginning of b, with the lines
// that continue it, or 0 at the empty line that ends the header. Lines of
// nothing but white space continue a field as well (RFC 5322, section 4.2).
// whole reports whether its end is there.
func fieldLen(b []byte) (n int, whole bool) {
	if b[0] == '\n' || bytes.HasPrefix(b, []byte("\r\n")) {
		return 0, true
	}
	for n < len(b) {
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			break
		}
		n += end + 1
		if n < len(b) && b[n] != ' ' && b[n] != '\t' {
			return n, true
		}
	}
	return len(b), false
}

// unfold joins the lines of a field. It reports false where the field has a
// control character: no server writes any, and readers disagree on what they do.
func unfold(value string) (string, bool) {
	var b strings.Builder
	b.Grow(len(value))
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c == '\r' && i+1 < len(value) && value[i+1] == '\n' {
			continue
		}
		if c == '\n' {
			if i+1 < len(value) && (value[i+1] == ' ' || value[i+1] == '\t') {
				continue
			}
			c = ' '
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", false
		}
		b.WriteByte(c)
	}
	return strings.ToValidUTF8(b.String(), "\ufffd"), true
}
