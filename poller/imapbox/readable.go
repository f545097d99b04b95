package imapbox

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// readable reports whether go-imap (imapclient/client.go, readResponse) reads a
// response that is no FETCH: whether its decoder is content with every byte. What it
// makes of the response then, such as of a tag that it did not send, is another
// matter.
func readable(line []byte) bool {
	p := &scanner{s: line}
	if p.accept('+') {
		if p.sp() {
			p.text()
		}
		return p.end()
	}
	tagged := !p.accept('*')
	if tagged {
		if _, ok := p.atom(); !ok {
			return false
		}
	}
	if !p.sp() {
		return false
	}
	word, ok := p.atom()
	if !ok {
		return false
	}
	name := string(bytes.ToUpper(word))
	if tagged {
		return (name == "OK" || name == "NO" || name == "BAD") && p.condition(taggedCodes) && p.end()
	}
	if isDigit(name[0]) {
		if _, err := strconv.ParseUint(name, 10, 32); err != nil || !p.sp() {
			return false
		}
		if word, ok = p.atom(); !ok {
			return false
		}
		name = string(bytes.ToUpper(word))
	}
	return p.data(name) && p.end()
}

// data takes what follows the name of an untagged response.
func (p *scanner) data(name string) bool {
	switch name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return p.condition(untaggedCodes)
	case "CAPABILITY", "ENABLED":
		return p.capabilities()
	case "EXISTS", "RECENT", "EXPUNGE":
		return true
	case "SEARCH":
		return p.searched()
	case "ESEARCH":
		return p.sp() && p.extendedSearched()
	case "FLAGS":
		return p.sp() && p.flags()
	case "LIST":
		return p.sp() && p.listed()
	case "STATUS":
		return p.sp() && p.mailbox() && p.sp() && p.mustList(p.statusItem)
	case "ID":
		return p.sp() && p.identity()
	case "NAMESPACE":
		return p.sp() && p.namespaces() && p.sp() && p.namespaces() && p.sp() && p.namespaces()
	case "MYRIGHTS":
		if !p.sp() || !p.mailbox() || !p.sp() {
			return false
		}
		_, ok := p.astring()
		return ok
	}
	return false
}

// codes are the response codes whose arguments go-imap reads, and how.
type codes func(p *scanner, name string) (ok, known bool)

func taggedCodes(p *scanner, name string) (ok, known bool) {
	switch name {
	case "CAPABILITY":
		return p.capabilities(), true
	case "APPENDUID":
		return p.sp() && p.number32() && p.sp() && p.number32(), true
	case "COPYUID":
		return p.copyUID(), true
	}
	return false, false
}

func untaggedCodes(p *scanner, name string) (ok, known bool) {
	switch name {
	case "CAPABILITY":
		return p.capabilities(), true
	case "PERMANENTFLAGS":
		return p.sp() && p.flags(), true
	case "UIDNEXT", "UIDVALIDITY":
		return p.sp() && p.number32(), true
	case "COPYUID":
		return p.copyUID(), true
	case "HIGHESTMODSEQ":
		return p.sp() && p.number(64, false), true
	case "NOMODSEQ":
		return true, true
	}
	return false, false
}

func (p *scanner) copyUID() bool {
	if !p.sp() || !p.number32() {
		return false
	}
	for range 2 {
		if !p.sp() {
			return false
		}
		if dynamic, ok := p.numSet(); dynamic || !ok {
			return false
		}
	}
	return true
}

// condition takes the code and the text of a status response.
func (p *scanner) condition(known codes) bool {
	blank := p.sp()
	if blank && p.accept('[') {
		if !p.code(known) {
			return false
		}
		blank = p.sp()
	}
	return !blank || p.text()
}

// code takes a response code behind its bracket.
func (p *scanner) code(known codes) bool {
	name, ok := p.atom()
	if !ok {
		return false
	}
	if ok, is := known(p, string(name)); is {
		return ok && p.accept(']')
	}
	if p.sp() {
		// go-imap looks for the bracket on the lines that follow as well.
		for p.i < len(p.s) && p.s[p.i] != ']' && p.s[p.i] != '\n' {
			p.i++
		}
	}
	return p.accept(']')
}

