package mailer

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// An envelopeAddress is an address as it goes between the angle brackets of
// MAIL and RCPT.
type envelopeAddress struct {
	wire string
	utf8 bool // the server must know RFC 6531 for it
}

// parseAddress makes an address fit for the envelope: nothing in it can end the
// command or add to it, and a domain beyond ASCII is in its ASCII form, which
// every server takes. A local part has no such form.
func parseAddress(address string) (envelopeAddress, error) {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || at == len(address)-1 {
		return envelopeAddress{}, errors.New("not an address: it must be of the form name@domain")
	}
	local, domain := address[:at], address[at+1:]
	for _, r := range address {
		if r <= ' ' || r == '<' || r == '>' || r == 0x7f || r == '\uFFFD' {
			return envelopeAddress{}, fmt.Errorf("not an address: it holds %q", r)
		}
	}
	if !isASCII(domain) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return envelopeAddress{}, fmt.Errorf("not a domain name: %w", err)
		}
		domain = ascii
	}
	return envelopeAddress{wire: local + "@" + domain, utf8: !isASCII(local)}, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
