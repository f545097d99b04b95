package read

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // go-message decodes no charset but UTF-8 without it
)

// A header is the header of a message or of a part, fields in order. Only what
// go-message does with the value of one field is left to it: its reader of
// whole headers gives up at the first malformed line.
type header []field

type field struct {
	name  string // lower case
	value []byte // raw, folded; aliases the message
}

// maxFieldBytes is how much of a field is looked at. No field of a report's mail
// comes near, and some parsers take the square of the length.
const maxFieldBytes = 8 << 10

// maxFields is how many fields of a header are kept: a message of nothing but
// short fields would otherwise take many times its size. What tells of a report
// stands well before.
const maxFields = 5000

// splitHeader splits a message or a part into its header and its body. Lines
// that are no header field are passed over; where the first one is none, there
// is no header.
func splitHeader(data []byte) (h header, body []byte) {
	rest := data
	for len(rest) > 0 {
		line, after := cutLine(rest)
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return h, after
		}
		colon := bytes.IndexByte(line, ':')
		ok := colon > 0 && isFieldName(bytes.TrimRight(line[:colon], " \t"))
		if !ok && len(rest) == len(data) && !beginsWithField(after) {
			return nil, data
		}
		for len(after) > 0 && (after[0] == ' ' || after[0] == '\t') {
			_, after = cutLine(after) // the lines that continue it
		}
		if ok && len(h) < maxFields {
			if h == nil {
				h = make(header, 0, 16)
			}
			h = append(h, field{lowerName(bytes.TrimRight(line[:colon], " \t")), rest[colon+1 : len(rest)-len(after)]})
		}
		rest = after
	}
	return h, nil
}

// lowerName returns a field's name in lower case; the usual ones, in their usual
// spelling, without making a string of each.
func lowerName(name []byte) string {
	switch string(name) {
	case "From":
		return "from"
	case "To":
		return "to"
	case "Date":
		return "date"
	case "Subject":
		return "subject"
	case "Received":
		return "received"
	case "Message-ID", "Message-Id":
		return "message-id"
	case "DKIM-Signature":
		return "dkim-signature"
	case "MIME-Version":
		return "mime-version"
	case "Content-Type":
		return "content-type"
	case "Content-Disposition":
		return "content-disposition"
	case "Content-Transfer-Encoding":
		return "content-transfer-encoding"
	case "TLS-Report-Domain":
		return "tls-report-domain"
	case "TLS-Report-Submitter":
		return "tls-report-submitter"
	}
	return strings.ToLower(string(name))
}

// Fields returns the names of the header fields of a message, in lower case, from
// the top, and where in it the body begins: as ReadMail reads it, given what
// [Found] has as Message. Who verifies a signature of the message must see the
// same fields, or what is signed and what is read are two things.
func Fields(message []byte) (names []string, body int) {
	h, rest := splitHeader(message)
	for _, f := range h {
		names = append(names, f.name)
	}
	return names, len(message) - len(rest)
}

// beginsWithField reports whether a line is surely a header field.
func beginsWithField(data []byte) bool {
	line, _ := cutLine(data)
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && isFieldName(name) && !bytes.ContainsAny(name, "\"'{}[],<>")
}

func cutLine(data []byte) (line, after []byte) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return data[:i+1], data[i+1:]
	}
	return data, nil
}

// isFieldName reports whether b can be a field's name (RFC 5322, section 2.2).
func isFieldName(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 128
}

// trimEnvelopeLine removes what mailbox files have before a message: blank lines
// and the "From " line of mbox.
func trimEnvelopeLine(data []byte) []byte {
	data = bytes.TrimLeft(data, "\r\n")
	for bytes.HasPrefix(data, []byte("From ")) || bytes.HasPrefix(data, []byte(">From ")) {
		_, data = cutLine(data)
	}
	return data
}

// get returns the value of the topmost field of that name, as it is but for the
// folding; "" if there is none.
func (h header) get(name string) string {
	for _, f := range h {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			value := bytes.TrimSpace(f.value[:min(len(f.value), maxFieldBytes)])
			return unfold(string(value))
		}
	}
	return ""
}

// count returns how many fields of that name there are.
func (h header) count(name string) (n int) {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			n++
		}
	}
	return n
}

// unfold removes line ends and the blanks around the value.
func unfold(s string) string {
	if len(s) > maxFieldBytes {
		s = s[:maxFieldBytes]
	}
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		i := strings.IndexAny(s, "\r\n")
		if i < 0 {
			i = len(s)
		}
		b.WriteString(s[:i])
		s = strings.TrimLeft(s[i:], "\r\n")
	}
	return b.String()
}

// decodeField decodes the encoded words of a field for people to read (RFC
// 2047). The result is printable and bounded.
func decodeField(value string) string {
	value = unfold(value)
	if strings.Contains(value, "=?") {
		var h message.Header
		h.Set("Subject", value)
		if text, err := h.Text("Subject"); err == nil {
			value = text
		}
	}
	return printable(value)
}

// plain reports whether a string is of printable ASCII, not too long, and without
// blanks in a row.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && i > 0 && s[i-1] == ' ' {
			return false
		}
	}
	return len(s) <= maxField
}

// printable replaces what does not print by blanks and cuts to maxField runes.
func printable(s string) string {
	if plain(s) {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	n, blank := 0, false
	for _, r := range s {
		if n == maxField {
			break
		}
		if !unicode.IsPrint(r) && r != utf8.RuneError {
			r = ' '
		}
		if r == ' ' && blank {
			continue
		}
		blank = r == ' '
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
