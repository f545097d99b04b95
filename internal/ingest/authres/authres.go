// Package authres reads Authentication-Results fields (RFC 8601), with which a
// receiving mail server writes into a message what it found when it checked its
// DKIM signatures. Years later, when the signer's key is gone from DNS, that
// field is all that is left to show whether the signature held.
//
// [Parse] reads one field, [Fields] finds them, and [Trusted] picks the one that
// may be believed, if any.
//
// # Trust
//
// Anybody can write any number of such fields into a mail. What tells a genuine
// one is its place: a server adds its own above all that it received, so nothing
// of a stranger's ever stands above it. [Trusted] therefore goes down from the
// top, passes over fields of servers that are not named (hops after the border,
// or strangers), and stops at the first one of a named server. That field
// decides, even where it cannot be read or says nothing: what stands further
// down is never believed in its stead.
//
// One exception, for servers that write several fields in a row, each with the
// results of one filter (Fastmail; OpenDMARC above OpenDKIM): while the topmost
// says nothing of DKIM, the next field is read too, if it has the same
// authserv-id, and neither a Received field nor an Authentication-Results field
// of somebody else stands between. So the first field that speaks of DKIM is the
// last one looked at. A server that checks DKIM at all has something to say of
// any signature in the message, if only that there was no key; a forged field
// below that is never reached. This holds for who asks as [Results.Passed] does:
// after a signature that the message really carries.
//
// A server checks only so many signatures of a message, and a stranger can add
// more of any d= and s=. [Results.Passed] therefore wants to know which signature
// a result is about.
//
// Microsoft 365 writes no authserv-id, so there is no name to trust. Where the
// caller says that the mailbox is there, the topmost field of all stands for it
// if it has none; no other field without authserv-id is ever believed. Microsoft
// 365 renames what a stranger brings along to Authentication-Results-Original,
// which is not looked at, nor is ARC-Authentication-Results.
//
// The authserv-id of a named server must be written plainly: first in the field,
// without quotes or comment, with a semicolon behind it. Genuine servers write
// it so. A forged field in an odd spelling might slip past the server that
// should have removed it.
//
// What a server quotes in its field (sender's address, name from HELO) is a
// stranger's too. Comments and quoted strings are therefore taken exactly, and
// wherever two readers could disagree on where one ends (a bare double quote
// within a comment, an end that is missing), the field counts as damaged. A result that
// names two signing domains names none.
//
// # What remains
//
// A message that the named server never saw, or to which it adds no field, can
// carry a forged one as its topmost: mail put into the mailbox by IMAP APPEND or
// handed in from inside, and mail that takes another way in. RFC 8601, section 5,
// has the border server remove every field that claims to be its own. Name only
// servers that do, and through which all mail of the mailbox comes. The Received
// fields cannot help: Gmail and Microsoft 365 write theirs above their
// Authentication-Results, Postfix and Fastmail below, and a stranger can write
// both. So a field right below a server's own Received may be genuine or the
// stranger's first line.
//
// # Tolerance
//
// A missing authserv-id, a missing semicolon behind it, empty results, stray
// words between results, semicolons within comments and values with odd
// characters are read over. All of it is bounded: see [Fields].
package authres

import (
	"errors"
	"strings"
)

// ErrMalformed is wrapped by every error of [Parse]: the field is damaged, or
// can be read in more than one way. Reading it again will not help.
var ErrMalformed = errors.New("malformed Authentication-Results field")

// Results is one Authentication-Results field.
//
// RFC 8601, section 2.2.
type Results struct {
	AuthservID string // who checked; lower case; empty where the field has none
	Version    string // "1", or empty, which means the same
	DKIM       []DKIM // in the order of the field; at most 50
	NoResult   bool   // the field says "none": nothing was checked
}

// DKIM is what a server found out about one DKIM signature. All but Result and
// Domain are as written, whatever characters that may be.
//
// RFC 8601, section 2.7.1; RFC 6008.
type DKIM struct {
	Result    string // "pass", "fail", "none", "neutral", "policy", "temperror", "permerror" or what else is written; lower case
	Domain    string // header.d, or the domain of header.i where only that is given; lower case, no trailing dot; empty where it is missing, contradictory or no domain name
	Identity  string // header.i
	Selector  string // header.s
	Algorithm string // header.a
	Value     string // header.b without white space: the first characters of the signature's b= (RFC 6008)
	Reason    string // reason; for people only
}

// A Signature is what a DKIM-Signature field of a message says of itself: d=, s=
// and b= without white space. All are empty where the field cannot be read.
type Signature struct{ Domain, Selector, Value string }

// minValue is how many characters of b= a header.b must have to tell signatures
// apart: RFC 6008, section 4.
const minValue = 8

// Passed reports whether the server found that signature s of a message holds.
// all are the signatures of that message, s among them. A result that names the
// beginning of b= (RFC 6008) is about the one signature that begins so; any other
// result is believed only if the message has a single signature of its domain and
// selector, or of its domain where it names no selector: whoever passes a signed
// message on can add a field with the same d= and s=. An unreadable signature may
// be any. Where results contradict each other the answer is no.
func (r Results) Passed(s Signature, all []Signature) bool {
	s.Domain = strings.TrimSuffix(lower(s.Domain), ".")
	passed := false
	for _, d := range r.DKIM {
		if d.Domain == "" || d.Domain != s.Domain || d.Selector != "" && lower(d.Selector) != lower(s.Selector) {
			continue
		}
		if d.named() && !strings.HasPrefix(s.Value, d.Value) {
			continue // about another signature of the same key
		}
		if d.Result != "pass" {
			return false
		}
		passed = passed || d.matches(all) == 1
	}
	return passed
}

// named reports whether a result names the signature that it is about.
func (d DKIM) named() bool { return len(d.Value) >= minValue }

// matches counts the signatures that a result may be about.
func (d DKIM) matches(all []Signature) (n int) {
	for _, s := range all {
		domain := strings.TrimSuffix(lower(s.Domain), ".")
		switch {
		case s == Signature{}:
			n++
		case d.named():
			if strings.HasPrefix(s.Value, d.Value) {
				n++
			}
		case domain == d.Domain && (d.Selector == "" || lower(s.Selector) == lower(d.Selector)):
			n++
		}
	}
	return n
}

// lower makes A to Z small and leaves all else alone. Unicode's rules would turn
// other letters into ASCII ones (the Kelvin sign into k), and so one name into
// another.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
