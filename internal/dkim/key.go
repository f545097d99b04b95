package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// Bounds of what DNS gives. The key of an RSA key of 8192 bits takes 1400 bytes.
const (
	maxKeyRecords = 16
	maxKeyRecord  = 8 << 10
	minRSABits    = 1024
	maxRSABits    = 8192
)

// A key is a public key with what its record says of its use.
type key struct {
	algorithm string   // k=: "rsa" or "ed25519"
	public    any      // *rsa.PublicKey or ed25519.PublicKey
	bits      int      // its size
	hashes    []string // h=; nil for any
	services  []string // s=; nil for any
	strict    bool     // flag s of t=: no subdomains in i=
	testing   bool     // flag y of t=: the domain only tries DKIM out
}

// parseKeys reads the TXT records found under a key's name. A record that is no
// key record is passed over if another is one; two key records are a fault, for
// RFC 6376, section 3.6.2.2, leaves open which would count.
func parseKeys(records []string) (*key, *fault) {
	if len(records) == 0 {
		return nil, &fault{ReasonKeyGone, errors.New("there is no key record")}
	}
	if len(records) > maxKeyRecords {
		return nil, &fault{ReasonKeySyntax, fmt.Errorf("there are more than %d TXT records", maxKeyRecords)}
	}
	var found tagList
	var problem error
	for _, r := range records {
		tags, err := parseRecord(r)
		switch {
		case err != nil:
			problem = err
		case found != nil:
			return nil, &fault{ReasonKeySyntax, errors.New("there are several key records")}
		default:
			found = tags
		}
	}
	if found == nil {
		return nil, &fault{ReasonKeySyntax, problem}
	}
	return parseKey(found)
}

// parseRecord reads a record as a tag list and checks that it is one of a key.
func parseRecord(record string) (tagList, error) {
	if len(record) > maxKeyRecord {
		return nil, fmt.Errorf("the key record is larger than %d bytes", maxKeyRecord)
	}
	tags, err := parseTags(record)
	if err != nil {
		return nil, fmt.Errorf("the key record: %w", err)
	}
	for i, t := range tags {
		if t.name == "v" && (i > 0 || t.value != "DKIM1") {
			return nil, errors.New("the record does not begin with v=DKIM1")
		}
	}
	if _, ok := tags.get("p"); !ok {
		return nil, errors.New("the key record has no p=")
	}
	return tags, nil
}

// parseKey reads the tags of a key record. RFC 6376, section 3.6.1.
func parseKey(tags tagList) (*key, *fault) {
	k := &key{algorithm: "rsa"}
	if v := tags.text("k"); v != "" {
		k.algorithm = splitList(v)[0]
	}
	if _, ok := tags.get("h"); ok {
		k.hashes = splitList(tags.text("h"))
	}
	if _, ok := tags.get("s"); ok {
		k.services = splitList(tags.text("s"))
	}
	flags := splitList(tags.text("t"))
	k.strict, k.testing = slices.Contains(flags, "s"), slices.Contains(flags, "y")

	p := tags.text("p")
	if p == "" {
		return k, &fault{ReasonKeyRevoked, errors.New("the key is revoked: p= is empty")}
	}
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return k, &fault{ReasonKeySyntax, fmt.Errorf("p= is no base64: %w", err)}
	}
	switch k.algorithm {
	case "rsa":
		return k, k.parseRSA(der)
	case "ed25519":
		if len(der) != ed25519.PublicKeySize {
			return k, &fault{ReasonKeySyntax, fmt.Errorf("the Ed25519 key has %d bytes, not %d", len(der), ed25519.PublicKeySize)}
		}
		k.public, k.bits = ed25519.PublicKey(der), 8*ed25519.PublicKeySize
		return k, nil
	}
	return k, &fault{ReasonAlgorithm, fmt.Errorf("the key is of the unknown kind %.20q", k.algorithm)}
}

// parseRSA reads an RSA key as SubjectPublicKeyInfo, which all publish, or as
// RSAPublicKey, which RFC 6376 has in its text (erratum 3017).
func (k *key) parseRSA(der []byte) *fault {
	pub, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		pub, err = x509.ParsePKCS1PublicKey(der)
	}
	r, ok := pub.(*rsa.PublicKey)
	if err != nil || !ok {
		return &fault{ReasonKeySyntax, errors.New("p= is no RSA key")}
	}
	k.public, k.bits = r, r.N.BitLen()
	switch {
	case k.bits < minRSABits:
		return &fault{ReasonKeyTooShort, fmt.Errorf("the RSA key has %d bits; RFC 8301 asks for %d", k.bits, minRSABits)}
	case k.bits > maxRSABits:
		return &fault{ReasonKeyTooLong, fmt.Errorf("the RSA key has %d bits; more than %d are not verified", k.bits, maxRSABits)}
	}
	return nil
}

// allows checks that the key may verify the signature. RFC 6376, section 6.1.2;
// RFC 8460, section 3.
func (k *key) allows(s *Signature) *fault {
	if k.algorithm+"-sha256" != s.Algorithm {
		return &fault{ReasonAlgorithm, fmt.Errorf("the signature is %.20s, the key is for %s", s.Algorithm, k.algorithm)}
	}
	if k.hashes != nil && !slices.Contains(k.hashes, "sha256") {
		return &fault{ReasonAlgorithm, errors.New("the key is not for SHA-256")}
	}
	served := k.services == nil
	for _, service := range k.services {
		served = served || service == "*" || service == "tlsrpt" || service == "email"
	}
	if !served {
		return &fault{ReasonKeyService, fmt.Errorf("the key is for the services %.60q, not for mail or TLS reports", k.services)}
	}
	if k.strict && identityDomain(s) != s.Domain {
		return &fault{ReasonIdentity, fmt.Errorf("i=%.100s is not in the domain %s itself, as the key demands (t=s)", s.Identity, s.Domain)}
	}
	if k.testing {
		return &fault{ReasonKeyTesting, errors.New("the key is in testing (t=y): what it signs counts as unsigned")}
	}
	return nil
}

// verify reports whether signature is that of a SHA-256 hash.
func (k *key) verify(hashed, signature []byte) bool {
	switch pub := k.public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(pub, crypto.SHA256, hashed, signature) == nil
	case ed25519.PublicKey:
		// RFC 8463, section 3: what is signed is the hash.
		return ed25519.Verify(pub, hashed, signature)
	}
	return false
}
