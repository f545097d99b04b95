package mailer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxName bounds what of a name in a certificate gets into an error, in bytes.
const maxName = 300

// A tlsError says in plain words why there is no TLS: mostly what is wrong with
// the server's certificate, and what to do.
type tlsError struct {
	problem string
	err     error
}

func (e *tlsError) Error() string { return e.problem }
func (e *tlsError) Unwrap() error { return e.err }

// explainTLS makes an error of the handshake readable: which name, issuer or
// date is wrong. Package imapbox says it in the same words.
func explainTLS(err error, host string) error {
	var (
		plain     tls.RecordHeaderError
		unknown   x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		unchecked *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &plain):
		return &tlsError{err: err, problem: "it does not speak TLS on this port"}
	case errors.As(err, &unknown) && unknown.Cert != nil:
		return &tlsError{err: err, problem: fmt.Sprintf(
			"the server's certificate is signed by %q, which this machine does not trust; if that is a private CA, set ca_file to its certificate",
			printable(unknown.Cert.Issuer.String(), maxName))}
	case errors.As(err, &name) && name.Certificate != nil:
		return &tlsError{err: err, problem: fmt.Sprintf(
			"the server's certificate is for %s, not for %s; set host to a name that it is for", names(name.Certificate), host)}
	case errors.As(err, &invalid) && invalid.Cert != nil && invalid.Reason == x509.Expired:
		return &tlsError{err: err, problem: fmt.Sprintf(
			"the server's certificate is valid from %s to %s, which is not now; have it renewed, or set this machine's clock",
			day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter))}
	case errors.As(err, &unchecked):
		return &tlsError{err: err, problem: "the server's certificate is not acceptable: " + printable(unchecked.Err.Error(), maxName)}
	}
	if text, ok := strings.CutPrefix(err.Error(), "tls: "); ok {
		return &tlsError{err: err, problem: text} // the step is called so already
	}
	return err
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// names lists whom a certificate is for.
func names(c *x509.Certificate) string {
	const most = 5
	var all []string
	for _, name := range c.DNSNames {
		all = append(all, printable(name, maxName))
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
