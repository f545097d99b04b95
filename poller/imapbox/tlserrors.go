package imapbox

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// A CertificateError says in plain words what is wrong with the server's
// certificate. It stays until somebody mends it.
type CertificateError struct {
	Problem string
	Err     error
}

func (e *CertificateError) Error() string { return e.Problem }
func (e *CertificateError) Unwrap() error { return e.Err }

// explainTLS makes an error of the handshake readable: which name, issuer or
// date is wrong, and what to do.
func explainTLS(err error, host string) error {
	var (
		plain     tls.RecordHeaderError
		network   *net.OpError
		unknown   x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		unchecked *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &plain):
		return &protocolError{detail: fmt.Sprintf("it does not speak TLS on this port; use tls = %q (port 143), or the port for TLS (993)", TLSStart)}
	case errors.As(err, &unknown) && unknown.Cert != nil:
		return &CertificateError{Err: err, Problem: fmt.Sprintf(
			"the server's certificate is signed by %q, which this machine does not trust; if that is a private CA, set ca_file to its certificate",
			printable(unknown.Cert.Issuer.String()))}
	case errors.As(err, &name) && name.Certificate != nil:
		return &CertificateError{Err: err, Problem: fmt.Sprintf(
			"the server's certificate is for %s, not for %s; set host to a name that it is for", names(name.Certificate), host)}
	case errors.As(err, &invalid) && invalid.Cert != nil && invalid.Reason == x509.Expired:
		return &CertificateError{Err: err, Problem: fmt.Sprintf(
			"the server's certificate is valid from %s to %s, which is not now; have it renewed, or set this machine's clock",
			day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter))}
	case errors.As(err, &unchecked):
		return &CertificateError{Err: err, Problem: "the server's certificate is not acceptable: " + printable(unchecked.Err.Error())}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.As(err, &network) && (network.Op == "read" || network.Op == "write"):
		return &lostError{err: fmt.Errorf("in the TLS handshake: %w", err)}
	}
	return fmt.Errorf("the TLS handshake failed: %w (the server must offer TLS 1.2 or newer)", err)
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
