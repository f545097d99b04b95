package idptest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// keys holds the key that clients sign with: the same for the certificate of
// ClientID and for the service account.
type keys struct {
	key         *rsa.PrivateKey
	certificate []byte // DER
}

// sharedKey is the same for all servers of a process: to make one takes long.
var sharedKey = sync.OnceValues(newKey)

func newKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

func newKeys(t testing.TB, other bool) keys {
	t.Helper()
	newOne := sharedKey
	if other {
		newOne = newKey
	}
	key, err := newOne()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: ClientID},
		NotBefore: time.Now().AddDate(0, 0, -1), NotAfter: time.Now().AddDate(0, 0, 7),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return keys{key, der}
}

func (k keys) keyPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func write(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Certificate writes the certificate of ClientID and its key into dir.
func (s *Server) Certificate(t testing.TB, dir string) (certificate, key string) {
	t.Helper()
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.keys.certificate})
	return write(t, filepath.Join(dir, "client.pem"), data), write(t, filepath.Join(dir, "client.key"), s.keys.keyPEM(t))
}

// ServiceAccount writes a service account's key file into dir, in Google's format.
func (s *Server) ServiceAccount(t testing.TB, dir string) string {
	t.Helper()
	data, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "tlsbrief@project.example", "private_key_id": "key-1",
		"private_key": string(s.keys.keyPEM(t)), "token_uri": s.TokenURL(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(dir, "account.json"), data)
}

type header struct {
	Alg string `json:"alg"`
	X5T string `json:"x5t"`
}

type claims struct {
	Aud string `json:"aud"`
	Iss string `json:"iss"`
	Sub string `json:"sub"`
	Exp int64  `json:"exp"`
}

// verify reads a JWT that is signed by the key and meant for this server.
func (k keys) verify(token, audience string) (h header, c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return h, c, false
	}
	var decoded [3][]byte
	for i, part := range parts {
		data, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return h, c, false
		}
		decoded[i] = data
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	ok = json.Unmarshal(decoded[0], &h) == nil && json.Unmarshal(decoded[1], &c) == nil && h.Alg == "RS256" &&
		rsa.VerifyPKCS1v15(&k.key.PublicKey, crypto.SHA256, digest[:], decoded[2]) == nil &&
		c.Aud == audience && time.Until(time.Unix(c.Exp, 0)) > 0
	return h, c, ok
}

// client judges a client assertion, RFC 7523, section 2.2.
func (k keys) client(assertion, audience string) (code, description string) {
	h, c, ok := k.verify(assertion, audience)
	thumb := sha1.Sum(k.certificate)
	if !ok || c.Iss != ClientID || c.Sub != ClientID || h.X5T != base64.RawURLEncoding.EncodeToString(thumb[:]) {
		return "invalid_client", "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application: " + assertion
	}
	return "", ""
}

// person judges an authorization grant of RFC 7523, section 2.1.
func (k keys) person(assertion, audience string) (user, code, description string) {
	_, c, ok := k.verify(assertion, audience)
	switch {
	case !ok:
		return "", "invalid_grant", "Invalid JWT Signature. " + assertion
	case c.Sub != User:
		return "", "invalid_grant", "Invalid email or User ID"
	}
	return c.Sub, "", ""
}
