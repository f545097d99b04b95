package imaptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Certificate describes a server's certificate.
type Certificate struct {
	Names   []string // host names and addresses; default "localhost", "127.0.0.1" and "::1"
	Expired bool     // since yesterday
}

// An authority is a CA for one test.
type authority struct {
	pool *x509.CertPool
	file string
	cert *x509.Certificate
	key  crypto.Signer
}

// newAuthority makes a CA and writes its certificate into dir.
func newAuthority(t testing.TB, dir string) *authority {
	t.Helper()
	key := newKey(t)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "imaptest CA"},
		NotBefore:             now.AddDate(0, -1, 0),
		NotAfter:              now.AddDate(0, 1, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{pool: x509.NewCertPool(), cert: cert, key: key, file: filepath.Join(dir, "ca.pem")}
	a.pool.AddCert(cert)
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return a
}

// issue makes a server certificate.
func (a *authority) issue(t testing.TB, c *Certificate) tls.Certificate {
	t.Helper()
	if c == nil {
		c = &Certificate{}
	}
	names := c.Names
	if names == nil {
		names = []string{"localhost", "127.0.0.1", "::1"}
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    now.AddDate(0, 0, -7),
		NotAfter:     now.AddDate(0, 0, 7),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if c.Expired {
		template.NotAfter = now.AddDate(0, 0, -1)
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// ClientCertificate writes a certificate that the server's CA signed, and its key,
// into dir, for servers that ask their clients for one.
func (s *Server) ClientCertificate(t testing.TB, dir string) (certificate, key string) {
	t.Helper()
	pair := s.authority.issue(t, &Certificate{Names: []string{"client.example.test"}})
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		key:         {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// serverConfig returns a server's TLS configuration with a new certificate.
func (a *authority) serverConfig(t testing.TB, o options) *tls.Config {
	t.Helper()
	config := &tls.Config{Certificates: []tls.Certificate{a.issue(t, o.certificate)}, MinVersion: tls.VersionTLS12}
	if o.maxTLS != 0 {
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, o.maxTLS
	}
	return config
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
