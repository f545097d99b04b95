package imapbox

import "bytes"

// maxResponse bounds what is held of one response in bytes, but for the literals of
// FETCH. SEARCH may have more: a longer one is passed on as it comes.
const maxResponse = 256 << 10

// A listener is told of the responses in a stream, in their order.
type listener interface {
	// heard is told of a response that is no FETCH, as mended where it is passed on,
	// and of its name: that of an untagged one, or "" for another.
	heard(response []byte, name string, fate fate)
	// room is asked how much of a literal of a FETCH response to keep, and told
	// false if there is no room for what is wanted of it.
	room(size int64) (keep int64, fits bool)
	// fetched gets a FETCH response without its literals, and these. What it is
	// given as text is not to be kept. whole: text has all of it.
	fetched(text []byte, literals []literal, whole bool)
}

// A stream splits what a server sends into responses: a line, and where it ends with
// the announcement of a literal, that and a line again (RFC 9051, section 4.3). It
// takes FETCH out and puts the others, mended, into out.
type stream struct {
	to  listener
	out []byte // for go-imap
	end bool   // a response was broken: there is nothing to be had behind it

	text  []byte // the response so far; of a FETCH without its literals
	tail  []byte // the last bytes of it, where it is cut
	cut   bool   // text is not all of it
	begun bool   // its first line is complete
	data  bool   // it is one that may have literals
	fetch bool
	long  bool // it is passed on as it comes

	scanned  int  // how far text has been searched for a quote
	quoted   bool // a quoted section is open there
	literals []literal
	left     int64 // bytes of a literal that are still to come
	keep     int64 // how many of them are to be kept
}

// feed takes what the server sent next.
func (s *stream) feed(b []byte) {
	for len(b) > 0 && !s.end {
		if s.left > 0 {
			n := int(min(s.left, int64(len(b))))
			s.inLiteral(b[:n])
			b = b[n:]
			continue
		}
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			s.inLine(b)
			return
		}
		s.inLine(b[:end])
		s.endOfLine()
		b = b[end:]
	}
}

func (s *stream) inLiteral(b []byte) {
	s.left -= int64(len(b))
	if !s.fetch {
		s.hold(b)
		return
	}
	if n := min(s.keep, int64(len(b))); n > 0 {
		last := &s.literals[len(s.literals)-1]
		last.data = append(last.data, b[:n]...)
		s.keep -= n
	}
}

func (s *stream) inLine(b []byte) {
	if !s.long && !s.begun && len(s.text)+len(b) > maxResponse && isSearch(s.text) {
		s.long = true
		s.out = append(s.out, s.text...)
		s.text = s.text[:0]
	}
	if s.long {
		s.out = append(s.out, b...)
		return
	}
	s.hold(b)
}

// isSearch reports whether a line is the answer to a search.
func isSearch(line []byte) bool {
	return bytes.HasPrefix(line, []byte("* SEARCH ")) || bytes.HasPrefix(line, []byte("* ESEARCH "))
}

// hold adds to text what there is room for.
func (s *stream) hold(b []byte) {
	const announcement = 32 // a literal's length and more
	n := len(b)
	if s.cut {
		n = 0
	} else if n > maxResponse-len(s.text) {
		n, s.cut = maxResponse-len(s.text), true
		s.tail = append(s.tail[:0], s.text[max(0, len(s.text)-announcement):]...)
	}
	s.text = append(s.text, b[:n]...)
	if s.cut {
		s.tail = append(s.tail, b[max(0, len(b)-announcement):]...)
		s.tail = s.tail[max(0, len(s.tail)-announcement):]
	}
}

// endOfLine goes on with a literal, where the line announces one, or else the
// response is complete.
func (s *stream) endOfLine() {
	if s.long {
		s.long = false
		s.to.heard(nil, "SEARCH", passedOn)
		return
	}
	if !s.begun {
		s.begun = true
		s.fetch = nameOf(s.text) == "FETCH"
		s.data = s.fetch || mayHaveLiterals(s.text)
	}
	if s.fetch && s.inQuotes() {
		return
	}
	last := s.text
	if s.cut {
		last = s.tail
	}
	if start := bytes.LastIndexByte(last, '{'); s.data && start >= 0 {
		if size, after, ok := literalAt(last, start); ok && after == len(last) {
			s.beginLiteral(size)
			return
		}
	}
	s.respond()
}

func (s *stream) beginLiteral(size int64) {
	s.left = size
	if !s.fetch {
		return
	}
	lit := literal{size: size, data: []byte{}}
	s.keep, lit.fits = s.to.room(size)
	if s.keep > 0 {
		lit.data = make([]byte, 0, s.keep)
	}
	s.literals = append(s.literals, lit)
}

// mayHaveLiterals reports whether a response may have literals: an untagged one that
// is not the state of something, whose text may end like an announcement.
func mayHaveLiterals(line []byte) bool {
	switch nameOf(line) {
	case "", "OK", "NO", "BAD", "BYE", "PREAUTH":
		return false
	}
	return true
}

// inQuotes reports whether a section in quotes goes on beyond the end of the line, as
// some servers that write no literals have it. Other quotes that are open there were
// never closed.
func (s *stream) inQuotes() bool {
	if s.cut {
		return false
	}
	open := s.quoted
	section := s.quoted
	for ; s.scanned < len(s.text); s.scanned++ {
		switch b := s.text[s.scanned]; {
		case b == '\\' && open:
			s.scanned++
		case b == '"':
			before := bytes.TrimRight(s.text[:s.scanned], " ")
			section = !open && len(before) < s.scanned && (before[len(before)-1] == ']' || before[len(before)-1] == '>')
			open = !open
		}
	}
	s.quoted = open && section
	return s.quoted
}

// respond hands over the response that is complete.
func (s *stream) respond() {
	switch {
	case s.fetch:
		s.to.fetched(s.text, s.literals, !s.cut)
	case s.cut && s.data:
		s.to.heard(s.text, nameOf(s.text), passedOver)
	default:
		if s.cut {
			s.text = append(s.text, "\r\n"...)
		}
		name := nameOf(s.text)
		mended, fate := mend(s.text)
		s.out = append(s.out, mended...)
		s.end = fate == broken
		if fate != passedOn {
			mended = s.text
		}
		s.to.heard(mended, name, fate)
	}
	*s = stream{to: s.to, out: s.out, end: s.end, text: s.text[:0], tail: s.tail[:0]}
}

// nameOf returns the name of an untagged response in capital letters; "" if it is no
// such response, or has no name.
func nameOf(response []byte) string {
	body, untagged := bytes.CutPrefix(bytes.TrimLeft(response, " \t"), []byte("*"))
	if !untagged {
		return ""
	}
	const most = 64 // a number and a name
	body = bytes.TrimLeft(body, " \t")
	_, name, _ := headOf(body[:min(len(body), most)])
	return name
}
