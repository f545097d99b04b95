package wire

import (
	"bytes"
	"strings"
)

// repairStatus repairs the resp-text of a status response that begins with head. A code
// that cannot be read becomes text.
func repairStatus(head string, rest []byte, known codeArguments, otherwise action) ([]byte, action) {
	rest = bytes.TrimSpace(rest)
	if inner, ok := bytes.CutPrefix(rest, []byte("[")); ok {
		if code, text, ok := repairCode(bytes.TrimLeft(inner, " "), known); ok {
			if line, act := join(otherwise, head, code, " ", asText(text)); act == pass {
				return line, act
			}
		}
		head += " " // a text that begins with a bracket must not look like a code
	}
	return join(otherwise, head, asText(rest))
}

// repairCode writes a response code, given what follows its bracket, as go-imap reads
// it, and returns the text behind it.
func repairCode(inner []byte, known codeArguments) (code string, text []byte, ok bool) {
	end := bytes.IndexAny(inner, " ]")
	if end < 0 {
		end = len(inner)
	}
	name, args := strings.ToUpper(string(inner[:end])), inner[end:]
	if name == "PERMANENTFLAGS" {
		words, rest, ok := splitFlags(bytes.TrimLeft(args, " "))
		rest = bytes.TrimPrefix(bytes.TrimLeft(rest, " "), []byte("]"))
		return "[PERMANENTFLAGS " + joinFlags(words) + "]", rest, ok
	}
	args, text, closed := bytes.Cut(args, []byte("]"))
	switch _, is := known(&scanner{}, name); {
	case name == "CAPABILITY":
		return "[CAPABILITY " + validCapabilities(args) + "]", text, closed
	case is:
		words := bytes.Fields(bytes.ReplaceAll(args, []byte(`"`), nil))
		return strings.TrimRight("["+name+" "+string(bytes.Join(words, []byte(" "))), " ") + "]", text, closed
	case closed:
		return strings.TrimRight("["+name+" "+string(bytes.TrimSpace(args)), " ") + "]", text, true
	}
	// The bracket was never closed.
	return "[" + name + "]", args, bareCode(name)
}

// bareCode reports whether a code has no arguments. RFC 9051, section 7.1.
func bareCode(name string) bool {
	switch name {
	case "ALERT", "ALREADYEXISTS", "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "CANNOT", "CLIENTBUG", "CONTACTADMIN", "CORRUPTION",
		"EXPIRED", "INUSE", "LIMIT", "NONEXISTENT", "NOPERM", "OVERQUOTA", "PRIVACYREQUIRED", "READ-ONLY", "READ-WRITE", "SERVERBUG",
		"THROTTLED", "TRYCREATE", "UNAVAILABLE":
		return true
	}
	return false
}

// upperCode writes the name of a response code whose arguments go-imap
// reads in capital letters. Elsewhere its letters do not matter.
func upperCode(line []byte) []byte {
	p := &scanner{s: line}
	known := taggedCodes
	if p.accept('*') {
		known = untaggedCodes
	} else if _, ok := p.atom(); !ok {
		return line
	}
	p.sp()
	if _, ok := p.atom(); !ok || !p.sp() || !p.accept('[') {
		return line
	}
	start := p.i
	name, ok := p.atom()
	upper := bytes.ToUpper(name)
	if _, is := known(&scanner{}, string(upper)); !ok || !is || bytes.Equal(name, upper) {
		return line
	}
	return bytes.Join([][]byte{line[:start], upper, line[p.i:]}, nil)
}

// splitFlags splits a list of flags at its blanks, whatever the words are made of: a
// keyword may have brackets, and parentheses that close what they open. It returns
// what follows the list. NIL is an empty list.
func splitFlags(b []byte) (words [][]byte, rest []byte, ok bool) {
	if len(b) >= 3 && bytes.EqualFold(b[:3], []byte("NIL")) {
		return nil, b[3:], true
	}
	if len(b) == 0 || b[0] != '(' {
		return nil, b, false
	}
	for i := 1; i < len(b); {
		if isBlank(b[i]) {
			i++
			continue
		}
		start, depth := i, 0
		for i < len(b) && !isBlank(b[i]) && (b[i] != ')' || depth > 0) {
			switch {
			case b[i] == '"' && i == start:
				i = stringEnd(b, i) - 1
			case b[i] == '(':
				depth++
			case b[i] == ')':
				depth--
			}
			i++
		}
		if i > start {
			words = append(words, b[start:i])
		}
		if i < len(b) && b[i] == ')' {
			return words, b[i+1:], true
		}
	}
	return words, nil, true // the parenthesis is missing
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

// joinFlags writes those of the words that go-imap reads as flags.
func joinFlags(words [][]byte) string {
	var flags []string
	for _, word := range words {
		p := &scanner{s: append(bytes.Clone(word), ' ')}
		if p.flag() && p.i == len(word) {
			flags = append(flags, string(word))
		}
	}
	return "(" + strings.Join(flags, " ") + ")"
}

// validCapabilities returns those of the words that go-imap reads as capabilities.
func validCapabilities(b []byte) string {
	var words []string
	for _, word := range bytes.Fields(b) {
		p := &scanner{s: append(bytes.Clone(word), ' ')}
		if _, ok := p.atom(); ok && p.i == len(word) {
			words = append(words, string(word))
		}
	}
	return strings.Join(words, " ")
}
