package dkim

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"hash"
)

const crlf = "\r\n"

// appendHeader appends a field in canonical form, with its line end.
func appendHeader(dst, raw []byte, relaxed bool) []byte {
	if relaxed {
		dst = appendRelaxed(dst, raw)
	} else {
		dst = appendSimple(dst, raw)
	}
	return append(dst, crlf...)
}

// appendSimple appends a field as it is. RFC 6376, section 3.4.1.
func appendSimple(dst, raw []byte) []byte {
	for {
		i := bytes.IndexByte(raw, '\n')
		if i < 0 {
			return append(dst, raw...)
		}
		line := raw[:i]
		if i > 0 && line[i-1] == '\r' {
			line = line[:i-1]
		}
		dst = append(append(dst, line...), crlf...)
		raw = raw[i+1:]
	}
}

// appendRelaxed appends a field with its name in lower case, unfolded, with runs
// of white space made one space, and none at the ends. RFC 6376, section 3.4.2.
func appendRelaxed(dst, raw []byte) []byte {
	name, value, _ := bytes.Cut(raw, []byte(":"))
	dst = append(appendLower(dst, bytes.Trim(name, " \t")), ':')
	start, space := len(dst), false
	for i, c := range value {
		switch {
		case c == ' ' || c == '\t':
			space = true
		case c == '\n', c == '\r' && i+1 < len(value) && value[i+1] == '\n':
			// A line end vanishes; the white space behind it stays.
		default:
			if space && len(dst) > start {
				dst = append(dst, ' ')
			}
			space = false
			dst = append(dst, c)
		}
	}
	return dst
}

// A bodySum is the hash of the canonical body, or of its beginning.
type bodySum struct {
	relaxed bool
	limit   int64 // l=; negative for the whole body
	sum     [sha256.Size]byte
	octets  int64 // how many were hashed
}

// sumBody hashes the canonical body, at most limit octets of it if that is not
// negative.
func sumBody(body []byte, relaxed bool, limit int64) bodySum {
	h := &limitedHash{Hash: sha256.New(), left: limit}
	w := bufio.NewWriterSize(h, 4096)
	writeBody(w, body, relaxed)
	w.Flush() // a hash never fails
	s := bodySum{relaxed: relaxed, limit: limit, octets: h.octets}
	h.Sum(s.sum[:0])
	return s
}

// A limitedHash hashes only the first octets written to it.
type limitedHash struct {
	hash.Hash
	left   int64 // negative for no limit
	octets int64
}

func (h *limitedHash) Write(p []byte) (int, error) {
	n := len(p)
	if h.left >= 0 {
		p = p[:min(int64(n), h.left)]
		h.left -= int64(len(p))
	}
	h.octets += int64(len(p))
	h.Hash.Write(p)
	return n, nil
}

// writeBody writes a body in canonical form: without the empty lines at its end,
// the last line ended. An empty body is one line end in the simple form, nothing
// in the relaxed one.
//
// RFC 6376, sections 3.4.3 and 3.4.4.
func writeBody(w *bufio.Writer, body []byte, relaxed bool) {
	empty, wrote := 0, false
	for len(body) > 0 {
		var line []byte
		line, body = cutLine(body)
		if relaxed {
			line = bytes.TrimRight(line, " \t")
		}
		if len(line) == 0 {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			w.WriteString(crlf)
		}
		if relaxed {
			writeReduced(w, line)
		} else {
			w.Write(line)
		}
		w.WriteString(crlf)
		wrote = true
	}
	if !wrote && !relaxed {
		w.WriteString(crlf)
	}
}

// writeReduced writes a line with runs of white space made one space.
func writeReduced(w *bufio.Writer, line []byte) {
	for {
		i := bytes.IndexAny(line, " \t")
		if i < 0 {
			w.Write(line)
			return
		}
		w.Write(line[:i])
		w.WriteByte(' ')
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		line = line[i:]
	}
}
