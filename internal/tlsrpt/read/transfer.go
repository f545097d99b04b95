package read

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"

	"tlsbrief/internal/tlsrpt"
)

// decodeTransfer undoes a content transfer encoding (RFC 2045, section 6) as well
// as it can be undone, and says what was odd about it. The result may alias
// body.
func decodeTransfer(body []byte, encoding string) (data []byte, odd string) {
	switch token(encoding) {
	case "base64":
		if first := firstByte(body); first == '{' || first == 0x1F || first == '<' {
			return body, "labelled base64, but it is not"
		}
		return decodeBase64(body)
	case "quoted-printable":
		data, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
		if err != nil {
			return decodeQuotedPrintable(body), "malformed quoted-printable"
		}
		return data, ""
	case "", "7bit", "8bit", "binary":
	default:
		odd = "an unknown content transfer encoding"
	}
	if looksBase64(body) {
		data, _ = decodeBase64(body)
		return data, "in base64 without saying so"
	}
	return body, odd
}

// decodeContainer undoes the transfer encoding of a multipart or of a whole message,
// which RFC 2045, section 6.4, forbids and some gateways apply, and reports whether
// it did. Others write the label alone: what is not encoded has header fields or
// delimiters that such an encoding cannot have.
func decodeContainer(body []byte, encoding string) (data []byte, decoded bool) {
	switch token(encoding) {
	case "base64":
		if line, _ := cutLine(bytes.TrimSpace(body)); bytes.ContainsAny(bytes.TrimSpace(line), ":- \t") {
			return body, false
		}
		data, _ = decodeBase64(body)
		return data, true
	case "quoted-printable":
		if !isQuotedPrintable(body) {
			return body, false
		}
		data, _ = decodeTransfer(body, encoding)
		return data, true
	}
	return body, false
}

func encodedNote(kind string) tlsrpt.Deviation {
	return deviation("mime", "a "+kind+" in a transfer encoding", "RFC 2045 section 6.4")
}

// isQuotedPrintable reports whether more equals signs begin an escape than stand for
// themselves.
func isQuotedPrintable(text []byte) bool {
	escapes := 0
	for i, c := range text {
		if c != '=' {
			continue
		}
		rest := text[i+1:]
		switch line, _ := cutLine(rest[:min(len(rest), 80)]); {
		case len(rest) >= 2 && unhex(rest[0]) >= 0 && unhex(rest[1]) >= 0:
			escapes++
		case len(bytes.TrimSpace(line)) > 0: // not the end of a line
			escapes--
		}
	}
	return escapes > 0
}

// firstByte returns the first byte that is not a blank; 0 if there is none.
func firstByte(body []byte) byte {
	if body = bytes.TrimLeft(body, " \t\r\n"); len(body) > 0 {
		return body[0]
	}
	return 0
}

// looksBase64 recognizes the base64 of a gzip stream and of a JSON object.
func looksBase64(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	for _, start := range [...]string{"H4sI", "eyJ", "ewo", "ew0", "eyA"} {
		if bytes.HasPrefix(body, []byte(start)) {
			return true
		}
	}
	return false
}

// decodeBase64 passes over what does not belong into base64 (Q19), and takes
// padding where it stands.
func decodeBase64(body []byte) (data []byte, odd string) {
	data = make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	if n, err := base64.StdEncoding.Decode(data, bytes.TrimSpace(body)); err == nil { // it knows line ends
		return data[:n], ""
	}
	data = data[:0]
	var quad [4]byte
	n := 0
	flush := func() {
		for i := n; i < 4; i++ {
			quad[i] = 'A'
		}
		var out [3]byte
		if n > 1 {
			_, _ = base64.StdEncoding.Decode(out[:], quad[:]) // all four are of the alphabet
			data = append(data, out[:n-1]...)
		}
		n = 0
	}
	for _, c := range body {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			quad[n] = c
			if n++; n == 4 {
				flush()
			}
		case c == '=':
			flush()
		case strings.IndexByte(" \t\r\n", c) < 0:
			odd = "stray characters in base64"
		}
	}
	flush()
	if odd == "" {
		odd = "malformed base64"
	}
	return data, odd
}

// decodeQuotedPrintable decodes what is right and keeps the rest as it is.
func decodeQuotedPrintable(body []byte) []byte {
	data := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '=' {
			data = append(data, body[i])
			continue
		}
		rest := body[i+1:]
		line, _ := cutLine(rest)
		switch {
		case len(bytes.TrimSpace(line)) == 0: // a soft line end, with blanks before it
			i += len(line)
		case len(rest) >= 2 && unhex(rest[0]) >= 0 && unhex(rest[1]) >= 0:
			data = append(data, byte(unhex(rest[0])<<4|unhex(rest[1])))
			i += 2
		default:
			data = append(data, '=')
		}
	}
	return data
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
