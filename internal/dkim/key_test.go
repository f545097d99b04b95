package dkim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rsaRecord returns the record of a key with a modulus of so many bits, which
// nobody can sign with.
func rsaRecord(t *testing.T, bits uint) string {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	return "p=" + base64.StdEncoding.EncodeToString(der)
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	good := record(t, rsaKey(), "")
	p := good[strings.Index(good, "p="):]
	pkcs1 := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey))
	ed := record(t, edKey(), "")
	tests := []struct {
		name    string
		records []string
		reason  Reason // empty: a good key
		bits    int
	}{
		{"an RSA key", []string{good}, "", 2048},
		{"only p=: all else has a default", []string{p}, "", 2048},
		{"RSAPublicKey, erratum 3017", []string{"p=" + pkcs1}, "", 2048},
		{"white space inside p=", []string{strings.Replace(good, "p=MIIB", "p= MI \t IB", 1)}, "", 2048},
		{"an Ed25519 key", []string{ed}, "", 256},
		{"unknown tags are passed over", []string{"v=DKIM1; n=a note; g=*; " + p}, "", 2048},
		{"other TXT records beside it", []string{"v=spf1 -all", good, "hello"}, "", 2048},
		{"1024 bits are enough", []string{rsaRecord(t, 1024)}, "", 1024},
		{"8192 bits are not too much", []string{rsaRecord(t, 8192)}, "", 8192},
		{"no record", nil, ReasonKeyGone, 0},
		{"revoked", []string{"v=DKIM1; p="}, ReasonKeyRevoked, 0},
		{"revoked, with white space", []string{"v=DKIM1; p= \t;"}, ReasonKeyRevoked, 0},
		{"two key records", []string{good, ed}, ReasonKeySyntax, 0},
		{"one record twice", []string{good, good}, ReasonKeySyntax, 0},
		{"another version", []string{"v=DKIM2; " + p}, ReasonKeySyntax, 0},
		{"a version that is not first", []string{"k=rsa; v=DKIM1; " + p}, ReasonKeySyntax, 0},
		{"no p=", []string{"v=DKIM1; k=rsa"}, ReasonKeySyntax, 0},
		{"no key record at all", []string{"v=spf1 -all"}, ReasonKeySyntax, 0},
		{"an empty record", []string{""}, ReasonKeySyntax, 0},
		{"no base64", []string{"p=!"}, ReasonKeySyntax, 0},
		{"no key in it", []string{"p=AAAA"}, ReasonKeySyntax, 0},
		{"an Ed25519 key of the wrong size", []string{"k=ed25519; p=AAAA"}, ReasonKeySyntax, 0},
		{"an Ed25519 key called RSA", []string{strings.Replace(ed, "ed25519", "rsa", 1)}, ReasonKeySyntax, 0},
		{"an unknown kind of key", []string{"k=dsa; " + p}, ReasonAlgorithm, 0},
		{"1023 bits", []string{rsaRecord(t, 1023)}, ReasonKeyTooShort, 1023},
		{"512 bits", []string{rsaRecord(t, 512)}, ReasonKeyTooShort, 512},
		{"8193 bits", []string{rsaRecord(t, 8193)}, ReasonKeyTooLong, 8193},
		{"a huge record", []string{"n=" + strings.Repeat("x", maxKeyRecord) + ";" + p}, ReasonKeySyntax, 0},
		{"very many records", make([]string, maxKeyRecords+1), ReasonKeySyntax, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k, f := parseKeys(tt.records)
			var reason Reason
			var bits int
			if f != nil {
				reason = f.reason
			}
			if k != nil {
				bits = k.bits
			}
			if reason != tt.reason || bits != tt.bits {
				t.Errorf("parseKeys(%.60q) = %d bits, %q (%v); want %d bits, %q", tt.records, bits, reason, f, tt.bits, tt.reason)
			}
		})
	}
}

func TestKeyAllows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, extra string
		identity    string
		want        Reason
		services    []string
	}{
		{"nothing said", "", "@sender.example", "", nil},
		{"all services", "s=*; ", "@sender.example", "", []string{"*"}},
		{"TLS reports only, RFC 8460 3", "s=tlsrpt; ", "@sender.example", "", []string{"tlsrpt"}},
		{"mail only is accepted, R3", "s=email; ", "@sender.example", "", []string{"email"}},
		{"several services, odd spelling", "s= Other : TLSRPT ; ", "@sender.example", "", []string{"other", "tlsrpt"}},
		{"another service", "s=other; ", "@sender.example", ReasonKeyService, []string{"other"}},
		{"no service", "s=; ", "@sender.example", ReasonKeyService, []string{""}},
		{"SHA-256 among the hashes", "h=sha1 : sha256; ", "@sender.example", "", nil},
		{"only SHA-1", "h=sha1; ", "@sender.example", ReasonAlgorithm, nil},
		{"M-E9: a key in testing proves nothing, RFC 6376 3.6.1", "t=y; ", "@sender.example", ReasonKeyTesting, nil},
		{"M-E9: in testing among other flags", "t=x : Y : s; ", "@sender.example", ReasonKeyTesting, nil},
		{"M-E9: another flag that begins alike", "t=yes; ", "@sender.example", "", nil},
		{"strict, same domain", "t=s; ", "x@Sender.Example", "", nil},
		{"strict, subdomain", "t=s; ", "x@tls.sender.example", ReasonIdentity, nil},
		{"not strict, subdomain", "", "x@tls.sender.example", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k, f := parseKeys([]string{record(t, edKey(), tt.extra)})
			if f != nil {
				t.Fatal(f)
			}
			if diff := cmp.Diff(tt.services, k.services); diff != "" {
				t.Errorf("services (-want +got):\n%s", diff)
			}
			s := &Signature{Domain: "sender.example", Identity: tt.identity, Algorithm: "ed25519-sha256"}
			var got Reason
			if f := k.allows(s); f != nil {
				got = f.reason
			}
			if got != tt.want {
				t.Errorf("a key with %q for i=%s: %q, want %q", tt.extra, tt.identity, got, tt.want)
			}
		})
	}
}

func TestKeyOfOtherKind(t *testing.T) {
	t.Parallel()
	k, f := parseKeys([]string{record(t, edKey(), "")})
	if f != nil {
		t.Fatal(f)
	}
	if f := k.allows(&Signature{Algorithm: "rsa-sha256"}); f == nil || f.reason != ReasonAlgorithm {
		t.Errorf("an Ed25519 key for rsa-sha256: %v, want %q", f, ReasonAlgorithm)
	}
}
