package wire

import (
	"strconv"
	"strings"
)

// Bounds on what is kept of an answer while it passes.
const (
	maxCodeLine = 1 << 10 // of a line, to read its response code
	maxCodes    = 64      // codes of one answer, besides that of the line that ends it
)

// MessageLimit is the code for how many messages a server handles in one command. RFC
// 9738.
const MessageLimit = "MESSAGELIMIT"

// A code is a response code with the line that it came in. RFC 9051, section 7.1.
type code struct {
	status  string   // "OK", "NO", "BAD", "BYE" or "PREAUTH"
	name    string   // in upper case; empty if the line has none
	numbers []uint32 // those among its arguments
	text    string
}

// responseCodes are those of the answer to the command that is outstanding,
// or was last. go-imap drops those of a command that ended with OK, and most of the
// others.
type responseCodes struct {
	untagged []code
	tagged   code
}

// add adds a line of the answer, as repaired.
func (w *responseCodes) add(line []byte) {
	read, tagged, ok := readCode(line[:min(len(line), maxCodeLine)])
	switch {
	case ok && tagged:
		w.tagged = read
	case ok && read.name != "" && len(w.untagged) < maxCodes:
		w.untagged = append(w.untagged, read)
	}
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

// has reports whether an answer had an untagged code of a name.
func (w *responseCodes) has(name string) bool {
	for _, c := range w.untagged {
		if c.name == name {
			return true
		}
	}
	return false
}

// A Cut means that a server answered for a part of the messages only. RFC 9738.
type Cut struct {
	Limit uint32 // how many it answers for at a time; 0 if it does not say
	UID   uint32 // the last one that it looked at; 0 if it does not say
}

// cut returns what the server says of an answer that is a part of what was asked for;
// found reports whether it is one.
func (w *responseCodes) cut() (part Cut, found bool) {
	look := func(c code, tagged bool) {
		partial := c.partial(tagged)
		found = found || partial
		if c.name == MessageLimit && len(c.numbers) > 0 {
			part.Limit = c.numbers[0]
		}
		if partial && len(c.numbers) > 1 {
			part.UID = c.numbers[1]
		}
	}
	for _, c := range w.untagged {
		look(c, false)
	}
	look(w.tagged, true)
	return part, found
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
