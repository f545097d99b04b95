package wire

import (
	"bytes"
	"math"
	"strconv"
	"unicode"
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

// nilValue takes NIL, which go-imap knows in capital letters only.
func (p *scanner) nilValue() bool {
	word, ok := p.atom()
	return ok && string(word) == "NIL"
}

// mailbox takes the name of a folder.
func (p *scanner) mailbox() bool {
	name, ok := p.astring()
	return ok && (bytes.EqualFold(name, []byte("INBOX")) || validMailboxName(name))
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

// taggedExtValue takes whatever a value of an extension may be. RFC 9051, section 9,
// "tagged-ext-val". It goes no deeper than depth lists.
func (p *scanner) taggedExtValue(depth int) bool {
	switch {
	case p.at('"') || p.at('{'):
		_, ok := p.str()
		return ok
	case p.at('('):
		return depth > 0 && p.mustList(func() bool { return p.taggedExtValue(depth - 1) })
	}
	_, ok := p.atom()
	return ok
}

// maxDepth is how deep lists in lists may be for taggedExtValue.
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

// sequenceSet takes a set of numbers. dynamic: it has a "*", which no answer may have.
func (p *scanner) sequenceSet() (dynamic, ok bool) {
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
