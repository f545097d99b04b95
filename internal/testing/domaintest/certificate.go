package domaintest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// A Certificate is a certificate with its key, which is never stored.
type Certificate struct {
	X509 *x509.Certificate
	key  *ecdsa.PrivateKey
}

// A Template says which certificate to make. The zero value has no names and is
// valid for a year before and after now.
type Template struct {
	Names       []string
	CA          bool
	From, Until time.Time
}

// Issue makes a certificate. With a nil issuer it is self-signed.
func Issue(t testing.TB, issuer *Certificate, o Template) *Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	if o.From.IsZero() {
		o.From = time.Now().AddDate(-1, 0, 0)
	}
	if o.Until.IsZero() {
		o.Until = time.Now().AddDate(1, 0, 0)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: serial.String()}, DNSNames: o.Names,
		NotBefore: o.From, NotAfter: o.Until, IsCA: o.CA, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.X509, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	c := &Certificate{key: key}
	if c.X509, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

// PEM returns the certificate as a ca_file holds it.
func (c *Certificate) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.X509.Raw}))
}

// Pool returns a pool that trusts this certificate alone.
func (c *Certificate) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.X509)
	return pool
}

// TLSA returns the TLSA record of a usage for this certificate's key: selector 1,
// matching type 1.
func (c *Certificate) TLSA(usage int) string {
	return fmt.Sprintf("TLSA %d 1 1 %x", usage, sha256.Sum256(c.X509.RawSubjectPublicKeyInfo))
}

// chain returns the certificates that a server sends.
func (c *Certificate) chain(more []*Certificate) *tls.Certificate {
	shown := &tls.Certificate{Certificate: [][]byte{c.X509.Raw}, PrivateKey: c.key}
	for _, m := range more {
		shown.Certificate = append(shown.Certificate, m.X509.Raw)
	}
	return shown
}
