package dkim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tlsbrief/internal/hostname"
)

// futureSkew is how far after the given time a signature may have been made. It
// allows for clocks, and for mail servers that give the time of arrival in the
// wrong time zone.
const futureSkew = 24 * time.Hour

// Verify verifies the DKIM signatures of a message, in the order of the header.
// It returns none where the message has none.
//
// The time is when the message arrived: that is when x= counts, and later
// verifying of an old message does not make it expire (RFC 6376, section 3.5;
// Q25). A signature made more than a day after it fails too, which section 3.5
// leaves to the verifier.
//
// The body is compared with the signed hash before the key is looked up, so that
// a broken body costs no query; [ReasonKeyGone] therefore says that the body is
// as it was when the field was written, and nothing of the signature.
//
// Once the context has ended, what is left is [Unknown].
func Verify(ctx context.Context, message []byte, at time.Time, lookup Lookup, o Options) []Signature {
	examined := Examine(message, at, o)
	all := make([]Signature, len(examined))
	for i, e := range examined {
		all[i] = e.Signature
		if e.Open == nil {
			continue
		}
		var records []string
		err := ctx.Err()
		if err == nil {
			records, err = lookup(ctx, e.Open.KeyName())
		}
		v := e.Open.Decide(records, err)
		s := &all[i]
		s.Status, s.Reason, s.Err, s.KeyServices, s.KeyBits = v.Status, v.Reason, v.Err, v.KeyServices, v.KeyBits
	}
	return all
}

// Examine does what [Verify] does before the keys are looked up: everything that
// needs the message. What remains of a signature is its [Open], and the message
// need not be kept for it.
func Examine(message []byte, at time.Time, o Options) []Examined {
	limit := o.MaxSignatures
	if limit <= 0 {
		limit = DefaultMaxSignatures
	}
	v := verifier{header: parseHeader(message), at: at, want: o.Want, lookups: limit}
	if o.MaxLookups > 0 {
		v.lookups = o.MaxLookups
	}
	var all []Examined
	for i, f := range v.header.fields {
		if f.name != fieldSignature {
			continue
		}
		if len(all) == limit {
			break
		}
		all = append(all, v.examine(i))
	}
	return all
}

// A verifier examines the signatures of one message.
type verifier struct {
	header header
	at     time.Time
	want   func(Signature) bool // nil for all

	lookups int       // how many are left
	sums    []bodySum // of the body, each form hashed once
}

// examine examines the signature that is field i.
func (v *verifier) examine(i int) Examined {
	e := Examined{Signature: Signature{Status: Unknown, Reason: ReasonDNS, Err: errNotAsked}}
	open, f := v.check(i, &e.Signature)
	if f != nil {
		e.Signature.Status, e.Signature.Reason, e.Signature.Err = Fail, f.reason, f.err
		return e
	}
	e.Open = open
	return e
}

// errNotAsked stands with a signature whose key has not been looked up.
var errNotAsked = errors.New("the key has not been looked up")

// check goes through the steps of RFC 6376, section 6.1, up to the key: what
// costs nothing first, then the body.
func (v *verifier) check(i int, s *Signature) (*Open, *fault) {
	p, f := parseSignature(v.header.fields[i], s)
	if f != nil {
		return nil, f
	}
	if v.header.err != nil {
		return nil, &fault{ReasonSyntax, v.header.err}
	}
	if v.want != nil && !v.want(*s) {
		return nil, &fault{ReasonUnwanted, errors.New("the signature does not count, and was not checked")}
	}
	if f := v.checkTerms(s); f != nil {
		return nil, f
	}
	if f := v.checkBody(p); f != nil {
		return nil, f
	}
	if len(p.signature) > maxRSABits/8 {
		return nil, &fault{ReasonBadSignature, errors.New("the signature is longer than that of any key")}
	}
	if v.lookups--; v.lookups < 0 {
		return nil, &fault{ReasonLimit, fmt.Errorf("the key %s was not looked up: too many were already", keyName(s))}
	}
	return &Open{
		Domain: s.Domain, Selector: s.Selector, Identity: s.Identity, Algorithm: s.Algorithm,
		Hash: v.sumHeader(i, s.Signed, p), Value: p.signature,
	}, nil
}

// checkTerms checks what can be told from the signature field alone.
func (v *verifier) checkTerms(s *Signature) *fault {
	switch s.Algorithm {
	case "rsa-sha256", "ed25519-sha256":
	case "rsa-sha1":
		return &fault{ReasonAlgorithm, errors.New("rsa-sha1 proves nothing any more (RFC 8301)")}
	default:
		return &fault{ReasonAlgorithm, fmt.Errorf("the algorithm %.40q is not known", s.Algorithm)}
	}
	if !slices.Contains(s.Signed, "from") {
		return &fault{ReasonFromUnsigned, errors.New("the signature does not cover From")}
	}
	if d := identityDomain(s); d != s.Domain && !strings.HasSuffix(d, "."+s.Domain) {
		return &fault{ReasonIdentity, fmt.Errorf("i=%.100q is not in the domain %s", s.Identity, s.Domain)}
	}
	if !s.Expires.IsZero() && v.at.After(s.Expires) {
		return &fault{ReasonExpired, fmt.Errorf("the signature expired on %s", s.Expires.Format(time.RFC3339))}
	}
	if s.Time.After(v.at.Add(futureSkew)) {
		return &fault{ReasonNotYet, fmt.Errorf("the signature was made on %s, after the message arrived", s.Time.Format(time.RFC3339))}
	}
	return nil
}

// identityDomain returns the domain of i= in A-labels and lower case; empty
// where i= has none.
func identityDomain(s *Signature) string {
	at := strings.LastIndexByte(s.Identity, '@')
	if at < 0 {
		return ""
	}
	d, err := hostname.ALabels(s.Identity[at+1:])
	if err != nil {
		return ""
	}
	return d
}

// checkBody compares the body with what was signed.
func (v *verifier) checkBody(p *params) *fault {
	sum := v.sumBody(p.relaxedBody, p.length)
	if sum.octets < p.length {
		return &fault{ReasonBodyHash, fmt.Errorf("the body has %d octets of the %d that l= covers", sum.octets, p.length)}
	}
	if !bytes.Equal(sum.sum[:], p.bodyHash) {
		return &fault{ReasonBodyHash, errors.New("the body is not what was signed")}
	}
	return nil
}

// sumBody hashes the body, unless it has been in this form already.
func (v *verifier) sumBody(relaxed bool, limit int64) bodySum {
	for _, s := range v.sums {
		if s.relaxed == relaxed && s.limit == limit {
			return s
		}
	}
	s := sumBody(v.header.body, relaxed, limit)
	v.sums = append(v.sums, s)
	return s
}

// sumHeader hashes the signed fields and the signature field, number self,
// without its value of b=. RFC 6376, section 3.7.
func (v *verifier) sumHeader(self int, names []string, p *params) []byte {
	h := sha256.New()
	var buf []byte
	v.header.pick(names, self, func(f field) {
		buf = appendHeader(buf[:0], f.raw, p.relaxedHeader)
		h.Write(buf)
	})
	buf = appendHeader(buf[:0], p.unsigned, p.relaxedHeader)
	h.Write(buf[:len(buf)-len(crlf)])
	return h.Sum(nil)
}
