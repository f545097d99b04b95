package wire

import (
	"bytes"
	"strings"
)

// splitArgs splits the arguments of a response, which collapseBlanks has seen, into words,
// strings, literals and lists, with what is in these.
func splitArgs(b []byte) [][]byte {
	var all [][]byte
	for i := 0; i < len(b); {
		if b[i] == ' ' {
			i++
			continue
		}
		start := i
		i = argEnd(b, i)
		all = append(all, b[start:i])
	}
	return all
}

// argEnd returns where what begins at i ends.
func argEnd(b []byte, i int) int {
	depth := 0
	for start := i; i < len(b); {
		switch {
		case b[i] == '"':
			i = stringEnd(b, i)
		case b[i] == '{':
			size, after, ok := literalAt(b, i)
			if !ok || size > int64(len(b)-after) {
				i++
				continue
			}
			i = after + int(size)
		case b[i] == '(':
			if depth == 0 && i > start {
				return i
			}
			depth++
			i++
			continue
		case b[i] == ')' && depth > 0:
			depth--
			i++
		case b[i] == ' ' && depth == 0:
			return i
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return len(b)
}

// repairList repairs the arguments of LIST: attributes that are none, and the delimiter.
// A name with a blank is not repaired: its end is unknown.
func repairList(args []byte) ([]byte, action) {
	w := splitArgs(args)
	if len(w) < 3 {
		return nil, skip
	}
	attributes, _, ok := splitFlags(w[0])
	if !ok {
		return nil, skip
	}
	delimiter := string(w[1])
	switch {
	case strings.EqualFold(delimiter, "NIL"), delimiter == `""`:
		delimiter = "NIL"
	case delimiter == `\`, delimiter == `"\"`:
		delimiter = `"\\"`
	case len(delimiter) == 1 && delimiter != `"`:
		delimiter = `"` + delimiter + `"`
	}
	name := bytes.Join(w[2:], []byte(" "))
	if line, act := join(skip, "* LIST ", joinFlags(attributes), " ", delimiter, " ", name); act == pass {
		return line, act
	}
	if len(w) == 4 && w[3][0] == '(' { // the extended data; RFC 5258
		return join(skip, "* LIST ", joinFlags(attributes), " ", delimiter, " ", w[2])
	}
	return nil, skip
}

// repairStatusData repairs the arguments of STATUS: a name with blanks, and values that are
// none.
func repairStatusData(args []byte) ([]byte, action) {
	open := bytes.LastIndexByte(args, '(')
	if open < 0 {
		return nil, skip
	}
	name := bytes.TrimSpace(args[:open])
	if p := (&scanner{s: append(bytes.Clone(name), ' ')}); len(name) == 0 || !p.mailbox() || p.i != len(name) {
		name = quote(name)
	}
	var items [][]byte
	inner := splitArgs(bytes.TrimRight(args[open+1:], ") "))
	for i := 0; i+1 < len(inner); i += 2 {
		p := &scanner{s: bytes.Join([][]byte{inner[i], inner[i+1], nil}, []byte(" "))}
		if p.statusAttr() && p.i == len(p.s)-1 {
			items = append(items, inner[i], inner[i+1])
		}
	}
	return join(skip, "* STATUS ", name, " (", bytes.Join(items, []byte(" ")), ")")
}

// quote writes a quoted string. RFC 9051, section 9, "quoted".
func quote(b []byte) []byte {
	return []byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(b)) + `"`)
}

// repairESearch repairs the arguments of ESEARCH: small letters, and a set that is
// missing where nothing was found.
func repairESearch(args []byte) []byte {
	var out [][]byte
	all := splitArgs(args)
	for i := 0; i < len(all); i++ {
		upper := bytes.ToUpper(all[i])
		switch {
		case i == 0 && bytes.HasPrefix(upper, []byte("(TAG ")):
			out = append(out, append([]byte("(TAG "), all[i][len("(TAG "):]...))
		case string(upper) == "ALL" && (i+1 == len(all) || isEmptySet(all[i+1])):
			i++
		case string(upper) == "UID":
			out = append(out, upper)
		default:
			out = append(out, all[i])
		}
	}
	return bytes.Join(out, []byte(" "))
}

// isEmptySet reports whether a word stands for no set.
func isEmptySet(word []byte) bool {
	switch string(bytes.ToUpper(word)) {
	case "NIL", "()", `""`:
		return true
	}
	return false
}

// repairID writes an empty string for each NIL in the answer to ID, where go-imap does
// not read NIL.
func repairID(args []byte) []byte {
	if bytes.EqualFold(args, []byte("NIL")) {
		return []byte("NIL")
	}
	var out [][]byte
	for _, word := range splitArgs(bytes.TrimRight(bytes.TrimPrefix(args, []byte("(")), ") ")) {
		if bytes.EqualFold(word, []byte("NIL")) {
			word = []byte(`""`)
		}
		out = append(out, word)
	}
	return []byte("(" + string(bytes.Join(out, []byte(" "))) + ")")
}
