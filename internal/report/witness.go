package report

import (
	"strings"
	"unicode"

	"tlsbrief/internal/hostname"
)

// A Reporter is who reports, as far as a signature proves it: a DKIM signature that
// passed, and the From address that it signs (DESIGN 6, "Whom it believes"). The
// domain alone is not enough: a mail provider signs its customers' mail, too.
type Reporter struct {
	Domain string // the signing domain as the signature names it, lower case; empty where signatures are not checked
	From   string // as [NormalizeFrom] returns it; empty where the mail shows no single address
}

// ReporterBy returns the reporter of mail from an address that a domain signed.
func ReporterBy(domain, from string) Reporter {
	return Reporter{Domain: hostname.Comparable(domain), From: NormalizeFrom(from)}
}

// longestAddress is how long an address may be, in bytes. RFC 5321, section 4.5.3.1.3,
// counts the angle brackets.
const longestAddress = 254

// NormalizeFrom returns an address as it is told from others: in lower case, without
// digits in its local part, which some senders count mails with, and without what
// follows a "+" there. An address that has no local part or no domain, or is too
// long for one, is "".
func NormalizeFrom(address string) string {
	address = strings.ToLower(strings.ToValidUTF8(strings.TrimSpace(address), "\uFFFD"))
	at := strings.LastIndexByte(address, '@')
	if at < 1 || len(address) > longestAddress {
		return ""
	}
	domain, _ := hostname.Normalize(address[at+1:])
	if !hostname.Valid(domain) {
		return ""
	}
	local := address[:at]
	if plus := strings.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	letters := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, local))
	if letters == "" {
		letters = "0" // digits alone: all such are one, but not nothing
	}
	if address = letters + "@" + domain; len(address) > longestAddress {
		return ""
	}
	return address
}

// FromDomain returns the domain of the reporter's From address; empty if there is none.
func (r Reporter) FromDomain() string { return r.From[strings.LastIndexByte(r.From, '@')+1:] }