func (p *scanner) capabilities() bool {
	for p.sp() {
		for p.sp() {
			if p.at('(') {
				return false
			}
		}
		if _, ok := p.atom(); !ok {
			return false
		}
	}
	return true
}

func (p *scanner) searched() bool {
	for p.sp() {
		if p.accept('(') {
			name, ok := p.atom()
			return ok && p.sp() && bytes.EqualFold(name, []byte("MODSEQ")) && p.number(64, false) && p.accept(')')
		}
		if !p.number32() {
			return false
		}
	}
	return true
}

func (p *scanner) extendedSearched() bool {
	if p.accept('(') {
		correlator, ok := p.atom()
		if !ok || string(correlator) != "TAG" || !p.sp() {
			return false
		}
		if _, ok := p.astring(); !ok || !p.accept(')') {
			return false
		}
	}
	if !p.sp() {
		return true
	}
	name, ok := p.atom()
	if ok && string(name) == "UID" {
		if !p.sp() {
			return true
		}
		name, ok = p.atom()
	}
	for ok {
		if !p.sp() || !p.searchItem(string(bytes.ToUpper(name))) {
			return false
		}
		if !p.sp() {
			return true
		}
		name, ok = p.atom()
	}
	return false
}

func (p *scanner) searchItem(name string) bool {
	switch name {
	case "MIN", "MAX", "COUNT":
		return p.number32()
	case "ALL":
		dynamic, ok := p.numSet()
		return ok && !dynamic
	case "MODSEQ":
		return p.number(64, false)
	}
	return p.value(maxDepth)
}

func (p *scanner) delimiter() bool {
	if p.at('"') {
		value, ok := p.quoted()
		runes := bytes.Runes(value)
		return ok && len(runes) == 1 && runes[0] != utf8.RuneError
	}
	return p.null()
}

func (p *scanner) listed() bool {
	if !p.mustList(p.flag) || !p.sp() || !p.delimiter() || !p.sp() || !p.mailbox() {
		return false
	}
	return !p.sp() || p.mustList(p.listItem)
}

func (p *scanner) listItem() bool {
	tag, ok := p.astring()
	if !ok || !p.sp() {
		return false
	}
	switch string(bytes.ToUpper(tag)) {
	case "CHILDINFO":
		return p.mustList(func() bool {
			_, ok := p.astring()
			return ok
		})
	case "OLDNAME":
		return p.accept('(') && p.mailbox() && p.accept(')')
	}
	return p.value(maxDepth)
}

func (p *scanner) statusItem() bool {
	name, ok := p.atom()
	if !ok || !p.sp() {
		return false
	}
	switch string(bytes.ToUpper(name)) {
	case "MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED":
		return p.number32()
	case "SIZE", "DELETED-STORAGE":
		return p.number(64, true)
	case "HIGHESTMODSEQ":
		return p.number(64, false)
	case "APPENDLIMIT":
		if p.i < len(p.s) && isDigit(p.s[p.i]) {
			return p.number32()
		}
		return p.null()
	}
	// go-imap passes over an item that it does not know, unless the server has told
	// its ID: then it takes an error from there for one from here.
	return false
}

// identity takes the answer to ID. RFC 2971.
func (p *scanner) identity() bool {
	if !p.at('(') {
		return p.null()
	}
	return p.mustList(func() bool {
		_, ok := p.str()
		return ok
	})
}

func (p *scanner) namespaces() bool {
	if !p.at('(') {
		return p.null()
	}
	return p.mustList(func() bool {
		if !p.accept('(') {
			return false
		}
		if _, ok := p.str(); !ok || !p.sp() || !p.delimiter() {
			return false
		}
		for p.sp() {
			if !p.value(maxDepth) {
				return false
			}
		}
		return p.accept(')')
	})
}
