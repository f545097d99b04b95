package netclient

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A view is a text, or what comes of decoding it, and where in the text each of
// its bytes comes from: from the byte at from up to that before to.
type view struct {
	text     []byte
	from, to []int
	decoded  bool // it was base64, base32 or hexadecimal
}

// source returns the view that is the text itself.
func source(text string) view {
	v := view{text: []byte(text), from: make([]int, len(text)), to: make([]int, len(text))}
	for i := range len(text) {
		v.from[i], v.to[i] = i, i+1
	}
	return v
}

func (v *view) add(b byte, from, to int) {
	v.text, v.from, v.to = append(v.text, b), append(v.from, from), append(v.to, to)
}

// blank is what may stand anywhere in a text that was wrapped, or is UTF-16.
const blank = " \t\r\n\x00"

// without returns a view without certain bytes.
func (v view) without(dropped string) view {
	out := view{decoded: v.decoded}
	for i, b := range v.text {
		if strings.IndexByte(dropped, b) < 0 {
			out.add(b, v.from[i], v.to[i])
		}
	}
	return out
}

// withoutHexSigns returns a view without the sign that stands before hexadecimal.
func (v view) withoutHexSigns() view {
	out := view{decoded: v.decoded}
	for i := 0; i < len(v.text); i++ {
		if i+1 < len(v.text) && v.text[i] == '0' && v.text[i+1]|0x20 == 'x' {
			i++
			continue
		}
		out.add(v.text[i], v.from[i], v.to[i])
	}
	return out
}

// unescaped undoes percent-encoding, the escapes of Go, JSON and IMAP's quoted
// strings, quoted-printable and HTML's entities.
func (v view) unescaped() view {
	out := view{decoded: v.decoded}
	for i := 0; i < len(v.text); {
		n, plain := unescape(v.text[i:])
		if n == 0 {
			n, plain = 1, string(v.text[i:i+1])
		}
		for j := range len(plain) {
			out.add(plain[j], v.from[i], v.to[i+n-1])
		}
		i += n
	}
	return out
}

// unescape returns what the escape at the beginning of b stands for, and how long it
// is; 0 if there is none.
func unescape(b []byte) (n int, plain string) {
	switch b[0] {
	case '%', '=': // RFC 3986, section 2.1; RFC 2045, section 6.7
		return hexAt(b, 1, 2, false)
	case '&':
		end := strings.IndexByte(string(b[:min(len(b), 12)]), ';')
		if end < 0 {
			return 0, ""
		}
		if plain = html.UnescapeString(string(b[:end+1])); len(plain) > end {
			return 0, ""
		}
		return end + 1, plain
	case '\\':
		return backslash(b)
	}
	return 0, ""
}

// backslash is unescape for what begins with a backslash.
func backslash(b []byte) (n int, plain string) {
	if len(b) < 2 {
		return 0, ""
	}
	switch c := b[1]; c {
	case 'x':
		return hexAt(b, 2, 2, false)
	case 'u':
		return hexAt(b, 2, 4, true)
	case 'U':
		return hexAt(b, 2, 8, true)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		if len(b) >= 4 {
			if value, err := strconv.ParseUint(string(b[1:4]), 8, 8); err == nil {
				return 4, string([]byte{byte(value)})
			}
		}
		return 0, ""
	default:
		if i := strings.IndexByte("abfnrtv", c); i >= 0 {
			return 2, "\a\b\f\n\r\t\v"[i : i+1]
		}
		return 2, string(b[1:2])
	}
}

// hexAt reads the digits of an escape that begin at byte start: a byte, or a rune.
func hexAt(b []byte, start, digits int, isRune bool) (n int, plain string) {
	end := start + digits
	if len(b) < end {
		return 0, ""
	}
	value, err := strconv.ParseUint(string(b[start:end]), 16, 32)
	switch {
	case err != nil:
		return 0, ""
	case isRune:
		return end, string(utf8.AppendRune(nil, rune(value)))
	}
	return end, string([]byte{byte(value)})
}

// A coding is one way to write bytes as a few letters.
type coding struct {
	bits    int       // that one letter stands for
	period  int       // letters after which a byte begins at a letter again
	value   [256]int8 // of each letter; below 0: none
	between string    // what may stand between letters
}

// codings are base64 of both alphabets, base32 (RFC 4648) and hexadecimal.
var codings = [...]coding{
	{bits: 6, period: 4, value: values("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "-_", 62)},
	{bits: 5, period: 8, value: values("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "abcdefghijklmnopqrstuvwxyz", 0)},
	{bits: 4, period: 2, value: values("0123456789abcdef", "ABCDEF", 10), between: " \t\r\n:,;.-_"},
}

// values returns the value of each letter of an alphabet. The letters of also stand
// for the values from first on.
func values(alphabet, also string, first int8) (value [256]int8) {
	for i := range value {
		value[i] = -1
	}
	for i := range len(alphabet) {
		value[alphabet[i]] = int8(i)
	}
	for i := range len(also) {
		value[also[i]] = first + int8(i)
	}
	return value
}

// decodedBy decodes the letters from start up to that before end.
func (v view) decodedBy(c *coding, start, end int) view {
	n := (end - start) * c.bits / 8
	out := view{text: make([]byte, 0, n), from: make([]int, 0, n), to: make([]int, 0, n), decoded: true}
	var value uint32
	bits, first := 0, start // first is the letter that the next byte begins in
	for i := start; i < end; i++ {
		value = value<<c.bits | uint32(c.value[v.text[i]])
		if bits += c.bits; bits < 8 {
			continue
		}
		bits -= 8
		out.add(byte(value>>bits), v.from[first], v.to[i])
		value &= 1<<bits - 1
		first = i + 1
		if bits > 0 {
			first = i
		}
	}
	return out
}
