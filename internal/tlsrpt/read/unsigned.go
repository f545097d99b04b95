package read

import (
	"bytes"
	"strings"
)

// beginsWithDelimiter reports whether a multipart's body has nothing before its
// first boundary but blank lines and a sentence for mail programs without MIME.
// Such a body has one boundary that fits, whatever Content-Type says.
func beginsWithDelimiter(body []byte, boundary string) bool {
	for rest := body; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		if line = bytes.TrimSpace(line); len(line) == 0 || isMIMENotice(line) {
			continue
		}
		return string(line) == "--"+strings.TrimSpace(boundary)
	}
	return false
}

// isMIMENotice recognizes the sentence that mail programs write above a
// multipart, and that leaves no room for a stranger's words.
func isMIMENotice(line []byte) bool {
	const longest = 64
	if len(line) > longest {
		return false
	}
	switch strings.TrimRight(strings.ToLower(string(line)), ".") {
	case "this is a multi-part message in mime format", "this is a multipart message in mime format":
		return true
	}
	return false
}

// reliesOf returns what decides how a message that has no parts is read, as
// [Found.Relies] has it. data is what the transfer encoding was taken to make of
// body; odd tells that this was not plain, and loose that not all of data is the
// report.
func reliesOf(body, data []byte, odd, loose bool) (fields []string) {
	if loose {
		fields = append(fields, "content-type")
	}
	asIs := len(data) == len(body) && bytes.IndexByte(body, '=') < 0
	if !asIs && (odd || !isBase64(body)) {
		fields = append(fields, "content-transfer-encoding")
	}
	return fields
}

// isBase64 reports whether a body has nothing in it but base64. No sentence does.
func isBase64(body []byte) bool {
	body = bytes.TrimRight(bytes.TrimSpace(body), "=")
	for _, c := range body {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/', c == '\r', c == '\n':
		default:
			return false
		}
	}
	return len(body) > 0
}
