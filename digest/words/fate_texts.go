package words

import (
	"strings"

	"tlsbrief/internal/tlsrpt"
)

// FateSentence says what became of mail that failed with a result at so many mail
// servers; 0 where the report names none. It reads well after a sentence that
// names the policy and its mode. An empty result stands for failures that the
// report counts and does not explain: they may have been any.
func FateSentence(f tlsrpt.Fate, r tlsrpt.ResultType, servers int) string {
	if r == "" {
		return unexplained(f)
	}
	switch {
	case f == tlsrpt.Held && servers == 0:
		return "The mail was not delivered to the server concerned: it may have been delayed or bounced."
	case f == tlsrpt.Held && servers > 1:
		return "The mail was not delivered to these servers: it may have been delayed or bounced."
	case f == tlsrpt.Delivered && r == tlsrpt.STARTTLSNotSupported:
		return "The mail was delivered, probably unencrypted, as far as the report tells."
	case f == tlsrpt.DeliveredInTesting && r == tlsrpt.STARTTLSNotSupported:
		return "The mail was delivered, probably unencrypted; in enforce mode it would have been held back."
	case f == tlsrpt.Unproven && !r.Known():
		return "The mail was probably delivered; whether it was encrypted, the report does not tell."
	}
	return [...]string{
		tlsrpt.Uncertain:          "What became of the mail, the report does not tell.",
		tlsrpt.Delivered:          "The mail was delivered, as far as the report tells.",
		tlsrpt.DeliveredInTesting: "The mail was delivered; in enforce mode it would have been held back.",
		tlsrpt.Held:               "The mail was not delivered to this server: it may have been delayed or bounced.",
		tlsrpt.Unprotected:        "The mail went through, but these senders had no fresh copy of your policy: those with an older copy go on using it, the others delivered as if there were none.",
		tlsrpt.ProbablyHeld:       "The mail was probably held back, and bounced if this lasted: with DANE a sender does not fall back to an unproven connection.",
		tlsrpt.HeldUntilValid:     "The mail is held back until the look-up in DNS validates again, and bounces if that takes too long.",
		tlsrpt.HeldByOne:          "The mail was held back by this sender alone, who insists on DANE.",
		tlsrpt.Unencrypted:        "The mail was delivered unencrypted, or not at all by senders that insist on encryption.",
		tlsrpt.Unproven:           "The mail was probably delivered, encrypted, but to a server that did not prove who it is.",
	}[f]
}

// unexplained says what became of mail where the report does not say what
// failed. Under MTA-STS it may have been the fetching of the policy, by which
// mail goes through.
func unexplained(f tlsrpt.Fate) string {
	switch f {
	case tlsrpt.Delivered:
		return "What failed, the reports do not say; the mail was delivered, as far as they tell."
	case tlsrpt.DeliveredInTesting:
		return "What failed, the reports do not say; the mail was delivered, since your policy is in testing mode."
	case tlsrpt.Held:
		return "What failed, the reports do not say; under your enforce policy some of this mail may have been delayed or bounced."
	case tlsrpt.ProbablyHeld:
		return "What failed, the reports do not say; with DANE some of this mail may have been held back or bounced."
	case tlsrpt.Unproven:
		return "What failed, the reports do not say; the mail was probably delivered, encrypted or not."
	}
	return "What failed, and what became of the mail, the reports do not say."
}

// FateShort is the fate of mail that failed with a result in a few words, to
// stand beside a count.
func FateShort(f tlsrpt.Fate, r tlsrpt.ResultType) string {
	short := [...]string{
		tlsrpt.Uncertain:          "fate of the mail not known",
		tlsrpt.Delivered:          "mail went through",
		tlsrpt.DeliveredInTesting: "mail went through",
		tlsrpt.Held:               "mail may be held",
		tlsrpt.Unprotected:        "mail went through",
		tlsrpt.ProbablyHeld:       "mail may be held",
		tlsrpt.HeldUntilValid:     "mail may be held",
		tlsrpt.HeldByOne:          "mail held by this sender",
		tlsrpt.Unencrypted:        "mail unencrypted or not delivered",
		tlsrpt.Unproven:           "mail probably went through",
	}[f]
	if r == tlsrpt.STARTTLSNotSupported && (f == tlsrpt.Delivered || f == tlsrpt.DeliveredInTesting) {
		return short + ", probably unencrypted"
	}
	return short
}

