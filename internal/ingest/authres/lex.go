package authres

import (
	"errors"
	"strings"
)

// A lexer takes an unfolded field apart, from left to right and each byte once.
// The first error moves it to the end, so that loops end by themselves.
type lexer struct {
	s     string
	i     int
	plain bool // neither a comment nor a quoted string was met so far
	err   error
}

// cur returns the byte at hand, 0 at the end. unfold leaves no 0 in a field.
func (l *lexer) cur() byte {
	if l.i < len(l.s) {
		return l.s[l.i]
	}
	return 0
}

func (l *lexer) fail(why string) {
	if l.err == nil {
		l.err = errors.New(why)
	}
	l.i = len(l.s)
}

// skip passes over white space and comments.
func (l *lexer) skip() {
	for {
		switch l.cur() {
		case ' ', '\t':
			l.i++
		case '(':
			l.comment()
		default:
			return
		}
	}
}

// comment passes over a comment, which may hold others (RFC 5322, section 3.2.2).
//
// A double quote means nothing within a comment. But servers put the sender's
// address there, whose quoted local part can hold a parenthesis: then the
// comment ends where the sender wants, and results of the sender's follow. So a
// comment with a double quote that is not escaped makes the field unreadable.
func (l *lexer) comment() {
	l.plain = false
	for depth := 0; l.i < len(l.s); {
		c := l.s[l.i]
		l.i++
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return
			}
		case '\\':
			l.i++
		case '"':
			l.fail("a comment contains a double quote")
			return
		}
	}
	l.fail("a comment does not end")
}

// quoted reads the quoted string at hand and returns what it means.
func (l *lexer) quoted() string {
	l.plain = false
	var b strings.Builder
	for l.i++; l.i < len(l.s); l.i++ {
		switch c := l.s[l.i]; c {
		case '"':
			l.i++
			return b.String()
		case '\\':
			if l.i++; l.i < len(l.s) {
				b.WriteByte(l.s[l.i])
			}
		default:
			b.WriteByte(c)
		}
	}
	l.fail("a quoted string does not end")
	return ""
}

// word reads up to white space or one of ;=()" and may return nothing.
func (l *lexer) word() string {
	start := l.i
	for l.i < len(l.s) && strings.IndexByte(" \t;=()\"", l.s[l.i]) < 0 {
		l.i++
	}
	return l.s[start:l.i]
}

// name reads the name before an equals sign, in lower case. White space and
// comments may stand around its dots and slashes, as in "header . d" (RFC 8601,
// section 2.2).
func (l *lexer) name() string {
	name := l.word()
	for name != "" {
		l.skip()
		if c := l.cur(); c != '.' && c != '/' && !strings.HasSuffix(name, ".") && !strings.HasSuffix(name, "/") {
			break
		}
		more := l.word()
		if more == "" {
			break
		}
		name += more
	}
	return lower(name)
}

// value reads what stands behind an equals sign, which may be quoted as a whole
// or in part, as "a b"@example.com is. Other than a word it may contain equals
// signs, as the base64 of header.b does, and closing parentheses.
func (l *lexer) value() string {
	l.skip()
	var b strings.Builder
	for {
		switch c := l.cur(); c {
		case 0, ' ', '\t', ';', '(':
			return b.String()
		case '"':
			b.WriteString(l.quoted())
		default:
			b.WriteByte(c)
			l.i++
		}
	}
}

// toSemicolon passes over what is left of a result.
func (l *lexer) toSemicolon() {
	for {
		switch l.cur() {
		case 0, ';':
			return
		case '(':
			l.comment()
		case '"':
			l.quoted()
		default:
			l.i++
		}
	}
}
