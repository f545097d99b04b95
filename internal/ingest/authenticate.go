package ingest

import (
	"slices"
	"time"

	"tlsbrief/internal/dkim"
	"tlsbrief/internal/hostname"
	"tlsbrief/internal/ingest/authres"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt/read"
)

// Vouching names the servers whose Authentication-Results field (RFC 8601) may
// stand in for a signature that was valid on arrival and is no more: its key has
// gone from DNS, or the mail system behind that server changed the message.
type Vouching struct {
	AuthservIDs  []string // RFC 8601, section 2.5
	Microsoft365 bool     // the mailbox is at Microsoft 365, which writes the field without its name
}

// maxLookups is how many keys are looked up for one message. Nobody signs more
// often in the name of one organization.
const maxLookups = 3

// Examine does what authenticating the report of a message takes the message for, which
// arrived at the given time. RFC 8460, section 3, asks for a DKIM signature of the
// reporting domain; where it is spoilt, the word of the servers that v names counts instead.
func (v Vouching) Examine(f read.Found, at time.Time) Case {
	if at.IsZero() {
		at = f.Envelope.Date
	}
	names, _ := read.Fields(f.Message)
	c := claim{envelope: f.Envelope, relies: f.Relies, fields: names}
	examined := dkim.Examine(f.Message, at, dkim.Options{
		Want:       func(s dkim.Signature) bool { return !s.BodyLength && c.aligned(s) },
		MaxLookups: maxLookups,
	})
	if len(examined) == 0 {
		return Case{}
	}
	passed := v.of(f)
	all := make([]CaseSignature, len(examined))
	for i, e := range examined {
		t := c.terms(e.Signature, passed(e.Signature))
		if e.Open != nil {
			all[i] = CaseSignature{Open: e.Open, Terms: t}
			continue
		}
		a := t.judge(e.Signature.Domain, e.Signature.Status, e.Signature.Reason, nil)
		all[i].Decided = &a
	}
	return Case{all}
}

// A claim is what a mail says of itself that a signature has to cover.
type claim struct {
	envelope read.Envelope
	relies   []string // the fields that decide what in the body is the report
	fields   []string // the names of all header fields, in lower case
}

// of returns what a trusted server says of the signatures of a mail: whether it
// found that one of them holds. It has seen the mail that arrived, not one
// forwarded inside it, whose fields a stranger may have written.
func (v Vouching) of(f read.Found) (passed func(dkim.Signature) bool) {
	none := func(dkim.Signature) bool { return false }
	if f.Forwarded || len(v.AuthservIDs) == 0 && !v.Microsoft365 {
		return none
	}
	results, ok := authres.Trusted(f.Message, v.AuthservIDs, v.Microsoft365)
	if !ok {
		return none
	}
	var all []authres.Signature
	for _, s := range dkim.Claimed(f.Message) {
		all = append(all, named(s))
	}
	return func(s dkim.Signature) bool { return results.Passed(named(s), all) }
}

// named is a signature as Authentication-Results fields name it.
func named(s dkim.Signature) authres.Signature {
	return authres.Signature{Domain: s.Domain, Selector: s.Selector, Value: s.Value}
}

// forEmailOnly reports whether a key with these services is none for TLS reports.
func forEmailOnly(services []string) bool {
	return services != nil && !slices.Contains(services, "*") && !slices.Contains(services, "tlsrpt")
}

// spoilt reports whether a signature that fails so can have been valid on arrival.
func spoilt(r dkim.Reason) bool {
	switch r {
	case dkim.ReasonKeyGone, dkim.ReasonKeyRevoked, dkim.ReasonBodyHash, dkim.ReasonBadSignature:
		return true
	}
	return false
}

// rank orders outcomes: what passed, what may pass yet, what may have passed
// once, then the failure of the reporter's own signature before that of a
// stranger's.
func rank(a report.Authenticity) int {
	switch {
	case a.Result == report.AuthPass:
		return 5
	case a.Result == report.AuthUnknown:
		return 4
	case a.Result == report.AuthFail && a.Reason == report.ReasonKeyGone:
		return 3
	case a.Result == report.AuthFail && a.Reason != report.ReasonNotAligned:
		return 2
	case a.Result == report.AuthFail:
		return 1
	}
	return 0
}

// aligned reports whether the signing domain is of the organization that the mail
// is from, or of the submitter's (R4: real senders differ in which; Q8). From
// stands there once, or the envelope has no FromDomain, and package dkim wants it
// signed. The field that names the submitter must be signed, or anybody who
// passes the mail on can name one.
func (c claim) aligned(s dkim.Signature) bool {
	org := hostname.Organizational(s.Domain)
	switch {
	case org == "":
		return false
	case org == hostname.Organizational(c.envelope.FromDomain):
		return true
	}
	in := c.envelope.SubmitterIn
	return org == hostname.Organizational(c.envelope.Submitter) && c.count(in) == 1 && c.covered(in, s)
}

// structureSigned reports whether nobody but the signer can have decided what in
// the body is the report. Many senders sign neither Content-Type nor MIME-Version;
// their body must then show its structure by itself.
func (c claim) structureSigned(s dkim.Signature) bool {
	for _, name := range [...]string{"content-type", "content-transfer-encoding", "mime-version"} {
		if (c.count(name) > 1 || slices.Contains(c.relies, name)) && !c.covered(name, s) {
			return false
		}
	}
	return true
}

// covered reports whether a signature covers every field of that name, so that none
// can have been added.
func (c claim) covered(name string, s dkim.Signature) bool {
	return countOf(s.Signed, name) >= max(c.count(name), 1)
}

func (c claim) count(name string) int { return countOf(c.fields, name) }

func countOf(all []string, name string) (n int) {
	for _, s := range all {
		if s == name {
			n++
		}
	}
	return n
}
