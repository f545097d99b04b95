package wire

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// An action is what is done with a response.
type action int

const (
	pass        action = iota // hand it on as it came, or repaired
	skipUnknown               // skip it: no command of this program asks for it
	skip                      // skip it: it cannot be read, and what follows does not depend on it
	stop                      // end the connection: it cannot be read, and what follows cannot be trusted
)

// repair returns a response, with its literals, as go-imap reads it: as it came where
// that is valid, except that the names of response codes are written in capital letters,
// the only ones that go-imap knows. Real servers send
//
//   - blanks too many, at the end too, tabs, and empty lines;
//   - keywords and capabilities with characters that they may not have: these are
//     left out, which changes nothing on the server;
//   - response codes that are none, or whose arguments are none: they become text,
//     so that OK stays OK;
//   - NIL for an empty list, "" or a bare character for a delimiter, numbers that are
//     none in STATUS;
//   - responses that RFC 9051 does not know, or not in this form: they are skipped.
//
// FETCH is read by parseFetch.
func repair(line []byte) ([]byte, action) {
	line = upperCode(line)
	if validResponse(line) {
		return line, pass
	}
	body := bytes.TrimLeft(bytes.TrimRight(line, "\r\n"), " \t\x00")
	switch {
	case len(bytes.TrimRight(body, " \t\r\x00")) == 0:
		return nil, pass
	case body[0] == '+':
		return join(stop, "+ ", asText(body[1:]))
	case body[0] == '*':
		return repairUntagged(bytes.TrimLeft(body[1:], " \t"))
	}
	tag, rest, _ := bytes.Cut(blanksOnly(body), []byte(" "))
	if !isTag(tag) {
		return nil, stop
	}
	word, rest, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	if bytes.EqualFold(word, []byte("BYE")) {
		// Some answer LOGOUT like this.
		return join(stop, "* BYE ", asText(rest))
	}
	return repairStatus(string(tag)+" "+string(word)+" ", rest, taggedCodes, stop)
}

// RepairGreeting returns a server's greeting, without the end of its line, as go-imap
// reads it; as it came where it cannot be repaired.
func RepairGreeting(line string) string {
	if repaired, act := repair([]byte(line + "\r\n")); act == pass {
		return strings.TrimRight(string(repaired), "\r\n") // such as one with two blanks after the star
	}
	return line
}

// isTag reports whether a word is a tag that go-imap may have sent.
func isTag(word []byte) bool {
	return len(word) > 1 && word[0] == 'T' && !slices.ContainsFunc(word[1:], func(b byte) bool { return !isDigit(b) })
}

// join joins the parts of a repaired line and ends it. One that is still not valid is
// replaced by the action otherwise.
func join(otherwise action, parts ...any) ([]byte, action) {
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
	if !validResponse(line) {
		return nil, otherwise
	}
	return line, pass
}

// blanksOnly replaces each tab by a blank.
func blanksOnly(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\t"), []byte(" ")) }

// asText returns what a server said as the text of a resp-text.
func asText(b []byte) []byte {
	return bytes.TrimSpace(bytes.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, b))
}

// repairUntagged repairs what follows a star.
func repairUntagged(body []byte) ([]byte, action) {
	number, name, rest := responseHead(body)
	switch name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return repairStatus("* "+name+" ", blanksOnly(rest), untaggedCodes, skip)
	case "EXISTS", "RECENT", "EXPUNGE":
		if _, err := strconv.ParseUint(number, 10, 32); err != nil {
			return nil, skip
		}
		return join(skip, "* ", number, " ", name)
	case "":
		return nil, stop
	}
	args := collapseBlanks(rest)
	if line, act := join(skip, "* ", name, " ", args); act == pass {
		return line, act
	}
	switch name {
	case "CAPABILITY", "ENABLED":
		return join(skip, "* ", name, " ", validCapabilities(args))
	case "FLAGS":
		words, _, ok := splitFlags(args)
		if !ok {
			return nil, skip
		}
		return join(skip, "* FLAGS ", joinFlags(words))
	case "SEARCH":
		if isEmptySet(args) {
			return join(stop, "* SEARCH")
		}
		return nil, stop
	case "ESEARCH":
		return join(stop, "* ESEARCH ", repairESearch(args))
	case "LIST":
		return repairList(args)
	case "STATUS":
		return repairStatusData(args)
	case "ID":
		return join(skip, "* ID ", repairID(args))
	}
	if !isResponseName(name, body) {
		return nil, stop
	}
	return nil, skipUnknown
}

// responseHead splits what follows a star into the number, if any, the name in capital
// letters, and the rest. The name is empty where there is no word for one.
func responseHead(body []byte) (number, name string, rest []byte) {
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

// isResponseName reports whether a name may be that of a response that is not known
// here, such as "* NOOP": it is in capital letters, begins with an X, or stands alone.
// Other words are the text of a mail whose literal was announced too short, and then
// nothing that follows is what it seems.
func isResponseName(name string, body []byte) bool {
	if strings.HasPrefix(name, "X") {
		return true
	}
	_, found := slices.BinarySearch(otherResponses(), name)
	return found || bytes.Contains(body, []byte(name)) || len(bytes.Fields(body)) == 1
}

// otherResponses are untagged responses that no command here asks for, sorted.
func otherResponses() []string {
	return []string{
		"ACL", "ANNOTATION", "COMPARATOR", "CONVERSION", "EMAILID", "GENURLAUTH", "LANGUAGE", "LISTRIGHTS", "LSUB", "METADATA", "MYRIGHTS",
		"NAMESPACE", "NOOP", "QUOTA", "QUOTAROOT", "SORT", "THREAD", "URLFETCH", "VANISHED",
	}
}

// collapseBlanks leaves one blank where there are several or tabs, and none at the end or
// within the ends of a list. Strings and literals stay as they are, but for the plus
// sign that only a client may write into a literal.
func collapseBlanks(b []byte) []byte {
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
