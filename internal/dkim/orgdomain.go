package dkim

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// OrganizationalDomain returns the domain that an organization registered and
// under which name lies: one label more than the public suffix, such as
// "example.co.uk" for "mail.example.co.uk". The result is in A-labels and lower
// case, without trailing dot. A name that is itself a public suffix, or no
// domain name at all, is its own organizational domain.
//
// RFC 7489, section 3.2, with the Public Suffix List as compiled in.
func OrganizationalDomain(name string) string {
	if a, err := asciiName(name); err == nil {
		name = a
	} else {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	if org, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return org
	}
	return name
}

// asciiName returns a domain name in A-labels and lower case, without trailing
// dot (RFC 8616, section 4).
func asciiName(name string) (string, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for _, c := range []byte(name) {
		if c >= 0x80 {
			return idna.Lookup.ToASCII(name)
		}
	}
	return name, nil
}
