package samples

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Key signs messages with DKIM (RFC 6376, RFC 8463). Unlike a library's signer it
// signs as of any time, and incorrectly if a test asks for that.
type Key struct {
	public ed25519.PublicKey
	key    ed25519.PrivateKey
}

// A Signature holds the parameters of a signature.
type Signature struct {
	Domain, Selector string
	At               time.Time // t=
	Expires          time.Time // x=, if set
	BodyLength       int       // l=, if not 0
}

// NewKey makes a key.
func NewKey() (*Key, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	return &Key{public, key}, nil
}

// Record returns the TXT record that publishes the key. tags, such as
// "s=tlsrpt;", stand in front of the key.
func (k *Key) Record(tags string) string {
	return "v=DKIM1; k=ed25519; " + tags + " p=" + base64.StdEncoding.EncodeToString(k.public)
}

// Sign returns message with a signature in front.
func (k *Key) Sign(message []byte, s Signature) ([]byte, error) {
	header, body, ok := bytes.Cut(message, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("the message has no body")
	}
	body = append(bytes.TrimRight(body, "\r\n"), "\r\n"...) // simple: one line end at the end
	tags := fmt.Sprintf("v=1; a=ed25519-sha256; c=simple/simple; d=%s; s=%s; t=%d;", s.Domain, s.Selector, s.At.Unix())
	if !s.Expires.IsZero() {
		tags += fmt.Sprintf(" x=%d;", s.Expires.Unix())
	}
	if s.BodyLength > 0 {
		body = body[:min(s.BodyLength, len(body))]
		tags += fmt.Sprintf(" l=%d;", s.BodyLength)
	}
	bodyHash := sha256.Sum256(body)
	field := "DKIM-Signature: " + tags + "\r\n h=from:to:subject:date:tls-report-domain:tls-report-submitter;\r\n bh=" +
		base64.StdEncoding.EncodeToString(bodyHash[:]) + ";\r\n b="
	var signed strings.Builder
	for _, name := range []string{"From", "To", "Subject", "Date", "TLS-Report-Domain", "TLS-Report-Submitter"} {
		signed.WriteString(fieldOf(string(header), name))
	}
	signed.WriteString(field)
	hash := sha256.Sum256([]byte(signed.String()))
	field += base64.StdEncoding.EncodeToString(ed25519.Sign(k.key, hash[:])) + "\r\n"
	return append([]byte(field), message...), nil
}

// fieldOf returns a header field unchanged, with folded lines and line end.
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
