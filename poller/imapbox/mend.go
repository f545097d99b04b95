package imapbox

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// A fate is what becomes of a response.
type fate int

const (
	passedOn   fate = iota // as it came, or mended
	unknown                // passed over: no response that this package asks for
	passedOver             // it cannot be read, and the others do without it
	broken                 // it cannot be read, nor trusted what is behind it
)

// mend returns a response, with its literals, as go-imap reads it. What go-imap
// reads as it is comes back as it is, but for the names of response codes, which
// go-imap knows in capital letters only. Real servers send
//
//   - blanks too many, at the end too, tabs, and empty lines;
//   - keywords and capabilities with characters that they may not have: these are
//     left out, which changes nothing on the server;
//   - response codes that are none, or whose arguments are none: they become text,
//     so that OK stays OK;
//   - NIL for an empty list, "" or a bare character for a delimiter, numbers that are
//     none in STATUS;
//   - responses that RFC 9051 does not know, or not like this: they are passed over.
//
// It is no function for FETCH: see readFetch.
func mend(line []byte) ([]byte, fate) {
	line = withCodeInCapitals(line)
	if readable(line) {
		return line, passedOn
	}
	body := bytes.TrimLeft(bytes.TrimRight(line, "\r\n"), " \t\x00")
	switch {
	case len(bytes.TrimRight(body, " \t\r\x00")) == 0:
		return nil, passedOn
	case body[0] == '+':
		return checked(broken, "+ ", asText(body[1:]))
	case body[0] == '*':
		return mendUntagged(bytes.TrimLeft(body[1:], " \t"))
	}
	tag, rest, _ := bytes.Cut(blanksOnly(body), []byte(" "))
	if !isTag(tag) {
		return nil, broken
	}
	word, rest, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	if bytes.EqualFold(word, []byte("BYE")) {
		// Some answer LOGOUT like this.
		return checked(broken, "* BYE ", asText(rest))
	}
	return mendCondition(string(tag)+" "+string(word)+" ", rest, taggedCodes, broken)
}

// isTag reports whether a word is a tag that go-imap may have sent.
func isTag(word []byte) bool {
	return len(word) > 1 && word[0] == 'T' && !slices.ContainsFunc(word[1:], func(b byte) bool { return !isDigit(b) })
}

// checked ends a mended line, and lets go-imap have it only if it will read it.
func checked(otherwise fate, parts ...any) ([]byte, fate) {
	var line []byte
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			line = append(line, part...)
		case []byte:
			line = append(line, part...)
		}
	}
	line = append(bytes.TrimRight(line, " "), "\r\n"...)
	if !readable(line) {
		return nil, otherwise
	}
	return line, passedOn
}

// blanksOnly makes a blank of each tab.
func blanksOnly(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\t"), []byte(" ")) }

// asText makes of what a server said the text at the end of a line.
func asText(b []byte) []byte {
	return bytes.TrimSpace(bytes.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, b))
}

// mendUntagged mends what follows a star.
func mendUntagged(body []byte) ([]byte, fate) {
	number, name, rest := headOf(body)
	switch name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return mendCondition("* "+name+" ", blanksOnly(rest), untaggedCodes, passedOver)
	case "EXISTS", "RECENT", "EXPUNGE":
		if _, err := strconv.ParseUint(number, 10, 32); err != nil {
			return nil, passedOver
		}
		return checked(passedOver, "* ", number, " ", name)
	case "":
		return nil, broken
	}
	args := squeeze(rest)
	if line, fate := checked(passedOver, "* ", name, " ", args); fate == passedOn {
		return line, fate
	}
	switch name {
	case "CAPABILITY", "ENABLED":
		return checked(passedOver, "* ", name, " ", capabilityWords(args))
	case "FLAGS":
		words, _, ok := flagWords(args)
		if !ok {
			return nil, passedOver
		}
		return checked(passedOver, "* FLAGS ", flagList(words))
	case "SEARCH":
		if isNothing(args) {
			return checked(broken, "* SEARCH")
		}
		return nil, broken
	case "ESEARCH":
		return checked(broken, "* ESEARCH ", mendESearch(args))
	case "LIST":
		return mendList(args)
	case "STATUS":
		return mendStatus(args)
	case "ID":
		return checked(passedOver, "* ID ", mendNulls(args))
	}
	if !isResponseName(name, body) {
		return nil, broken
	}
	return nil, unknown
}

