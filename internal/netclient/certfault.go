package netclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// A CertificateError is a fault of a server's certificate, in plain words: which name,
// issuer or date is wrong, and what to do about it. It is permanent.
type CertificateError struct {
	Problem string // what is wrong and what to do
	Err     error  // as crypto/tls has it
}

func (e *CertificateError) Error() string { return e.Problem }
func (e *CertificateError) Unwrap() error { return e.Err }

// certificateError returns what an error of a TLS handshake with host says of the
// server's certificate; nil where it is about something else.
func certificateError(err error, host string) *CertificateError {
	var (
		unknown   x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		unchecked *tls.CertificateVerificationError
	)
	problem := ""
	switch {
	case errors.As(err, &unknown) && unknown.Cert != nil:
		problem = fmt.Sprintf("the server's certificate is signed by %q, which this machine does not trust; "+
			"if that is a private CA, set ca_file to its certificate", printable(unknown.Cert.Issuer.String()))
	case errors.As(err, &name) && name.Certificate != nil:
		problem = fmt.Sprintf("the server's certificate is for %s, not for %s; set host, or server_name, to one that it is for", names(name.Certificate), host)
	case errors.As(err, &invalid) && invalid.Cert != nil && invalid.Reason == x509.Expired:
		problem = fmt.Sprintf("the server's certificate is valid from %s to %s, which is not now; have it renewed, or set this machine's clock",
			day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter))
	case errors.As(err, &unchecked):
		problem = "the server's certificate is not acceptable: " + printable(unchecked.Err.Error())
	default:
		return nil
	}
	return &CertificateError{Problem: problem, Err: err}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// names lists whom a certificate is for.
func names(c *x509.Certificate) string {
	const most = 5
	var all []string
	for _, name := range c.DNSNames {
		all = append(all, printable(name))
	}
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	switch {
	case len(all) == 0:
		return "no host at all"
	case len(all) > most:
		return strings.Join(all[:most], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}

// printable makes what a server sent fit for a line of text.
func printable(s string) string {
	const most = 300 // runes
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
