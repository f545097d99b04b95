package demo

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"tlsbrief/internal/dnstest"
)

// A keyring signs for any domain and publishes the key in the demo's DNS.
type keyring struct {
	dns    *dnstest.Server
	public ed25519.PublicKey
	key    ed25519.PrivateKey
}

const selector = "demo"

func newKeyring(dns *dnstest.Server) (*keyring, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	return &keyring{dns, public, key}, nil
}

// sign puts a DKIM signature of domain in front of a message, made at the time
// in its Date field (RFC 6376, RFC 8463). It is a samples.Signer. Libraries that
// sign do so as of now, and this mail is three weeks old.
func (k *keyring) sign(domain string, message []byte) ([]byte, error) {
	k.dns.SetTXT(selector+"._domainkey."+domain, "v=DKIM1; k=ed25519; p="+base64.StdEncoding.EncodeToString(k.public))
	header, body, ok := bytes.Cut(message, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("the message has no body")
	}
	parsed, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	date, err := parsed.Header.Date()
	if err != nil {
		return nil, err
	}
	bodyHash := sha256.Sum256(append(bytes.TrimRight(body, "\r\n"), "\r\n"...)) // simple: one line end at the end
	field := fmt.Sprintf("DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=%s; s=%s;\r\n"+
		" t=%d; h=from:to:subject:date:tls-report-domain:tls-report-submitter;\r\n bh=%s;\r\n b=",
		domain, selector, date.Unix(), base64.StdEncoding.EncodeToString(bodyHash[:]))
	signed := strings.Builder{}
	for _, name := range []string{"From", "To", "Subject", "Date", "TLS-Report-Domain", "TLS-Report-Submitter"} {
		signed.WriteString(fieldOf(string(header), name))
	}
	signed.WriteString(field)
	hash := sha256.Sum256([]byte(signed.String()))
	field += base64.StdEncoding.EncodeToString(ed25519.Sign(k.key, hash[:])) + "\r\n"
	return append([]byte(field), message...), nil
}

// fieldOf returns a header field as it stands in the header, folded lines and
// line end included.
func fieldOf(header, name string) string {
	lines := strings.SplitAfter(header+"\r\n", "\r\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, name+":") {
			continue
		}
		for _, folded := range lines[i+1:] {
			if !strings.HasPrefix(folded, " ") {
				break
			}
			line += folded
		}
		return line
	}
	return ""
}
