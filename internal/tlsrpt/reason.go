package tlsrpt

import "strings"

// ReasonMeaning explains a failure-reason-code in a plain sentence; "" for one
// that it does not know. Codes are whatever a sender's software makes them: the
// known ones are Microsoft's, those of OpenSSL, Go and rustls, as Postfix and others
// hand them on, HTTP statuses, and parts of messages (Q5, Q8).
//
// RFC 8460, section 4.3.
func ReasonMeaning(code string) string {
	c := strings.ToLower(strings.TrimSpace(code))
	if len(c) > maxString {
		return ""
	}
	plain := strings.NewReplacer("_", " ", "-", " ").Replace(c)
	plain = strings.TrimPrefix(plain, "x509 v err ")
	if plain == "validation failure" {
		return "The sender gives no closer reason."
	}
	const (
		unlisted  = "The mail server is not among the mx: lines of your MTA-STS policy."
		otherName = "The certificate is made out to another name."
	)
	for _, known := range [...]struct{ part, meaning string }{
		{"mx mismatch", unlisted},
		{"mx host mismatch", unlisted},
		{"mx hosts mismatch", unlisted},
		{"mx not in policy", unlisted},
		{"mx not listed", unlisted},
		{"mx does not match", unlisted},
		{"no matching mx", unlisted},
		{"peer certificate: expired", "The certificate has expired."}, // rustls
		{"peer certificate: notvalidyet", "The certificate is not valid yet: look at the server's clock, too."},
		{"peer certificate: notvalidforname", otherName},
		{"not valid for name", otherName},
		{"peer certificate: unknownissuer", "The certificate comes from an authority that the sender does not know, or the intermediate certificate is missing."},
		{"peer certificate: revoked", "The certificate has been revoked."},
		{"name mismatch", otherName},
		{"does not match host", otherName},
		{"doesn't match host", otherName},
		{"does not match target host", otherName},
		{"no alternative certificate subject name matches", otherName},
		{"certificate is not valid for any names", otherName}, // Go
		{"certificate is valid for ", otherName},
		{"cert has expired", "The certificate has expired."},
		{"certificate has expired", "The certificate has expired."},
		{"certificate expired", "The certificate has expired."},
		{"not yet valid", "The certificate is not valid yet: look at the server's clock, too."},
		{"self signed", "The certificate, or one of its chain, is signed by itself and not by a public authority."},
		{"unable to get issuer cert", "The intermediate certificate is missing: the server does not send its full chain."},
		{"unable to get local issuer cert", "The intermediate certificate is missing: the server does not send its full chain."},
		{"unable to verify leaf", "The intermediate certificate is missing: the server does not send its full chain."},
		{"unknown authority", "The certificate comes from an authority that the sender does not know, or the intermediate certificate is missing."},
		{"hostname mismatch", otherName},
		{"cert revoked", "The certificate has been revoked."},
		{"certificate revoked", "The certificate has been revoked."},
		{"proxy path length exceeded", "The chain of certificates holds more proxy certificates than it allows."},
		{"path length exceeded", "The chain of certificates is longer than it allows."},
		{"protocol version", "Server and sender have no TLS version in common."},
		{"handshake failure", "The TLS handshake broke off: often no version or cipher in common."},
		{"signature expired", "The DNS signatures (DNSSEC) have expired."},
		{"no such host", "The name could not be found in DNS."},
		{"connection refused", "The server refused the connection."},
		{"connection reset", "The connection was cut."},
		{"timeout", "The server did not answer in time."},
		{"timed out", "The server did not answer in time."},
		{"deadline exceeded", "The server did not answer in time."},
	} {
		if strings.Contains(plain, known.part) {
			return known.meaning
		}
	}
	return httpMeaning(plain)
}

// httpMeaning explains an HTTP status in a reason code such as "HTTP 404" or
// "bad https response code: 404".
func httpMeaning(plain string) string {
	if !strings.Contains(plain, "http") {
		return ""
	}
	for _, word := range strings.FieldsFunc(plain, func(r rune) bool { return r == ' ' || r == ':' || r == ',' || r == '.' }) {
		if len(word) != 3 || !isDigits(word) {
			continue
		}
		switch word {
		case "404", "410":
			return "The web server has no policy file at that address (HTTP " + word + ")."
		case "401", "403", "429":
			return "The web server turned the sender away (HTTP " + word + "): look for a firewall or bot filter."
		}
		switch word[0] {
		case '3':
			return "The web server redirects, which MTA-STS does not allow (HTTP " + word + ")."
		case '4', '5':
			return "The web server answered with an error (HTTP " + word + ")."
		}
	}
	return ""
}
