package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A literal is what was kept of one in a FETCH response.
type literal struct {
	data []byte
	size int64 // as announced
	fits bool  // there was room for what was wanted of it
}

// parseFetch reads a FETCH response: the msg-att of RFC 9051, section 9. text is all but
// the literals, of which it has the announcements. The order of the items, blanks and the
// case of letters do not matter. Items that were not asked for are skipped, and a date
// that is none is left out.
//
// After an error the UID is all that counts of the message.
func parseFetch(text []byte, literals []literal) (*Message, error) {
	number, name, rest := responseHead(bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimLeft(text, " \t"), []byte("*")), " \t"))
	p := &fetchParser{s: rest, literals: literals, m: &Message{Size: -1, fits: true}}
	if _, err := strconv.ParseUint(number, 10, 32); number != "" && err != nil || name != "FETCH" {
		p.fail("%q is no number of a message", number)
	}
	if p.blanks(); !p.accept('(') {
		p.fail("it has no list of items")
	}
	for p.blanks(); p.i < len(p.s); p.blanks() {
		if p.accept(')') {
			if len(bytes.Trim(p.s[p.i:], ") \t\r\n")) > 0 {
				p.fail("something follows its end")
			}
			break
		}
		p.item()
	}
	return p.m, p.err
}

// A fetchParser walks through the items of a FETCH response.
type fetchParser struct {
	s        []byte
	i        int
	literals []literal // those that are to come
	m        *Message
	err      error // the first thing that is wrong
}

func (p *fetchParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *fetchParser) blanks() {
	for p.i < len(p.s) && (isBlank(p.s[p.i]) || p.s[p.i] == 0) {
		p.i++
	}
}

func (p *fetchParser) at(b byte) bool { return p.i < len(p.s) && p.s[p.i] == b }

func (p *fetchParser) accept(b byte) bool {
	if p.at(b) {
		p.i++
		return true
	}
	return false
}

// word takes what is left up to a blank or one of the bytes in ends.
func (p *fetchParser) word(ends string) string {
	start := p.i
	for p.i < len(p.s) && !isBlank(p.s[p.i]) && strings.IndexByte(ends, p.s[p.i]) < 0 {
		p.i++
	}
	return string(p.s[start:p.i])
}

// brackets takes a section in brackets, if one is there, and returns what is in
// them. Names in quotes may have brackets.
func (p *fetchParser) brackets() (inner string, ok bool) {
	if !p.accept('[') {
		return "", false
	}
	for end := p.i; end < len(p.s); end++ {
		switch p.s[end] {
		case '"':
			end = stringEnd(p.s, end) - 1
		case ']':
			inner, p.i = string(p.s[p.i:end]), end+1
			return inner, true
		}
	}
	if end := bytes.IndexByte(p.s[p.i:], ']'); end >= 0 {
		inner, p.i = string(p.s[p.i:p.i+end]), p.i+end+1
		return inner, true
	}
	p.fail("a bracket is missing")
	return "", true
}

// item reads the next item.
func (p *fetchParser) item() {
	start := p.i
	word := p.word(`()[]"{`)
	name := strings.ToUpper(word)
	section, sectioned := p.brackets()
	p.blanks()
	switch {
	case (name == "BODY" || name == "BODY.PEEK") && sectioned:
		p.section(section, p.origin())
	case name == "UID":
		p.uid()
	case name == "RFC822.SIZE":
		p.size()
	case name == "FLAGS":
		p.flags()
	case name == "INTERNALDATE":
		p.date()
	case isItem(name) || strings.HasPrefix(name, "X-") || isItemName(word):
		p.m.unknownItems = p.m.unknownItems || !isItem(name)
		if sectioned {
			p.origin()
		}
		before := p.i
		if _, ok := p.value(); !ok || isItem(strings.ToUpper(string(p.s[before:p.i]))) {
			p.fail("%s has no value", name)
		}
	default:
		p.fail("%q is no item", excerpt(string(p.s[start:])))
		if p.i == start {
			p.value()
		}
		if p.i == start {
			p.i++
		}
	}
}

// isItem reports whether a word in capital letters is an item that RFC 9051 or an
// extension of it knows.
func isItem(name string) bool {
	switch name {
	case "BODY", "BODY.PEEK", "BODYSTRUCTURE", "ENVELOPE", "FLAGS", "INTERNALDATE", "RFC822", "RFC822.HEADER", "RFC822.SIZE", "RFC822.TEXT", "UID",
		"BINARY", "BINARY.SIZE", "MODSEQ", "EMAILID", "THREADID", "SAVEDATE", "PREVIEW", "ANNOTATION":
		return true
	}
	return false
}

// isItemName reports whether a word may be the name of an item that is not known here:
// it is written in capital letters.
func isItemName(word string) bool {
	return word != "" && 'A' <= word[0] && word[0] <= 'Z' && !strings.ContainsFunc(word, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
	})
}

