package wire

import "bytes"

// maxResponse bounds what is held of one response in bytes, but for the literals of
// FETCH. SEARCH may have more: a longer one is passed on as it comes.
const maxResponse = 256 << 10

// A handler gets the responses that a splitter finds, in their order.
type handler interface {
	// response gets a response that is no FETCH, as repaired where it is handed on, and
	// its name: that of an untagged one, or "" for another.
	response(response []byte, name string, act action)
	// literalRoom returns how much of a literal of a FETCH response to keep, and whether
	// that is all that is wanted of it.
	literalRoom(size int64) (keep int64, fits bool)
	// fetchResponse gets a FETCH response without its literals, and these. It must not
	// keep text. whole: text has all of it.
	fetchResponse(text []byte, literals []literal, whole bool)
}

// A splitter splits what a server sends into responses: a line, and where it ends with
// the announcement of a literal, that and a line again (RFC 9051, section 4.3). It
// takes FETCH out and puts the others, repaired, into out.
type splitter struct {
	to    handler
	out   []byte // for go-imap
	ended bool   // a response was broken: there is nothing to be had behind it

	text            []byte // the response so far; of a FETCH without its literals
	tail            []byte // the last bytes of it, where it is cut
	cut             bool   // text is not all of it
	begun           bool   // its first line is complete
	mayHaveLiterals bool   // it is one that may have literals
	fetch           bool
	streaming       bool // it is passed on as it comes

	scanned  int  // how far text has been searched for a quote
	quoted   bool // a quoted section is open there
	literals []literal
	left     int64 // bytes of a literal that are still to come
	keep     int64 // how many of them are to be kept
}

// feed takes what the server sent next.
func (s *splitter) feed(b []byte) {
	for len(b) > 0 && !s.ended {
		if s.left > 0 {
			n := int(min(s.left, int64(len(b))))
			s.addLiteral(b[:n])
			b = b[n:]
			continue
		}
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			s.addLine(b)
			return
		}
		s.addLine(b[:end])
		s.endOfLine()
		b = b[end:]
	}
}

func (s *splitter) addLiteral(b []byte) {
	s.left -= int64(len(b))
	if !s.fetch {
		s.addText(b)
		return
	}
	if n := min(s.keep, int64(len(b))); n > 0 {
		last := &s.literals[len(s.literals)-1]
		last.data = append(last.data, b[:n]...)
		s.keep -= n
	}
}

func (s *splitter) addLine(b []byte) {
	if !s.streaming && !s.begun && len(s.text)+len(b) > maxResponse && isSearch(s.text) {
		s.streaming = true
		s.out = append(s.out, s.text...)
		s.text = s.text[:0]
	}
	if s.streaming {
		s.out = append(s.out, b...)
		return
	}
	s.addText(b)
}

// isSearch reports whether a line is the answer to a search.
func isSearch(line []byte) bool {
	return bytes.HasPrefix(line, []byte("* SEARCH ")) || bytes.HasPrefix(line, []byte("* ESEARCH "))
}

// addText adds to text what there is room for.
func (s *splitter) addText(b []byte) {
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
func (s *splitter) endOfLine() {
	if s.streaming {
		s.streaming = false
		s.to.response(nil, "SEARCH", pass)
		return
	}
	if !s.begun {
		s.begun = true
		s.fetch = responseName(s.text) == "FETCH"
		s.mayHaveLiterals = s.fetch || mayHaveLiterals(s.text)
	}
	if s.fetch && s.inQuotedSection() {
		return
	}
	last := s.text
	if s.cut {
		last = s.tail
	}
	if start := bytes.LastIndexByte(last, '{'); s.mayHaveLiterals && start >= 0 {
		if size, after, ok := literalAt(last, start); ok && after == len(last) {
			s.beginLiteral(size)
			return
		}
	}
	s.handOver()
}

func (s *splitter) beginLiteral(size int64) {
	s.left = size
	if !s.fetch {
		return
	}
	lit := literal{size: size, data: []byte{}}
	s.keep, lit.fits = s.to.literalRoom(size)
	if s.keep > 0 {
		lit.data = make([]byte, 0, s.keep)
	}
	s.literals = append(s.literals, lit)
}

// mayHaveLiterals reports whether a response may have literals: an untagged one that
// is not the state of something, whose text may end like an announcement.
func mayHaveLiterals(line []byte) bool {
	switch responseName(line) {
	case "", "OK", "NO", "BAD", "BYE", "PREAUTH":
		return false
	}
	return true
}

// inQuotedSection reports whether a section in quotes goes on beyond the end of the line, as
// some servers that write no literals have it. Other quotes that are open there were
// never closed.
func (s *splitter) inQuotedSection() bool {
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

// handOver hands over the response that is complete.
func (s *splitter) handOver() {
	switch {
	case s.fetch:
		s.to.fetchResponse(s.text, s.literals, !s.cut)
	case s.cut && s.mayHaveLiterals:
		s.to.response(s.text, responseName(s.text), skip)
	default:
		if s.cut {
			s.text = append(s.text, "\r\n"...)
		}
		name := responseName(s.text)
		repaired, act := repair(s.text)
		s.out = append(s.out, repaired...)
		s.ended = act == stop
		if act != pass {
			repaired = s.text
		}
		s.to.response(repaired, name, act)
	}
	*s = splitter{to: s.to, out: s.out, ended: s.ended, text: s.text[:0], tail: s.tail[:0]}
}

// responseName returns the name of an untagged response in capital letters; "" if it is no
// such response, or has no name.
func responseName(response []byte) string {
	body, untagged := bytes.CutPrefix(bytes.TrimLeft(response, " \t"), []byte("*"))
	if !untagged {
		return ""
	}
	const most = 64 // a number and a name
	body = bytes.TrimLeft(body, " \t")
	_, name, _ := responseHead(body[:min(len(body), most)])
	return name
}
