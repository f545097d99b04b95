package tlsrpt

import "strings"

// A Code is what a failure-reason-code comes to; empty for one that this package
// does not know.
type Code string

// The codes.
const (
	CodeNone             Code = "none"               // the sender gives no closer reason
	CodeUnlisted         Code = "mx-unlisted"        // the MTA-STS policy does not list the mail server
	CodeOtherName        Code = "other-name"         // the certificate is made out to another name
	CodeExpired          Code = "expired"            // the certificate has expired
	CodeNotYetValid      Code = "not-yet-valid"      // the certificate is not valid yet
	CodeUnknownAuthority Code = "unknown-authority"  // the certificate's authority is not known, or the chain is incomplete
	CodeRevoked          Code = "revoked"            // the certificate has been revoked
	CodeSelfSigned       Code = "self-signed"        // no public authority signed the certificate
	CodeIncompleteChain  Code = "incomplete-chain"   // the intermediate certificate is missing
	CodeProxyPath        Code = "proxy-path-length"  // more proxy certificates than the chain allows
	CodePathLength       Code = "path-length"        // more certificates than the chain allows
	CodeVersion          Code = "protocol-version"   // no TLS version in common
	CodeHandshake        Code = "handshake"          // the TLS handshake broke off
	CodeSignatureExpired Code = "signature-expired"  // the DNSSEC signatures have expired
	CodeNoSuchHost       Code = "no-such-host"       // the name is not in DNS
	CodeRefused          Code = "connection-refused" // the server refused the connection
	CodeReset            Code = "connection-reset"   // the connection was cut
	CodeTimeout          Code = "timeout"            // no answer in time
	CodeHTTPMissing      Code = "http-missing"       // the web server has no such file
	CodeHTTPDenied       Code = "http-denied"        // the web server turned the sender away
	CodeHTTPRedirect     Code = "http-redirect"      // the web server redirects
	CodeHTTPError        Code = "http-error"         // the web server answered with an error
)

// Result returns the result type that says the same as a code; empty if none does.
func (c Code) Result() ResultType {
	switch c {
	case CodeExpired:
		return CertificateExpired
	case CodeOtherName:
		return CertificateHostMismatch
	case CodeUnknownAuthority, CodeSelfSigned, CodeIncompleteChain:
		return CertificateNotTrusted
	}
	return ""
}

// A Reason is what a failure-reason-code says.
type Reason struct {
	Code   Code
	Status string // the HTTP status of the codes about HTTP
}

// ReasonOf reads a failure-reason-code. Codes are whatever a sender's software
// makes them: the known ones are Microsoft's, those of OpenSSL, Go and rustls, as
// Postfix and others hand them on, HTTP statuses, and parts of messages (Q5, Q8).
//
// RFC 8460, section 4.3.
func ReasonOf(code string) Reason {
	const longest = 64 << 10
	c := strings.ToLower(strings.TrimSpace(code))
	if len(c) > longest {
		return Reason{}
	}
	plain := strings.NewReplacer("_", " ", "-", " ").Replace(c)
	plain = strings.TrimPrefix(plain, "x509 v err ")
	if plain == "validation failure" {
		return Reason{Code: CodeNone}
	}
	for _, known := range [...]struct {
		part string
		code Code
	}{
		{"mx mismatch", CodeUnlisted},
		{"mx host mismatch", CodeUnlisted},
		{"mx hosts mismatch", CodeUnlisted},
		{"mx not in policy", CodeUnlisted},
		{"mx not listed", CodeUnlisted},
		{"mx does not match", CodeUnlisted},
		{"no matching mx", CodeUnlisted},
		{"peer certificate: expired", CodeExpired}, // rustls
		{"peer certificate: notvalidyet", CodeNotYetValid},
		{"peer certificate: notvalidforname", CodeOtherName},
		{"not valid for name", CodeOtherName},
		{"peer certificate: unknownissuer", CodeUnknownAuthority},
		{"peer certificate: revoked", CodeRevoked},
		{"name mismatch", CodeOtherName},
		{"does not match host", CodeOtherName},
		{"doesn't match host", CodeOtherName},
		{"does not match target host", CodeOtherName},
		{"no alternative certificate subject name matches", CodeOtherName},
		{"certificate is not valid for any names", CodeOtherName}, // Go
		{"certificate is valid for ", CodeOtherName},
		{"cert has expired", CodeExpired},
		{"certificate has expired", CodeExpired},
		{"certificate expired", CodeExpired},
		{"not yet valid", CodeNotYetValid},
		{"self signed", CodeSelfSigned},
		{"unable to get issuer cert", CodeIncompleteChain},
		{"unable to get local issuer cert", CodeIncompleteChain},
		{"unable to verify leaf", CodeIncompleteChain},
		{"unknown authority", CodeUnknownAuthority},
		{"hostname mismatch", CodeOtherName},
		{"cert revoked", CodeRevoked},
		{"certificate revoked", CodeRevoked},
		{"proxy path length exceeded", CodeProxyPath},
		{"path length exceeded", CodePathLength},
		{"protocol version", CodeVersion},
		{"handshake failure", CodeHandshake},
		{"signature expired", CodeSignatureExpired},
		{"no such host", CodeNoSuchHost},
		{"connection refused", CodeRefused},
		{"connection reset", CodeReset},
		{"timeout", CodeTimeout},
		{"timed out", CodeTimeout},
		{"deadline exceeded", CodeTimeout},
	} {
		if strings.Contains(plain, known.part) {
			return Reason{Code: known.code}
		}
	}
	return httpReason(plain)
}

// httpReason reads an HTTP status in a reason code such as "HTTP 404" or
// "bad https response code: 404".
func httpReason(plain string) Reason {
	if !strings.Contains(plain, "http") {
		return Reason{}
	}
	for _, word := range strings.FieldsFunc(plain, func(r rune) bool { return r == ' ' || r == ':' || r == ',' || r == '.' }) {
		if len(word) != 3 || !isDigits(word) {
			continue
		}
		switch word {
		case "404", "410":
			return Reason{CodeHTTPMissing, word}
		case "401", "403", "429":
			return Reason{CodeHTTPDenied, word}
		}
		switch word[0] {
		case '3':
			return Reason{CodeHTTPRedirect, word}
		case '4', '5':
			return Reason{CodeHTTPError, word}
		}
	}
	return Reason{}
}