// headOf splits what follows a star into the number, if any, the name in capital
// letters, and the rest. The name is empty where there is no word for one.
func headOf(body []byte) (number, name string, rest []byte) {
	p := &scanner{s: append(blanksOnly(body), '\n')}
	word, _ := p.atom()
	if len(word) > 0 && isDigit(word[0]) || len(word) > 1 && word[0] == '-' && isDigit(word[1]) {
		number = string(word)
		for p.accept(' ') {
		}
		word, _ = p.atom()
	}
	return number, strings.ToUpper(string(word)), body[min(p.i, len(body)):]
}

// isResponseName tells a response that is not known here, such as "* NOOP", from
// words: those are how the text of a mail looks where a literal was announced too
// short, and then nothing that follows is what it seems. A response has its name in
// capital letters, or begins with an X, or is a single word.
func isResponseName(name string, body []byte) bool {
	if strings.HasPrefix(name, "X") {
		return true
	}
	_, found := slices.BinarySearch(otherResponses(), name)
	return found || bytes.Contains(body, []byte(name)) || len(bytes.Fields(body)) == 1
}

// otherResponses are untagged responses that this package never asks for, sorted.
func otherResponses() []string {
	return []string{
		"ACL", "ANNOTATION", "COMPARATOR", "CONVERSION", "EMAILID", "GENURLAUTH", "LANGUAGE", "LISTRIGHTS", "LSUB", "METADATA", "MYRIGHTS",
		"NAMESPACE", "NOOP", "QUOTA", "QUOTAROOT", "SORT", "THREAD", "URLFETCH", "VANISHED",
	}
}

// squeeze leaves one blank where there are several or tabs, and none at the end or
// within the ends of a list. Strings and literals stay as they are, but for the plus
// sign that only a client may write into a literal.
func squeeze(b []byte) []byte {
	var out []byte
	for i := 0; i < len(b); {
		switch b[i] {
		case ' ', '\t', '\r', '\n', 0:
			if len(out) > 0 && out[len(out)-1] != ' ' && out[len(out)-1] != '(' {
				out = append(out, ' ')
			}
			i++
		case ')':
			out = append(bytes.TrimRight(out, " "), ')')
			i++
		case '"':
			end := stringEnd(b, i)
			out = append(out, b[i:end]...)
			i = end
		case '{':
			size, after, ok := literalAt(b, i)
			if !ok || size > int64(len(b)-after) {
				out = append(out, b[i])
				i++
				continue
			}
			out = strconv.AppendInt(append(out, '{'), size, 10)
			out = append(append(out, "}\r\n"...), b[after:after+int(size)]...)
			i = after + int(size)
		default:
			out = append(out, b[i])
			i++
		}
	}
	return bytes.TrimRight(out, " ")
}

// stringEnd returns where the quoted string that begins at start ends; the end of
// b if nowhere.
func stringEnd(b []byte, start int) int {
	for i := start + 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// literalAt reads the announcement of a literal, "{5}" or "{5+}" at the end of a
// line, that begins at start, and returns where its bytes begin.
func literalAt(b []byte, start int) (size int64, after int, ok bool) {
	i := start + 1
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	size, err := strconv.ParseInt(string(b[start+1:i]), 10, 64)
	rest, closed := bytes.CutPrefix(bytes.TrimPrefix(b[i:], []byte("+")), []byte("}"))
	if err != nil || !closed {
		return 0, 0, false
	}
	rest, ended := bytes.CutPrefix(bytes.TrimLeft(rest, " \r"), []byte("\n"))
	return size, len(b) - len(rest), ended
}
