package read

import "bytes"

// splitMultipart splits a multipart's body at its boundary (RFC 2046, section
// 5.1), into at most most parts. closed reports whether the last one was closed
// (Q34). mime/multipart gives up where this reads on: at a part without end, or
// a malformed header.
func splitMultipart(body []byte, boundary string, most int) (parts [][]byte, closed bool) {
	delimiter := []byte("--" + boundary)
	start := -1 // of the part being read
	for from := 0; len(parts) < most; {
		i := bytes.Index(body[from:], delimiter)
		if i < 0 {
			break
		}
		i += from
		from = i + len(delimiter)
		if i > 0 && body[i-1] != '\n' {
			continue
		}
		line, after := cutLine(body[from:])
		tail := bytes.TrimSpace(line)
		if closed = bytes.Equal(tail, []byte("--")); len(tail) > 0 && !closed {
			continue // of another boundary that begins alike
		}
		if start >= 0 {
			parts = append(parts, trimLineEnd(body[start:i]))
		}
		if closed {
			return parts, true
		}
		start = len(body) - len(after)
		from = start
	}
	if start >= 0 && start < len(body) && len(parts) < most {
		parts = append(parts, body[start:])
	}
	return parts, false
}

// trimLineEnd removes the line end that belongs to the delimiter after it.
func trimLineEnd(part []byte) []byte {
	part = bytes.TrimSuffix(part, []byte("\n"))
	return bytes.TrimSuffix(part, []byte("\r"))
}

// guessBoundary finds the boundary of a multipart that does not name it: the
// first line that begins like a delimiter and comes before a header field.
func guessBoundary(body []byte) string {
	const longest = 200
	for rest := body; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		line = bytes.TrimSpace(line)
		if len(line) < 3 || len(line) > longest || !bytes.HasPrefix(line, []byte("--")) {
			continue
		}
		next, _ := cutLine(rest)
		if name, _, ok := bytes.Cut(next, []byte(":")); ok && isFieldName(name) {
			return string(line[2:])
		}
	}
	return ""
}
