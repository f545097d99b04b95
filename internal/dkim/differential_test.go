package dkim_test

import (
	"bytes"
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

	msgauth "github.com/emersion/go-msgauth/dkim"

	"tlsbrief/internal/dkim"
)

// The tests of this file hold the package to emersion/go-msgauth, which signs
// their mails and judges them too. Wherever go-msgauth can judge, the two must
// agree. It cannot judge expiry at a given time, refuses l= and keys for the
// service tlsrpt, and ignores the flag t=s: those rules have tests of their own.

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

// records returns the key records of sender.example.
func records(t testing.TB) map[string][]string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	ed := edKey().Public().(ed25519.PublicKey)
	b64 := base64.StdEncoding.EncodeToString
	return map[string][]string{
		"r._domainkey.sender.example": {"v=DKIM1; k=rsa; p=" + b64(der)},
		"e._domainkey.sender.example": {"v=DKIM1; k=ed25519; h=sha256; s=email; p=" + b64(ed)},
	}
}

// ours returns what this package says of each signature.
func ours(t testing.TB, message []byte, zone map[string][]string) []dkim.Signature {
	t.Helper()
	lookup := func(_ context.Context, name string) ([]string, error) {
		if r, ok := zone[name]; ok {
			return r, nil
		}
		return nil, fmt.Errorf("%s: %w", name, dkim.ErrNoRecord)
	}
	return dkim.Verify(t.Context(), message, time.Now(), lookup, dkim.Options{MaxSignatures: 20})
}

// theirs returns the same of go-msgauth; an error where it gives up on the mail.
func theirs(message []byte, zone map[string][]string) ([]*msgauth.Verification, error) {
	return msgauth.VerifyWithOptions(bytes.NewReader(message), &msgauth.VerifyOptions{
		MaxVerifications: 20,
		LookupTXT: func(name string) ([]string, error) {
			if r, ok := zone[strings.ToLower(name)]; ok {
				return r, nil
			}
			return nil, fmt.Errorf("%s: no such name", name)
		},
	})
}

// agree fails the test unless both come to the same result for each signature.
// It returns how many pass.
func agree(t *testing.T, message []byte, zone map[string][]string) int {
	t.Helper()
	our := ours(t, message, zone)
	their, err := theirs(message, zone)
	if err != nil {
		t.Fatalf("go-msgauth gives up on the mail: %v", err)
	}
	if len(our) != len(their) {
		t.Fatalf("we see %d signatures, go-msgauth %d", len(our), len(their))
	}
	passed := 0
	for i, s := range our {
		if (s.Status == dkim.Pass) != (their[i].Err == nil) {
			t.Errorf("signature %d: we say %s %s (%v), go-msgauth %v", i, s.Status, s.Reason, s.Err, their[i].Err)
		}
		if s.Status == dkim.Pass {
			passed++
		}
	}
	return passed
}

// A shape is a mail to be signed.
type shape struct{ name, mail string }

