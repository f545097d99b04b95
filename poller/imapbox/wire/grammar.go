package wire

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// validResponse reports whether a response, which is no FETCH, has the form that go-imap
// (imapclient/client.go, readResponse) reads. It covers the productions response,
// resp-cond-state, capability-data, mailbox-data and message-data of RFC 9051, section 9,
// and those of the extensions that are used. It does not look at the meaning, such as
// that of a tag that was never sent.
func validResponse(line []byte) bool {
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
		return (name == "OK" || name == "NO" || name == "BAD") && p.respCondState(taggedCodes) && p.end()
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
	return p.untaggedData(name) && p.end()
}

// untaggedData takes what follows the name of an untagged response.
func (p *scanner) untaggedData(name string) bool {
	switch name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return p.respCondState(untaggedCodes)
	case "CAPABILITY", "ENABLED":
		return p.capabilities()
	case "EXISTS", "RECENT", "EXPUNGE":
		return true
	case "SEARCH":
		return p.searchData()
	case "ESEARCH":
		return p.sp() && p.esearchData()
	case "FLAGS":
		return p.sp() && p.flags()
	case "LIST":
		return p.sp() && p.mailboxList()
	case "STATUS":
		return p.sp() && p.mailbox() && p.sp() && p.mustList(p.statusAttr)
	case "ID":
		return p.sp() && p.idData()
	case "NAMESPACE":
		return p.sp() && p.namespaceData() && p.sp() && p.namespaceData() && p.sp() && p.namespaceData()
	case "MYRIGHTS":
		if !p.sp() || !p.mailbox() || !p.sp() {
			return false
		}
		_, ok := p.astring()
		return ok
	}
	return false
}

// A codeArguments takes the arguments of a response code, if they are known.
type codeArguments func(p *scanner, name string) (ok, known bool)

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
		if dynamic, ok := p.sequenceSet(); dynamic || !ok {
			return false
		}
	}
	return true
}

// respCondState takes the code and the text of a status response.
func (p *scanner) respCondState(known codeArguments) bool {
	blank := p.sp()
	if blank && p.accept('[') {
		if !p.respTextCode(known) {
			return false
		}
		blank = p.sp()
	}
	return !blank || p.text()
}

// respTextCode takes a response code behind its bracket.
func (p *scanner) respTextCode(known codeArguments) bool {
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

func (p *scanner) searchData() bool {
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

func (p *scanner) esearchData() bool {
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
		if !p.sp() || !p.searchReturnData(string(bytes.ToUpper(name))) {
			return false
		}
		if !p.sp() {
			return true
		}
		name, ok = p.atom()
	}
	return false
}

func (p *scanner) searchReturnData(name string) bool {
	switch name {
	case "MIN", "MAX", "COUNT":
		return p.number32()
	case "ALL":
		dynamic, ok := p.sequenceSet()
		return ok && !dynamic
	case "MODSEQ":
		return p.number(64, false)
	}
	return p.taggedExtValue(maxDepth)
}

func (p *scanner) delimiter() bool {
	if p.at('"') {
		value, ok := p.quoted()
		runes := bytes.Runes(value)
		return ok && len(runes) == 1 && runes[0] != utf8.RuneError
	}
	return p.nilValue()
}

func (p *scanner) mailboxList() bool {
	if !p.mustList(p.flag) || !p.sp() || !p.delimiter() || !p.sp() || !p.mailbox() {
		return false
	}
	return !p.sp() || p.mustList(p.listExtendedItem)
}

func (p *scanner) listExtendedItem() bool {
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
	return p.taggedExtValue(maxDepth)
}

func (p *scanner) statusAttr() bool {
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
		return p.nilValue()
	}
	// go-imap skips an item that it does not know, unless the server has sent
	// its ID: then it takes an error from there for one from here.
	return false
}

// idData takes the answer to ID. RFC 2971.
func (p *scanner) idData() bool {
	if !p.at('(') {
		return p.nilValue()
	}
	return p.mustList(func() bool {
		_, ok := p.str()
		return ok
	})
}

func (p *scanner) namespaceData() bool {
	if !p.at('(') {
		return p.nilValue()
	}
	return p.mustList(func() bool {
		if !p.accept('(') {
			return false
		}
		if _, ok := p.str(); !ok || !p.sp() || !p.delimiter() {
			return false
		}
		for p.sp() {
			if !p.taggedExtValue(maxDepth) {
				return false
			}
		}
		return p.accept(')')
	})
}
