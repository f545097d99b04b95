package imapbox

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner walks through one response, with the literals in it and the end of
// its line, as the decoder of go-imap (internal/imapwire) does: each method takes
// what the decoder's method of that name takes, and reports whether it would have
// been content. RFC 9051, section 9.
type scanner struct {
	s []byte
	i int
}

// accept takes one byte if it is want.
func (p *scanner) accept(want byte) bool {
	if p.i < len(p.s) && p.s[p.i] == want {
		p.i++
		return true
	}
	return false
}

// at reports whether the next byte is b.
func (p *scanner) at(b byte) bool { return p.i < len(p.s) && p.s[p.i] == b }

// sp takes a blank. It is optional before a parenthesis, and one at the end of the
// line is taken but is none.
func (p *scanner) sp() bool {
	if p.accept(' ') {
		return p.i < len(p.s) && p.s[p.i] != '\r' && p.s[p.i] != '\n'
	}
	return p.at('(')
}

// end takes the end of the line, which must be that of the response.
func (p *scanner) end() bool {
	return p.crlf() && p.i == len(p.s)
}

func (p *scanner) crlf() bool {
	p.accept(' ')
	p.accept('\r')
	return p.accept('\n')
}

// while takes bytes as long as valid holds, and at least one.
func (p *scanner) while(valid func(byte) bool) ([]byte, bool) {
	start := p.i
	for p.i < len(p.s) && valid(p.s[p.i]) {
		p.i++
	}
	return p.s[start:p.i], p.i > start && p.i < len(p.s)
}

func isAtomChar(b byte) bool {
	switch b {
	case '(', ')', '{', ' ', '%', '*', '"', '\\', ']':
		return false
	}
	return !unicode.IsControl(rune(b))
}

func isAStringChar(b byte) bool { return b == ']' || isAtomChar(b) }

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func (p *scanner) atom() ([]byte, bool) { return p.while(isAtomChar) }

// number takes a number of at most so many bits, of which the sign is one.
func (p *scanner) number(bits int, signed bool) bool {
	digits, ok := p.while(isDigit)
	if !ok {
		return false
	}
	if signed {
		_, err := strconv.ParseInt(string(digits), 10, bits)
		return err == nil
	}
	_, err := strconv.ParseUint(string(digits), 10, bits)
	return err == nil
}

func (p *scanner) number32() bool { return p.number(32, false) }

// text takes what is left of the line, and at least one byte.
func (p *scanner) text() bool {
	_, ok := p.while(func(b byte) bool { return b != '\r' && b != '\n' })
	return ok
}

// quoted takes a quoted string and returns what it stands for.
func (p *scanner) quoted() ([]byte, bool) {
	if !p.accept('"') {
		return nil, false
	}
	var value []byte
	for p.i < len(p.s) {
		b := p.s[p.i]
		p.i++
		if b == '"' {
			return value, true
		}
		if b == '\\' {
			if p.i == len(p.s) {
				return nil, false
			}
			b = p.s[p.i]
			p.i++
		}
		value = append(value, b)
	}
	return nil, false
}

// literal takes a literal with all of its bytes.
func (p *scanner) literal() ([]byte, bool) {
	if !p.accept('{') {
		return nil, false
	}
	digits, ok := p.while(isDigit)
	size, err := strconv.ParseInt(string(digits), 10, 64)
	if !ok || err != nil || !p.accept('}') || !p.crlf() || size > int64(len(p.s)-p.i) {
		return nil, false
	}
	value := p.s[p.i : p.i+int(size)]
	p.i += int(size)
	return value, true
}

// str takes a quoted string or a literal.
func (p *scanner) str() ([]byte, bool) {
	if p.at('"') {
		return p.quoted()
	}
	return p.literal()
}

func (p *scanner) astring() ([]byte, bool) {
	if p.at('"') || p.at('{') {
		return p.str()
	}
	return p.while(isAStringChar)
}

// null takes NIL, which go-imap knows in capital letters only.
func (p *scanner) null() bool {
	word, ok := p.atom()
	return ok && string(word) == "NIL"
}

// mailbox takes the name of a folder.
func (p *scanner) mailbox() bool {
	name, ok := p.astring()
	return ok && (bytes.EqualFold(name, []byte("INBOX")) || decodable(name))
}

