package imapbox

import (
	"bytes"
	"strconv"
	"strings"
)

// Bounds on what is kept of an answer while it passes.
const (
	maxCodeLine = 1 << 10 // of a line, to read its response code
	maxLineEnd  = 24      // of the end of a line, where a literal is announced
	maxCodes    = 64      // codes of one answer, besides that of the line that ends it
)

// messageLimit is the code that says for how many messages a command is done at a
// time. RFC 9738.
const messageLimit = "MESSAGELIMIT"

// A code is a response code with the line that it came in. RFC 9051, section 7.1.
type code struct {
	status  string   // "OK", "NO", "BAD", "BYE" or "PREAUTH"
	name    string   // in upper case; empty if the line has none
	numbers []uint32 // those among its arguments
	text    string
}

// A codeWatch reads the response codes of what the server sends. go-imap drops
// those of a command that ended with OK, and most of the others.
type codeWatch struct {
	literal   int64  // bytes of a literal that are still to come
	continued bool   // the line goes on behind a literal
	head, end []byte // of the line that is being read
	untagged  []code // of the answer to the command that is outstanding, or was last
	tagged    code
}

// begin forgets the codes of the answer before.
func (w *codeWatch) begin() { w.untagged, w.tagged = nil, code{} }

// feed takes what the server sent, in pieces of any length. It overwrites the
// answers to ID (RFC 2971), of which nothing is wanted and of which go-imap reads
// few: a value of NIL in them would end the connection.
func (w *codeWatch) feed(b []byte) {
	for len(b) > 0 {
		if w.literal > 0 {
			n := min(w.literal, int64(len(b)))
			w.literal, b = w.literal-n, b[n:]
			continue
		}
		line := bytes.IndexByte(b, '\n') + 1
		whole := line > 0
		if !whole {
			line = len(b)
		}
		if whole && len(w.head) == 0 && !w.continued {
			blankID(b[:line])
		}
		w.head = append(w.head, b[:min(line, maxCodeLine-len(w.head))]...)
		w.end = append(w.end, b[max(0, line-maxLineEnd):line]...)
		w.end = w.end[max(0, len(w.end)-maxLineEnd):]
		b = b[line:]
		if whole {
			w.lineEnd()
		}
	}
}

// lineEnd looks at a line that has come to its end.
func (w *codeWatch) lineEnd() {
	read, tagged, ok := readCode(w.head)
	ok = ok && !w.continued
	switch {
	case ok && tagged:
		w.tagged = read
	case ok && read.name != "" && len(w.untagged) < maxCodes:
		w.untagged = append(w.untagged, read)
	}
	w.continued = false
	if !ok {
		w.literal, w.continued = announced(w.end)
	}
	w.head, w.end = w.head[:0], w.end[:0]
}

// readCode reads a line that begins with a status, and reports whether it does.
func readCode(line []byte) (c code, tagged, ok bool) {
	tag, rest, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
	status, text, _ := strings.Cut(rest, " ")
	c.status = strings.ToUpper(status)
	switch c.status {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
	default:
		return code{}, false, false
	}
	c.text = text
	if inner, found := strings.CutPrefix(text, "["); found {
		inner, c.text, _ = strings.Cut(inner, "]")
		words := strings.Fields(inner)
		for i, word := range words {
			if i == 0 {
				c.name = strings.ToUpper(word)
			} else if n, err := strconv.ParseUint(word, 10, 32); err == nil {
				c.numbers = append(c.numbers, uint32(n))
			}
		}
	}
	return c, tag != "*" && tag != "+", true
}

// announced returns how long a literal is that the end of a line announces.
func announced(end []byte) (size int64, ok bool) {
	end = bytes.TrimRight(end, "\r\n")
	brace := bytes.LastIndexByte(end, '{')
	if brace < 0 || end[len(end)-1] != '}' {
		return 0, false
	}
	size, err := strconv.ParseInt(strings.TrimSuffix(string(end[brace+1:len(end)-1]), "+"), 10, 64)
	return size, err == nil && size >= 0
}

// blankID makes an OK of a line that answers ID.
func blankID(line []byte) {
	const name = "* ID"
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return
	}
	rest := bytes.TrimRight(line[len(name):], "\r\n")
	if _, literal := announced(rest); literal || len(rest) > 0 && rest[0] != ' ' {
		return
	}
	copy(line, "* OK")
	for i := 1; i < len(rest); i++ {
		rest[i] = '.'
	}
}

// has reports whether an answer had an untagged code of a name.
func (w *codeWatch) has(name string) bool {
	for _, c := range w.untagged {
		if c.name == name {
			return true
		}
	}
	return false
}

// A cut says that a server answered for a part of the messages only. RFC 9738.
type cut struct {
	limit uint32 // how many it answers for at a time; 0 if it does not say
	uid   uint32 // the last one that it looked at; 0 if it does not say
}

// cut reports whether the server said that its answer is a part of what was asked
// for.
func (w *codeWatch) cut() (said cut, found bool) {
	look := func(c code, tagged bool) {
		partial := c.partial(tagged)
		found = found || partial
		if c.name == messageLimit && len(c.numbers) > 0 {
			said.limit = c.numbers[0]
		}
		if partial && len(c.numbers) > 1 {
			said.uid = c.numbers[1]
		}
	}
	for _, c := range w.untagged {
		look(c, false)
	}
	look(w.tagged, true)
	return said, found
}

// partial reports whether a code says that there is more. An untagged OK that
// names a limit without a UID only announces it.
func (c code) partial(tagged bool) bool {
	for _, word := range []string{"PARTIAL", "TRUNCATED", "INCOMPLETE"} {
		if strings.Contains(c.name, word) {
			return true
		}
	}
	switch {
	case strings.Contains(c.name, "LIMIT") && c.name != "APPENDLIMIT":
		return tagged || len(c.numbers) > 1 || c.status == "NO"
	case tagged && c.status == "OK":
		return strings.Contains(strings.ToLower(c.text), "partial results")
	}
	return false
}
