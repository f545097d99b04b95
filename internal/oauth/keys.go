package oauth

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// maxFile bounds the files that are read, in bytes.
const maxFile = 1 << 20

// readFile reads a regular file: opening a pipe could wait for ever.
func readFile(key, path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; check the path and its permissions", key, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %s is not a plain file", key, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; check the path and its permissions", key, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: reading %s: %w", key, path, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: %s is larger than %d bytes", key, path, maxFile)
	}
	return data, nil
}

// An account is what is used of a service account's JSON file.
type account struct {
	Type         string `json:"type"`
	Email        string `json:"client_email"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
}

func readServiceAccount(path string) (account, error) {
	data, err := readFile("service_account_file", path)
	if err != nil {
		return account{}, err
	}
	var a account
	// What encoding/json says may quote the file, which holds a key.
	if json.Unmarshal(data, &a) != nil || a.Type != "service_account" || a.Email == "" {
		return account{}, fmt.Errorf("service_account_file: %s is not the key of a service account; make a JSON key for it in the Google Cloud console (IAM & Admin, Service Accounts, Keys)", path)
	}
	if block, _ := pem.Decode([]byte(a.PrivateKey)); block == nil {
		return account{}, fmt.Errorf("service_account_file: %s has no private_key in PEM form; download the key again", path)
	}
	return a, nil
}

// assertionLife is how long a client assertion holds. Microsoft takes at most a
// day, and a clock may be off by minutes.
const assertionLife = 10 * time.Minute

// signedAssertion makes a JWT with which the client proves who it is, RFC 7523,
// section 2.2. The certificate is named by its thumbprints (RFC 7515, sections
// 4.1.7 and 4.1.8), which is what Microsoft knows it by.
func signedAssertion(o *Options, now time.Time) (string, error) {
	pair, err := readPair(o.Certificate, o.Key)
	if err != nil {
		return "", err
	}
	key, ok := pair.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		return "", fmt.Errorf("key_file: %s is no RSA key, and token servers take no other; make a certificate with an RSA key", o.Key)
	}
	sum1, sum256 := sha1.Sum(pair.Certificate[0]), sha256.Sum256(pair.Certificate[0])
	unsigned := segment(map[string]any{
		"alg": "RS256", "typ": "JWT",
		"x5t": base64.RawURLEncoding.EncodeToString(sum1[:]), "x5t#S256": base64.RawURLEncoding.EncodeToString(sum256[:]),
	}) + "." + segment(map[string]any{
		"aud": o.TokenURL, "iss": o.ClientID, "sub": o.ClientID, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	digest := sha256.Sum256([]byte(unsigned))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("signing with key_file %s: %w", o.Key, err)
	}
	return unsigned + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func readPair(certificate, key string) (tls.Certificate, error) {
	certPEM, err := readFile("certificate_file", certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := readFile("key_file", key)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate_file %s and key_file %s do not make a pair: %w", certificate, key, err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate_file: %s cannot be read: %w", certificate, err)
	}
	pair.Leaf = leaf
	return pair, nil
}

// segment encodes a part of a JWT. A map of strings and numbers always can be.
func segment(part map[string]any) string {
	data, err := json.Marshal(part)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}
