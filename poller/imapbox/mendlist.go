package imapbox

import (
	"bytes"
	"strings"
)

// words splits the arguments of a response, which squeeze has seen, into words,
// strings, literals and lists, with what is in these.
func words(b []byte) [][]byte {
	var all [][]byte
	for i := 0; i < len(b); {
		if b[i] == ' ' {
			i++
			continue
		}
		start := i
		i = wordEnd(b, i)
		all = append(all, b[start:i])
	}
	return all
}

// wordEnd returns where what begins at i ends.
func wordEnd(b []byte, i int) int {
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

// mendList mends the arguments of LIST: attributes that are none, and the delimiter.
// A name with a blank is not mended: nobody can tell where it ends.
func mendList(args []byte) ([]byte, fate) {
	w := words(args)
	if len(w) < 3 {
		return nil, passedOver
	}
	attributes, _, ok := flagWords(w[0])
	if !ok {
		return nil, passedOver
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
	if line, fate := checked(passedOver, "* LIST ", flagList(attributes), " ", delimiter, " ", name); fate == passedOn {
		return line, fate
	}
	if len(w) == 4 && w[3][0] == '(' { // the extended data; RFC 5258
		return checked(passedOver, "* LIST ", flagList(attributes), " ", delimiter, " ", w[2])
	}
	return nil, passedOver
}

// mendStatus mends the arguments of STATUS: a name with blanks, and values that are
// none.
func mendStatus(args []byte) ([]byte, fate) {
	open := bytes.LastIndexByte(args, '(')
	if open < 0 {
		return nil, passedOver
	}
	name := bytes.TrimSpace(args[:open])
	if p := (&scanner{s: append(bytes.Clone(name), ' ')}); len(name) == 0 || !p.mailbox() || p.i != len(name) {
		name = quote(name)
	}
	var items [][]byte
	inner := words(bytes.TrimRight(args[open+1:], ") "))
	for i := 0; i+1 < len(inner); i += 2 {
		p := &scanner{s: bytes.Join([][]byte{inner[i], inner[i+1], nil}, []byte(" "))}
		if p.statusItem() && p.i == len(p.s)-1 {
			items = append(items, inner[i], inner[i+1])
		}
	}
	return checked(passedOver, "* STATUS ", name, " (", bytes.Join(items, []byte(" ")), ")")
}

// quote writes a quoted string. RFC 9051, section 9, "quoted".
func quote(b []byte) []byte {
	return []byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(b)) + `"`)
}

// mendESearch mends the arguments of ESEARCH: small letters, and a set that is
// missing where nothing was found.
func mendESearch(args []byte) []byte {
	var out [][]byte
	all := words(args)
	for i := 0; i < len(all); i++ {
		upper := bytes.ToUpper(all[i])
		switch {
		case i == 0 && bytes.HasPrefix(upper, []byte("(TAG ")):
			out = append(out, append([]byte("(TAG "), all[i][len("(TAG "):]...))
		case string(upper) == "ALL" && (i+1 == len(all) || isNothing(all[i+1])):
			i++
		case string(upper) == "UID":
			out = append(out, upper)
		default:
			out = append(out, all[i])
		}
	}
	return bytes.Join(out, []byte(" "))
}

// isNothing reports whether a word stands for no set.
func isNothing(word []byte) bool {
	switch string(bytes.ToUpper(word)) {
	case "NIL", "()", `""`:
		return true
	}
	return false
}

// mendNulls writes an empty string for each NIL in the answer to ID, which go-imap
// does not read there.
func mendNulls(args []byte) []byte {
	if bytes.EqualFold(args, []byte("NIL")) {
		return []byte("NIL")
	}
	var out [][]byte
	for _, word := range words(bytes.TrimRight(bytes.TrimPrefix(args, []byte("(")), ") ")) {
		if bytes.EqualFold(word, []byte("NIL")) {
			word = []byte(`""`)
		}
		out = append(out, word)
	}
	return []byte("(" + string(bytes.Join(out, []byte(" "))) + ")")
}
