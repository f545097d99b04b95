package netclient

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestCertificateFaultsInPlainWords(t *testing.T) {
	t.Parallel()
	expired := &x509.Certificate{
		NotBefore: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC),
		NotAfter:  time.Date(2025, 4, 2, 3, 4, 5, 0, time.UTC),
	}
	stranger := &x509.Certificate{Issuer: pkix.Name{CommonName: "a\x1b[2Jb\nc"}}
	many := &x509.Certificate{DNSNames: []string{"a.example", "b.example", "c.example", "d.example"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1), net.IPv4(192, 0, 2, 2)}}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"another name", x509.HostnameError{Certificate: many, Host: "mail.example"},
			"the server's certificate is for a.example, b.example, c.example, d.example, 192.0.2.1, …, not for mail.example; set host, or server_name, to one that it is for"},
		{"no name", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "mail.example"}, "is for no host at all, not for mail.example"},
		{"expired", x509.CertificateInvalidError{Cert: expired, Reason: x509.Expired},
			"the server's certificate is valid from 2025-01-02 to 2025-04-02, which is not now; have it renewed, or set this machine's clock"},
		{"a stranger's name is made printable", x509.UnknownAuthorityError{Cert: stranger}, "signed by \"CN=a\ufffd[2Jb\ufffdc\", which this machine does not trust"},
		{"another fault", x509.CertificateInvalidError{Cert: expired, Reason: x509.NotAuthorizedToSign}, "the server's certificate is not acceptable: x509: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			given := &tls.CertificateVerificationError{Err: tt.err}
			got := certificateError(given, "mail.example")
			if !strings.Contains(got.Error(), tt.want) || !errors.Is(got, given) {
				t.Errorf("certificateError(%v) = %v, want %q, wrapping it", given, got, tt.want)
			}
		})
	}
	if got := certificateError(io.EOF, "mail.example"); got != nil {
		t.Errorf("certificateError(EOF) = %v, want nil: it is the connection's", got)
	}
}
