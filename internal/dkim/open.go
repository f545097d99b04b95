package dkim

import (
	"errors"
	"fmt"
)

// An Examined signature is one that [Examine] has checked as far as that goes
// without its key.
type Examined struct {
	Signature Signature // Unknown while Open is set
	Open      *Open     // what the key decides; nil where no key can change the result
}

// An Open is what is left to check of a signature, and all that it takes: with
// the key it gives a [Verdict], without the message. It is of
// bounded size (less than 4 KiB) and may be stored.
type Open struct {
	Domain    string `json:"d"`           // as in [Signature]
	Selector  string `json:"s"`           // as in [Signature]
	Identity  string `json:"i,omitempty"` // as in [Signature]
	Algorithm string `json:"a"`           // as in [Signature]
	Hash      []byte `json:"hash"`        // SHA-256 of the signed header fields, with bh= among them: RFC 6376, section 3.7
	Value     []byte `json:"b"`           // b=, decoded
}

// A Verdict is the result of checking an [Open] signature. Its fields are those of
// [Signature].
type Verdict struct {
	Status      Status
	Reason      Reason
	Err         error
	KeyServices []string
	KeyBits     int
}

// KeyName returns the DNS name whose TXT records are the key, without trailing
// dot.
func (o *Open) KeyName() string { return o.Selector + "._domainkey." + o.Domain }

// Decide returns the verdict on the signature, given what a [Lookup] of its KeyName
// returned.
func (o *Open) Decide(records []string, err error) Verdict {
	var v Verdict
	switch f := o.check(records, err, &v); {
	case f == nil:
		v.Status = Pass
	case f.reason == ReasonDNS:
		v.Status, v.Reason, v.Err = Unknown, f.reason, f.err
	default:
		v.Status, v.Reason, v.Err = Fail, f.reason, f.err
	}
	return v
}

// check reads the key, which may be known in part where it is faulty, and holds
// the signature against it.
func (o *Open) check(records []string, err error, v *Verdict) *fault {
	switch {
	case errors.Is(err, ErrNoRecord):
		return &fault{ReasonKeyGone, fmt.Errorf("the key %s does not exist: %w", o.KeyName(), err)}
	case err != nil:
		return &fault{ReasonDNS, fmt.Errorf("looking up the key %s: %w", o.KeyName(), err)}
	}
	k, f := parseKeys(records)
	if k != nil {
		v.KeyServices, v.KeyBits = k.services, k.bits
	}
	if f != nil {
		f.err = fmt.Errorf("the key %s: %w", o.KeyName(), f.err)
		return f
	}
	if f := k.allows(&Signature{Domain: o.Domain, Identity: o.Identity, Algorithm: o.Algorithm}); f != nil {
		return f
	}
	if !k.verify(o.Hash, o.Value) {
		return &fault{ReasonBadSignature, errors.New("the signature does not fit the message header and the key")}
	}
	return nil
}

// Claimed returns what every DKIM-Signature field of a message says of itself, as
// Domain, Selector and Value and nothing else: those beyond
// [Options].MaxSignatures, too. Of a field that cannot be read it returns the zero
// Signature.
func Claimed(message []byte) []Signature {
	h := parseHeader(message)
	var all []Signature
	for _, f := range h.fields {
		if f.name != fieldSignature {
			continue
		}
		var s Signature
		if _, f := parseSignature(f, &s); f != nil {
			s = Signature{}
		}
		all = append(all, Signature{Domain: s.Domain, Selector: s.Selector, Value: s.Value})
	}
	return all
}