func crlf(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

var plain = []string{
	"From: TLS reports <noreply@sender.example>",
	"To: reports@example.com",
	"Subject: Report Domain: example.com Submitter: sender.example",
	"TLS-Report-Domain: example.com",
}

// shapes are mails of many shapes.
func shapes() []shape {
	head := crlf(plain...)
	return []shape{
		{"an ordinary mail", head + "\r\n" + crlf("Hello,", "", "world.")},
		{"folded fields", crlf("From: a@sender.example,", "\t b@sender.example", "Subject: one", "  two \t", "  three  ", "X:", " y") + "\r\nbody\r\n"},
		{"repeated fields", crlf("Received: 1", "From: a@sender.example", "Received: 2", "To: x@example.com", "Received: 3", "To: y@example.com") + "\r\nbody\r\n"},
		{"odd spacing in fields", crlf("From:a@sender.example", "Subject :  much \t space ", "X-Empty:", "X-Blank: \t") + "\r\nbody\r\n"},
		{"8-bit in header and body", crlf("From: J\xf6rg <a@sender.example>", "Subject: \u00fcber \u2603") + "\r\n" + crlf("\xff\xfe\x00\x01", "gr\u00fc\u00dfe")},
		{"no body", head + "\r\n"},
		{"a body of empty lines", head + "\r\n\r\n\r\n\r\n"},
		{"a body of white space", head + "\r\n \r\n\t\r\n"},
		{"empty lines at the end", head + "\r\nbody\r\n\r\n\r\n\r\n"},
		{"no line end at the end", head + "\r\nbody"},
		{"white space at line ends", head + "\r\n" + crlf("a  b\t\tc ", " \t ", "\td", "e\t \t")},
		{"white space and no line end", head + "\r\nbody \t "},
		{"one very long line", head + "\r\n" + strings.Repeat("long ", 20_000) + "\r\n"},
		{"many short lines", head + "\r\n" + strings.Repeat("x\r\n", 20_000)},
		{"lines that straddle buffers", head + "\r\n" + strings.Repeat(strings.Repeat("y", 1021)+" \r\n\r\n", 64)},
		{"a huge body", head + "\r\n" + strings.Repeat("H4sIAAAAAAAA/9xU3WrjPBC9tp/ClxUrTa9zS/sO5e6l\r\n", 20_000)},
		{"empty lines across a buffer", head + "\r\n" + strings.Repeat("z", 4090) + strings.Repeat("\r\n", 50) + "end\r\n"},
		{"many fields", head + strings.Repeat("Received: from a by b\r\n", 300) + "\r\nbody\r\n"},
		{"a field that looks like a signature", head + "X-DKIM-Signature: v=1; b=abc\r\n\r\nbody\r\n"},
		{"a dot and a From line in the body", head + "\r\n.\r\n..\r\nFrom me\r\n"},
	}
}

// A method is a way to sign.
type method struct {
	name   string
	signer func() crypto.Signer
	sel    string
	head   msgauth.Canonicalization
	body   msgauth.Canonicalization
	keys   []string // nil for all fields
	query  []msgauth.QueryMethod
}

func methods() []method {
	var all []method
	for _, k := range []method{
		{name: "rsa", sel: "r", signer: func() crypto.Signer { return rsaKey() }},
		{name: "ed25519", sel: "e", signer: func() crypto.Signer { return edKey() }},
	} {
		for _, head := range []msgauth.Canonicalization{msgauth.CanonicalizationSimple, msgauth.CanonicalizationRelaxed} {
			for _, body := range []msgauth.Canonicalization{msgauth.CanonicalizationSimple, msgauth.CanonicalizationRelaxed} {
				m := k
				m.head, m.body = head, body
				m.name = fmt.Sprintf("%s %s/%s", k.name, head, body)
				all = append(all, m)
			}
		}
	}
	some := all[len(all)-1]
	some.name, some.keys = "some fields, oversigned", []string{"From", "To", "To", "Subject", "From", "Received", "Received", "Absent"}
	some.query = []msgauth.QueryMethod{msgauth.QueryMethodDNSTXT}
	return append(all, some)
}

// signed returns the mail as go-msgauth signs it.
func (m method) signed(t testing.TB, mail string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := msgauth.Sign(&b, strings.NewReader(mail), &msgauth.SignOptions{
		Domain: "sender.example", Selector: m.sel, Signer: m.signer(), Hash: crypto.SHA256,
		HeaderCanonicalization: m.head, BodyCanonicalization: m.body, HeaderKeys: m.keys, QueryMethods: m.query,
	}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSignedMailsPass(t *testing.T) {
	t.Parallel()
	zone := records(t)
	for _, s := range shapes() {
		for _, m := range methods() {
			t.Run(s.name+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				mail := m.signed(t, s.mail)
				if n := agree(t, mail, zone); n != 1 {
					t.Errorf("%d signatures pass, want 1", n)
				}
				if n := agree(t, bytes.ReplaceAll(mail, []byte("\r\n"), []byte("\n")), zone); n != 1 {
					t.Errorf("with LF for CRLF %d signatures pass, want 1", n)
				}
			})
		}
	}
}

func TestSignedFromBareLF(t *testing.T) {
	t.Parallel()
	zone := records(t)
	for _, s := range shapes() {
		for _, m := range methods() {
			t.Run(s.name+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				mail := m.signed(t, strings.ReplaceAll(s.mail, "\r\n", "\n"))
				if n := agree(t, mail, zone); n != 1 {
					t.Errorf("%d signatures pass, want 1", n)
				}
			})
		}
	}
}

func TestSeveralSignatures(t *testing.T) {
	t.Parallel()
	zone := records(t)
	all := methods()
	mail := []byte(shapes()[1].mail)
	for _, m := range all {
		mail = m.signed(t, string(mail))
	}
	if n := agree(t, mail, zone); n != len(all) {
		t.Errorf("%d signatures pass, want %d", n, len(all))
	}
	mail = bytes.Replace(mail, []byte("Subject: one"), []byte("Subject: two"), 1)
	if n := agree(t, mail, zone); n != 0 {
		t.Errorf("%d signatures pass on a changed mail", n)
	}
}

// Every single octet of a mail, changed: both must come to the same result. Most changes break the signature; in the relaxed form some do not.
func TestChangedOctets(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: thousands of mails")
	}
	t.Parallel()
	zone := records(t)
	for _, s := range shapes()[:12] {
		for _, m := range methods()[4:] { // Ed25519: the quick one
			t.Run(s.name+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				mail := m.signed(t, s.mail)
				compared, passed := 0, 0
				for i := range mail {
					if changed := change(mail, i, " A;"[i%3]); !lenient(changed) {
						compared++
						passed += agree(t, changed, zone)
					}
					if t.Failed() {
						t.Fatalf("after a change at octet %d of\n%s", i, mail)
					}
				}
				if compared < len(mail)/2 || passed > compared/2 {
					t.Errorf("%d changes to %d octets compared, %d of them pass", compared, len(mail), passed)
				}
			})
		}
	}
}

// change returns a copy of mail with octet i changed.
func change(mail []byte, i int, c byte) []byte {
	changed := bytes.Clone(mail)
	if changed[i] == c {
		c = 'x'
	}
	changed[i] = c
	return changed
}
