package dkim

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// arrived is when the test mails arrived.
var arrived = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// edKey is always the same, so that what a fuzzer found stays signed.
func edKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("only for tests: 32 bytes of seed"))
}

// record returns the key record of a key, with extra tags before p=.
func record(t testing.TB, k crypto.Signer, extra string) string {
	t.Helper()
	switch pub := k.Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; " + extra + "p=" + base64.StdEncoding.EncodeToString(pub)
	default:
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		return "v=DKIM1; k=rsa; " + extra + "p=" + base64.StdEncoding.EncodeToString(der)
	}
}

// sign puts a DKIM-Signature field with the given tags, bh= and b= on top of a
// mail. The tags must parse; whether they make sense is the test's affair.
func sign(t testing.TB, mail, tags string, k crypto.Signer) string {
	t.Helper()
	field := func(bodyHash, signature string) string {
		return "DKIM-Signature: " + tags + ";\r\n\tbh=" + bodyHash + ";\r\n\tb=" + signature
	}
	build := func(bodyHash, signature string) (string, *verifier, *params, *Signature) {
		signed := field(bodyHash, signature) + "\r\n" + mail
		v := &verifier{header: parseHeader([]byte(signed))}
		s := new(Signature)
		p, f := parseSignature(v.header.fields[0], s)
		if f != nil {
			t.Fatalf("signing with %q: %v", tags, f)
		}
		return signed, v, p, s
	}
	b64 := base64.StdEncoding.EncodeToString
	_, v, p, _ := build("AAAA", "AAAA")
	sum := v.sumBody(p.relaxedBody, p.length)
	bodyHash := b64(sum.sum[:])

	_, v, p, s := build(bodyHash, "AAAA")
	opts := crypto.SignerOpts(crypto.SHA256)
	if _, ok := k.(ed25519.PrivateKey); ok {
		opts = crypto.Hash(0)
	}
	signature, err := k.Sign(rand.Reader, v.sumHeader(0, s.Signed, p), opts)
	if err != nil {
		t.Fatal(err)
	}
	signed, _, _, _ := build(bodyHash, b64(signature))
	return signed
}

// zone is a Lookup of fixed records; other names do not exist. What it was asked
// is counted.
type zone struct {
	records map[string][]string
	err     error // given for every name
	asked   []string
}

func (z *zone) lookup(_ context.Context, name string) ([]string, error) {
	z.asked = append(z.asked, name)
	if z.err != nil {
		return nil, z.err
	}
	if r, ok := z.records[name]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("%s: %w", name, ErrNoRecord)
}

// keys returns a zone with the RSA key under "r" and the Ed25519 key under "e"
// of sender.example.
func keys(t testing.TB) *zone {
	return &zone{records: map[string][]string{
		"r._domainkey.sender.example": {record(t, rsaKey(), "")},
		"e._domainkey.sender.example": {record(t, edKey(), "")},
	}}
}

// lines joins lines with CRLF, and ends the last one.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

// report is an unsigned mail with what a report has in its header.
func report() string {
	return lines(
		"Received: from mta.sender.example by mx.example.com; Mon, 2 Mar 2026 05:59:58 +0000",
		"From: TLS reports <noreply@sender.example>",
		"To: reports@example.com",
		"Subject: Report Domain: example.com Submitter: sender.example",
		"  Report-ID: <2026.03.01+example.com@sender.example>",
		"Date: Mon, 02 Mar 2026 05:59:00 +0000",
		"TLS-Report-Domain: example.com",
		"TLS-Report-Submitter: sender.example",
		"Content-Type: application/tlsrpt+gzip",
		"Content-Transfer-Encoding: base64",
		"",
		"H4sIAAAAAAAA/9xU3WrjPBC9tp/C",
		"",
		"  two  words \tand a tab ",
		"",
		"",
	)
}
