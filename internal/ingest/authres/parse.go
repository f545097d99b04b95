package authres

import (
	"fmt"
	"strings"
)

// maxResults bounds the DKIM results of one field.
const maxResults = 50

// Parse reads the value of one Authentication-Results field, folded or not. It
// takes at most 64 KiB. Results of methods other than DKIM are passed over. An
// error wraps [ErrMalformed]; the Results then hold no more than the authserv-id,
// if it could be read. Parse judges no trust: see [Trusted].
func Parse(value string) (Results, error) {
	r, _, err := parse(value)
	return r, err
}

// parse also reports whether the authserv-id is written plainly, as a genuine
// server writes it.
func parse(value string) (r Results, plain bool, err error) {
	if len(value) > maxBytes {
		return r, false, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, maxBytes)
	}
	text, ok := unfold(value)
	if !ok {
		return r, false, fmt.Errorf("%w: it contains a control character", ErrMalformed)
	}
	l := &lexer{s: text, plain: true}
	plain = l.authserv(&r)
	id := r.AuthservID
	l.results(&r)
	if l.err != nil {
		return Results{AuthservID: id}, false, fmt.Errorf("%w: %w", ErrMalformed, l.err)
	}
	return r, plain, nil
}

// authserv reads the authserv-id and the version, where the field has them, and
// the semicolon behind. It reports whether they stand there plainly. What is
// followed by an equals sign is no authserv-id but the first result already:
// Microsoft 365 begins so.
func (l *lexer) authserv(r *Results) bool {
	l.skip()
	start := l.i
	id := ""
	if l.cur() == '"' {
		id = l.quoted()
	} else {
		id = l.word()
	}
	if l.err == nil && id == "" {
		l.fail("it begins with neither an authserv-id nor a result")
	}
	plain := l.plain
	l.skip()
	if c := l.cur(); c == '=' || c == '/' {
		l.i = start
		return false
	}
	r.AuthservID = lower(id)
	start = l.i
	version := l.word()
	next := l.cur()
	switch {
	case version == "" || next == '=' || strings.Trim(version, "0123456789") != "":
		l.i = start // no version, but a result without semicolon before it
	case version != "1":
		l.fail("its version is not 1")
	default:
		r.Version = version
		plain = plain && l.plain
		l.skip()
	}
	return plain && l.plain && (l.cur() == ';' || l.cur() == 0)
}

// results reads all results of the field.
func (l *lexer) results(r *Results) {
	none, others := false, false
	for l.i < len(l.s) {
		l.skip()
		name := l.name()
		l.skip()
		if name == "" || l.cur() != '=' {
			none = none || name == "none"
			l.toSemicolon()
			l.i++
			continue
		}
		others = true
		l.i++
		l.skip()
		result := lower(l.word())
		method, _, _ := strings.Cut(name, "/") // dkim/1, the method's version
		if method == "dkim" {
			if len(r.DKIM) == maxResults {
				l.fail("it has too many results")
				return
			}
			r.DKIM = append(r.DKIM, l.dkim(result))
		}
		l.toSemicolon()
		l.i++
	}
	r.NoResult = none && !others
}

// dkim reads the properties of a DKIM result.
func (l *lexer) dkim(result string) DKIM {
	d := DKIM{Result: result}
	domain, clash := "", false
	for l.skip(); l.i < len(l.s) && l.cur() != ';'; l.skip() {
		name := l.name()
		l.skip()
		switch c := l.cur(); {
		case c == '"':
			l.quoted() // not behind an equals sign: stray
			continue
		case name == "":
			l.i++ // a stray equals sign or parenthesis
			continue
		case c != '=':
			continue // a stray word
		}
		l.i++
		switch value := l.value(); name {
		case "header.d":
			clash = clash || domain != "" && lower(value) != lower(domain)
			domain = value
		case "header.i":
			clash = clash || d.Identity != "" && lower(value) != lower(d.Identity)
			d.Identity = value
		case "header.s":
			clash = clash || d.Selector != "" && lower(value) != lower(d.Selector)
			d.Selector = value
		case "header.a":
			d.Algorithm = value
		case "header.b":
			value = strings.Join(strings.Fields(value), "")
			clash = clash || d.Value != "" && value != d.Value
			d.Value = value
		case "reason":
			d.Reason = value
		}
	}
	if !clash {
		d.Domain = signer(domain, d.Identity)
	}
	return d
}

// signer returns the signing domain by header.d and header.i. The identity lies
// within the domain (RFC 6376, section 3.5, i=); a result in which it does not
// was not written by a server that checked.
func signer(domain, identity string) string {
	at := strings.LastIndexByte(identity, '@')
	agent := domainName(identity[at+1:])
	if domain == "" {
		return agent
	}
	domain = domainName(domain)
	if identity != "" && agent != domain && !strings.HasSuffix(agent, "."+domain) {
		return ""
	}
	return domain
}

// domainName returns a domain name in lower case and without trailing dot, or
// nothing where s is none. Names of other scripts stand in DKIM signatures as
// A-labels (RFC 6376, section 3.5, d=).
func domainName(s string) string {
	s = strings.TrimSuffix(lower(s), ".")
	if len(s) > 253 || strings.Contains("."+s+".", "..") {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return ""
		}
	}
	return s
}