// PolicyTitle returns the name that people know a policy type by: "MTA-STS",
// "DANE", "no policy"; of an unknown type the type itself.
func PolicyTitle(t tlsrpt.PolicyType) string {
	switch t {
	case tlsrpt.STS:
		return "MTA-STS"
	case tlsrpt.TLSA:
		return "DANE"
	case tlsrpt.NoPolicyFound:
		return "no policy"
	case "":
		return "no policy type given"
	}
	return string(t)
}

// PolicyExplanation says in a plain sentence or two what a policy type is about.
func PolicyExplanation(t tlsrpt.PolicyType) string {
	switch t {
	case tlsrpt.STS:
		return "MTA-STS is a policy file on your web site: other mail servers are to deliver to yours only over an encrypted connection with a valid certificate."
	case tlsrpt.TLSA:
		return "DANE puts fingerprints of your mail servers' certificates into your DNS, signed by DNSSEC, so that senders can tell the real servers from others."
	case tlsrpt.NoPolicyFound:
		return "These senders do not look for a policy of yours (MTA-STS or DANE), or found none. They encrypt where they can, but do not insist."
	}
	return "RFC 8460 does not know this kind of policy. The report's numbers are shown as they came."
}

// ReasonMeaning explains a failure-reason-code in a plain sentence; "" for one
// that is not known.
func ReasonMeaning(code string) string {
	reason := tlsrpt.ReasonOf(code)
	return strings.ReplaceAll(codeText(reason.Code), "{STATUS}", reason.Status)
}

// codeText words a code; {STATUS} stands for the HTTP status.
func codeText(c tlsrpt.Code) string {
	return map[tlsrpt.Code]string{
		tlsrpt.CodeNone:             "The sender gives no closer reason.",
		tlsrpt.CodeUnlisted:         "The mail server is not among the mx: lines of your MTA-STS policy.",
		tlsrpt.CodeOtherName:        "The certificate is made out to another name.",
		tlsrpt.CodeExpired:          "The certificate has expired.",
		tlsrpt.CodeNotYetValid:      "The certificate is not valid yet: look at the server's clock, too.",
		tlsrpt.CodeUnknownAuthority: "The certificate comes from an authority that the sender does not know, or the intermediate certificate is missing.",
		tlsrpt.CodeRevoked:          "The certificate has been revoked.",
		tlsrpt.CodeSelfSigned:       "The certificate, or one of its chain, is signed by itself and not by a public authority.",
		tlsrpt.CodeIncompleteChain:  "The intermediate certificate is missing: the server does not send its full chain.",
		tlsrpt.CodeProxyPath:        "The chain of certificates holds more proxy certificates than it allows.",
		tlsrpt.CodePathLength:       "The chain of certificates is longer than it allows.",
		tlsrpt.CodeVersion:          "Server and sender have no TLS version in common.",
		tlsrpt.CodeHandshake:        "The TLS handshake broke off: often no version or cipher in common.",
		tlsrpt.CodeSignatureExpired: "The DNS signatures (DNSSEC) have expired.",
		tlsrpt.CodeNoSuchHost:       "The name could not be found in DNS.",
		tlsrpt.CodeRefused:          "The server refused the connection.",
		tlsrpt.CodeReset:            "The connection was cut.",
		tlsrpt.CodeTimeout:          "The server did not answer in time.",
		tlsrpt.CodeHTTPMissing:      "The web server has no policy file at that address (HTTP {STATUS}).",
		tlsrpt.CodeHTTPDenied:       "The web server turned the sender away (HTTP {STATUS}): look for a firewall or bot filter.",
		tlsrpt.CodeHTTPRedirect:     "The web server redirects, which MTA-STS does not allow (HTTP {STATUS}).",
		tlsrpt.CodeHTTPError:        "The web server answered with an error (HTTP {STATUS}).",
	}[c]
}