// list takes a list of what each takes. present is false where there is none, and
// nothing is taken then.
func (p *scanner) list(each func() bool) (present, ok bool) {
	if !p.accept('(') {
		return false, true
	}
	if p.accept(')') {
		return true, true
	}
	for {
		if !each() {
			return true, false
		}
		if p.accept(')') {
			return true, true
		}
		if !p.sp() {
			return true, false
		}
	}
}

// mustList takes a list that must be there.
func (p *scanner) mustList(each func() bool) bool {
	present, ok := p.list(each)
	return present && ok
}

// value takes whatever a value of an extension may be. RFC 9051, section 9,
// "tagged-ext-val". It goes no deeper than depth lists.
func (p *scanner) value(depth int) bool {
	switch {
	case p.at('"') || p.at('{'):
		_, ok := p.str()
		return ok
	case p.at('('):
		return depth > 0 && p.mustList(func() bool { return p.value(depth - 1) })
	}
	_, ok := p.atom()
	return ok
}

// maxDepth is how deep lists in lists may be for [scanner.value].
const maxDepth = 50

// flag takes a flag or a keyword.
func (p *scanner) flag() bool {
	if p.accept('\\') && p.accept('*') {
		return true
	}
	_, ok := p.atom()
	return ok
}

// flags takes a list of flags, in which there may be one blank too many.
func (p *scanner) flags() bool {
	return p.mustList(func() bool {
		p.sp()
		return p.flag()
	})
}

// numSet takes a set of numbers. dynamic: it has a "*", which no answer may have.
func (p *scanner) numSet() (dynamic, ok bool) {
	if p.accept('$') {
		return true, true
	}
	set, ok := p.while(func(b byte) bool { return b == '*' || isAtomChar(b) })
	if !ok {
		return false, false
	}
	for part := range bytes.SplitSeq(set, []byte(",")) {
		first, last, ranged := bytes.Cut(part, []byte(":"))
		if !setNumber(first) || ranged && !setNumber(last) {
			return false, false
		}
		dynamic = dynamic || first[0] == '*' || ranged && last[0] == '*'
	}
	return dynamic, true
}

// setNumber reports whether a word is a number of a set: "*", or one from 1 on
// without a zero in front.
func setNumber(word []byte) bool {
	if string(word) == "*" {
		return true
	}
	n, err := strconv.ParseUint(string(word), 10, 32)
	return err == nil && n > 0 && n <= math.MaxUint32 && isDigit(word[0]) && word[0] != '0'
}

// decodable reports whether go-imap can decode the name of a folder: it is UTF-8,
// or modified UTF-7. RFC 9051, appendix A.1.
func decodable(name []byte) bool {
	if !utf8.Valid(name) {
		return false
	}
	afterShift := false
	for i := 0; i < len(name); i++ {
		b := name[i]
		switch {
		case b < 0x20 || b == 0x7f:
			return false
		case b != '&':
			afterShift = false
			continue
		}
		length := bytes.IndexByte(name[i+1:], '-')
		if length < 0 {
			return false
		}
		shifted := name[i+1 : i+1+length]
		if length > 0 && (afterShift || !utf16InBase64(shifted)) {
			return false
		}
		afterShift = length > 0
		i += 1 + length
	}
	return true
}

// utf16InBase64 reports whether b is UTF-16 in the base64 of modified UTF-7, of
// characters that need it.
func utf16InBase64(b []byte) bool {
	units, err := namesBase64().DecodeString(string(b))
	if err != nil || len(units) == 0 || len(units)%2 == 1 || bytes.ContainsAny(b, "\r\n") {
		return false
	}
	for i := 0; i < len(units); i += 2 {
		r := rune(units[i])<<8 | rune(units[i+1])
		switch {
		case utf16.IsSurrogate(r):
			if i += 2; i == len(units) {
				return false
			}
			if utf16.DecodeRune(r, rune(units[i])<<8|rune(units[i+1])) == utf8.RuneError {
				return false
			}
		case 0x20 <= r && r <= 0x7e:
			return false
		}
	}
	return true
}

// namesBase64 is the base64 of modified UTF-7. RFC 9051, appendix A.1.
func namesBase64() *base64.Encoding {
	return base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)
}