// excerpt shortens what an error quotes of a line.
func excerpt(s string) string {
	const most = 30
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// An itemValue is the value of an item.
type itemValue struct {
	text    []byte
	literal *literal // if it was one
	kind    byte     // '"', '{', '(' or 'a' for a bare word
}

func (d itemValue) null() bool { return d.kind == 'a' && strings.EqualFold(string(d.text), "NIL") }

// value takes the next value, whatever it is.
func (p *fetchParser) value() (itemValue, bool) {
	p.accept('~') // of a literal8, RFC 9051, section 4.3
	switch start := p.i; {
	case p.at('"'):
		q := &scanner{s: p.s, i: p.i}
		text, ok := q.quoted()
		p.i = q.i
		return itemValue{text: text, kind: '"'}, ok
	case p.at('{'):
		_, after, ok := literalAt(p.s, p.i)
		if !ok || len(p.literals) == 0 {
			p.i++
			return itemValue{}, false
		}
		p.i = after
		lit := &p.literals[0]
		p.literals = p.literals[1:]
		return itemValue{literal: lit, kind: '{'}, true
	case p.at('('):
		return p.listValue()
	default:
		word := p.word(`()"{`)
		return itemValue{text: p.s[start:p.i], kind: 'a'}, word != ""
	}
}

// listValue takes a list and whatever is in it.
func (p *fetchParser) listValue() (itemValue, bool) {
	start := p.i
	for depth := 0; p.i < len(p.s); {
		switch {
		case p.accept('('):
			depth++
		case p.accept(')'):
			if depth--; depth == 0 {
				return itemValue{text: p.s[start:p.i], kind: '('}, true
			}
		case isBlank(p.s[p.i]):
			p.i++
		default:
			before := p.i
			if p.value(); p.i == before {
				p.i++
			}
		}
	}
	return itemValue{}, false
}

// number takes a value that is a number; some servers put it in quotes.
func (p *fetchParser) number(bits int) (uint64, bool) {
	d, ok := p.value()
	n, err := strconv.ParseUint(string(d.text), 10, bits)
	return n, ok && d.literal == nil && err == nil
}

func (p *fetchParser) uid() {
	start := p.i
	n, ok := p.number(32)
	switch uid := uint32(n); {
	case !ok || n == 0:
		p.fail("%q is no UID", excerpt(string(p.s[start:p.i])))
	case p.m.UID != 0 && p.m.UID != uid:
		p.fail("it has the UIDs %d and %d", p.m.UID, uid)
	default:
		p.m.UID = uid
	}
}

func (p *fetchParser) size() {
	start := p.i
	n, ok := p.number(63)
	switch {
	case ok:
		p.m.Size = int64(n)
	case !strings.EqualFold(string(p.s[start:p.i]), "NIL"):
		p.fail("%q is no size", excerpt(string(p.s[start:p.i])))
	}
}

func (p *fetchParser) flags() {
	if p.at('\\') { // one, without a list
		p.m.HasFlags = true
		p.m.Flags = append(p.m.Flags, p.word(`()`))
		return
	}
	words, rest, ok := splitFlags(p.s[p.i:])
	if !ok {
		p.fail("its flags are no list")
		p.value()
		return
	}
	p.m.HasFlags = true
	for _, word := range words {
		p.m.Flags = append(p.m.Flags, string(word))
	}
	p.i = len(p.s) - len(rest)
}

// dateLayout is that of INTERNALDATE. RFC 9051, section 9, "date-time".
const dateLayout = "_2-Jan-2006 15:04:05 -0700"

// date reads INTERNALDATE. One that is none is left out: a date is no reason to lose a
// message.
func (p *fetchParser) date() {
	start := p.i
	if d, ok := p.value(); ok && d.kind == '"' && len(d.text) <= 2*len(dateLayout) {
		// There was no e-mail before; such a date is a wrong number.
		if t, err := time.Parse(dateLayout, string(d.text)); err == nil && t.Year() >= 1970 {
			p.m.Date = t
		}
		return
	} else if ok && (d.null() || d.kind == '{' || d.kind == '(') {
		return
	}
	// It is bare, or its quotes do not close: it ends where the next item begins.
	for p.i = start; p.i < len(p.s) && !p.at(')'); p.blanks() {
		before := p.i
		if word := strings.ToUpper(p.word(`()[`)); isItem(word) {
			p.i = before
			return
		}
		if p.i == before {
			p.i++
		}
	}
}

// origin takes where a part of a section begins, "<0>"; -1 if that is not given.
func (p *fetchParser) origin() int64 {
	p.blanks()
	if !p.at('<') {
		return -1
	}
	end := bytes.IndexByte(p.s[p.i:], '>')
	if end < 0 {
		p.fail("a section's origin has no end")
		return -1
	}
	digits, _, _ := strings.Cut(string(p.s[p.i+1:p.i+end]), ".")
	p.i += end + 1
	p.blanks()
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		p.fail("a section's origin is no number")
	}
	return n
}

// section reads the value of a section.
func (p *fetchParser) section(spec string, origin int64) {
	d, ok := p.value()
	sec := sectionOf(spec)
	switch {
	case !ok, d.kind == '(', d.kind == 'a' && !d.null():
		p.fail("BODY[%s] is no string", excerpt(spec))
		return
	case origin > 0:
		return // no middle of a section is ever asked for
	case d.null():
		p.m.Answered++ // there is no such part
		return
	case d.literal != nil:
		sec.Data, sec.Truncated = d.literal.data, d.literal.size > int64(len(d.literal.data))
		p.m.fits = p.m.fits && d.literal.fits
	default:
		sec.Data = d.text
		if sec.Data == nil {
			sec.Data = []byte{}
		}
	}
	p.m.Answered++
	p.m.Sections = append(p.m.Sections, sec)
}

// sectionOf reads what is in the brackets of a section: "", "HEADER", "1.2.MIME". The
// names of header fields, in whatever form and order, are ignored: no two
// sections that are asked for at once differ in them alone.
func sectionOf(spec string) Section {
	var sec Section
	spec, _, _ = strings.Cut(strings.TrimSpace(spec), " ")
	spec, _, _ = strings.Cut(spec, "(")
	for spec != "" {
		number, rest, _ := strings.Cut(spec, ".")
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil {
			break
		}
		sec.part, spec = append(sec.part, int(n)), rest
	}
	if sec.kind = strings.ToUpper(spec); sec.kind == "HEADER.FIELDS" {
		sec.kind = Header
	}
	return sec
}
