package dkim

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tlsbrief/internal/hostname"
)

// fieldSignature is the name of the field, in lower case.
const fieldSignature = "dkim-signature"

const (
	maxSignatureField = 64 << 10
	maxSigned         = 500 // names in h=
	maxText           = 512 // octets of a=, d=, i= and s= each
	maxTime           = 1e12 - 1
)

// params is what a signature field says beyond its [Signature].
type params struct {
	relaxedHeader, relaxedBody bool

	bodyHash  []byte // bh=
	signature []byte // b=
	length    int64  // l=; -1 if absent

	// unsigned is the signature field with the value of b= taken out.
	unsigned []byte
}

// parseSignature reads a DKIM-Signature field. What it could read is in s, even
// where it fails. RFC 6376, sections 3.5 and 6.1.1.
func parseSignature(f field, s *Signature) (*params, *fault) {
	syntax := func(err error) (*params, *fault) { return nil, &fault{ReasonSyntax, err} }

	if len(f.raw) > maxSignatureField {
		return syntax(fmt.Errorf("the signature field is larger than %d bytes", maxSignatureField))
	}
	value, offset := f.value()
	tags, err := parseTags(string(value))
	if err != nil {
		return syntax(err)
	}
	if err := describe(tags, s); err != nil {
		return syntax(err)
	}
	if v := tags.text("v"); v != "1" {
		return syntax(fmt.Errorf("v=%.20s is not version 1", v))
	}
	for _, name := range []string{"a", "b", "bh", "d", "h", "s"} {
		if tags.text(name) == "" {
			return syntax(fmt.Errorf("the tag %s= is missing or empty", name))
		}
	}
	if err := checkNames(s); err != nil {
		s.Domain, s.Selector = "", ""
		return syntax(err)
	}
	p := new(params)
	if err := p.parse(tags); err != nil {
		return syntax(err)
	}
	b, _ := tags.get("b")
	p.unsigned = append(p.unsigned, f.raw[:offset+b.start]...)
	p.unsigned = append(p.unsigned, f.raw[offset+b.end:]...)
	return p, nil
}

// describe sets what a reader of the result wants to see of the tags. Faults of
// form are left to [checkNames], except in times.
func describe(tags tagList, s *Signature) error {
	for _, name := range []string{"a", "d", "i", "s"} {
		if len(tags.text(name)) > maxText {
			return fmt.Errorf("%s= is longer than %d octets", name, maxText)
		}
	}
	s.Algorithm = strings.ToLower(tags.text("a"))
	if s.Domain = tags.text("d"); s.Domain != "" {
		s.Identity = "@" + s.Domain
	}
	if i := tags.text("i"); i != "" {
		s.Identity = i
	}
	s.Selector = tags.text("s")
	if h := tags.text("h"); h != "" {
		s.Signed = splitList(h)
	}
	_, s.BodyLength = tags.get("l")
	s.Value = tags.text("b")

	var err error
	if s.Domain, err = hostname.ALabels(s.Domain); err != nil {
		return fmt.Errorf("d= is no domain name: %w", err)
	}
	if s.Selector, err = hostname.ALabels(s.Selector); err != nil {
		return fmt.Errorf("s= is no selector: %w", err)
	}
	if s.Time, err = parseTime(tags, "t"); err != nil {
		return err
	}
	if s.Expires, err = parseTime(tags, "x"); err != nil {
		return err
	}
	if !s.Time.IsZero() && !s.Expires.IsZero() && !s.Expires.After(s.Time) {
		return errors.New("x= is not after t=")
	}
	return nil
}

// parseTime reads a time in seconds since 1970. One with more than 12 digits is
// as good as never.
func parseTime(tags tagList, name string) (time.Time, error) {
	if _, ok := tags.get(name); !ok {
		return time.Time{}, nil
	}
	n, err := parseNumber(tags.text(name))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s= is no time: %w", name, err)
	}
	return time.Unix(min(n, maxTime), 0).UTC(), nil
}

// parseNumber reads an unsigned decimal number. One that is too large for 63
// bits is the largest that is not.
func parseNumber(s string) (int64, error) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%.40q is no number", s)
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%.40q is no number", s)
	}
	return n, nil
}

// checkNames checks what goes into a DNS query, and the length of h=.
func checkNames(s *Signature) error {
	name := keyName(s)
	if len(name) > 253 {
		return errors.New("s= and d= make a name that is too long for DNS")
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return fmt.Errorf("s= and d= make the name %q, which has an empty or too long label", name)
		}
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return fmt.Errorf("s= and d= make the name %q, which no host can have", name)
		}
	}
	if len(s.Signed) > maxSigned {
		return fmt.Errorf("h= lists more than %d fields", maxSigned)
	}
	return nil
}

// keyName returns the DNS name of a signature's key. RFC 6376, section 3.6.2.1.
func keyName(s *Signature) string { return s.Selector + "._domainkey." + s.Domain }

// parse reads the tags that say how to verify.
func (p *params) parse(tags tagList) error {
	var err error
	if p.bodyHash, err = base64.StdEncoding.DecodeString(tags.text("bh")); err != nil {
		return fmt.Errorf("bh= is no base64: %w", err)
	}
	if p.signature, err = base64.StdEncoding.DecodeString(tags.text("b")); err != nil {
		return fmt.Errorf("b= is no base64: %w", err)
	}
	p.length = -1
	if _, ok := tags.get("l"); ok {
		if p.length, err = parseNumber(tags.text("l")); err != nil {
			return fmt.Errorf("l= is no length: %w", err)
		}
	}
	if _, ok := tags.get("c"); ok {
		head, body, _ := strings.Cut(strings.ToLower(tags.text("c")), "/")
		if p.relaxedHeader, err = parseCanonicalization(head); err != nil {
			return err
		}
		if p.relaxedBody, err = parseCanonicalization(body); err != nil {
			return err
		}
	}
	if _, ok := tags.get("q"); ok {
		for _, method := range splitList(tags.text("q")) {
			if method == "dns/txt" {
				return nil
			}
		}
		return errors.New("q= offers no way to get the key that is known")
	}
	return nil
}

// parseCanonicalization reports whether one half of c= is "relaxed". An empty half
// is "simple".
func parseCanonicalization(s string) (relaxed bool, err error) {
	switch s {
	case "", "simple":
		return false, nil
	case "relaxed":
		return true, nil
	}
	return false, fmt.Errorf("c= names the unknown canonicalization %.20q", s)
}
