package dkim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const rsaTags = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=r; t=1772430000; x=1773034800; " +
	"h=From:To:Subject:Date:TLS-Report-Domain:TLS-Report-Submitter:From:To:Subject"

const edTags = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=sender.example; s=e; h=from:to:subject"

// one verifies a mail that must have one signature.
func one(t *testing.T, mail string, at time.Time, z *zone) Signature {
	t.Helper()
	all := Verify(t.Context(), []byte(mail), at, z.lookup, Options{})
	if len(all) != 1 {
		t.Fatalf("Verify found %d signatures, want 1", len(all))
	}
	checkInvariants(t, all)
	return all[0]
}

// checkInvariants checks what holds of every result.
func checkInvariants(t *testing.T, all []Signature) {
	t.Helper()
	for _, s := range all {
		switch {
		case s.Status == Pass && s.Reason == "" && s.Err == nil && s.Domain != "" && s.KeyBits > 0:
		case s.Status == Fail && s.Reason != "" && s.Reason != ReasonDNS && s.Err != nil:
		case s.Status == Unknown && s.Reason == ReasonDNS && s.Err != nil:
		default:
			t.Errorf("status %q, reason %q and error %v contradict each other", s.Status, s.Reason, s.Err)
		}
	}
}

func TestVerifyDescribesTheSignature(t *testing.T) {
	t.Parallel()
	got := one(t, sign(t, report(), rsaTags+"; i=tls@Reports.sender.example", rsaKey()), arrived, keys(t))
	want := Signature{
		Domain: "sender.example", Selector: "r", Identity: "tls@Reports.sender.example", Algorithm: "rsa-sha256",
		Signed:  []string{"from", "to", "subject", "date", "tls-report-domain", "tls-report-submitter", "from", "to", "subject"},
		Time:    time.Date(2026, 3, 2, 5, 40, 0, 0, time.UTC),
		Expires: time.Date(2026, 3, 9, 5, 40, 0, 0, time.UTC),
		Status:  Pass, KeyBits: 2048,
	}
	if len(got.Value) != 344 || strings.ContainsAny(got.Value, " \t\r\n") { // 2048 bits in base64
		t.Errorf("b= is %q", got.Value)
	}
	want.Value = got.Value
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" {
		t.Errorf("Verify (-want +got):\n%s", diff)
	}
}

func TestVerifyWithoutSignature(t *testing.T) {
	t.Parallel()
	z := keys(t)
	for _, mail := range []string{"", "\r\n", report(), "\r\nDKIM-Signature: in the body", "X-DKIM-Signature: v=1\r\n\r\n"} {
		if all := Verify(t.Context(), []byte(mail), arrived, z.lookup, Options{}); len(all) != 0 {
			t.Errorf("Verify(%.30q) found %d signatures", mail, len(all))
		}
	}
	if len(z.asked) > 0 {
		t.Errorf("asked DNS for %q", z.asked)
	}
}

// Each rule of the signature field, of the time and of the algorithm.
func TestVerifyTags(t *testing.T) {
	t.Parallel()
	week := 7 * 24 * time.Hour
	tests := []struct {
		name string
		tags string
		at   time.Time
		want Reason
	}{
		{"RSA", rsaTags, arrived, ""},
		{"Ed25519", edTags, arrived, ""},
		{"simple/simple by default", strings.Replace(edTags, " c=relaxed/relaxed;", "", 1), arrived, ""},
		{"simple header and body", strings.Replace(edTags, "relaxed/relaxed", "simple/simple", 1), arrived, ""},
		{"simple header, relaxed body", strings.Replace(edTags, "relaxed/relaxed", "simple/relaxed", 1), arrived, ""},
		{"one word: body is simple", strings.Replace(edTags, "relaxed/relaxed", "relaxed", 1), arrived, ""},
		{"unknown canonicalization", "v=1; a=x-y; c=nofws", arrived, ReasonSyntax},
		{"spelling of names is free", strings.NewReplacer("ed25519-sha256", "Ed25519-SHA256", "d=sender.example", "d=Sender.EXAMPLE", "relaxed", "Relaxed").Replace(edTags), arrived, ""},
		{"folding inside tags", strings.NewReplacer("d=sender.example", "d=sender\r\n\t.example", "h=from:", "h=from\r\n : ").Replace(edTags), arrived, ""},
		{"unknown tags are passed over", edTags + "; zz=1; atps=x", arrived, ""},
		{"absent fields may be signed", edTags + ":cc:cc:list-id", arrived, ""},
		{"the query method may be named", edTags + "; q=other:dns/txt", arrived, ""},
		{"an unknown query method", edTags + "; q=http", arrived, ReasonSyntax},
		{"a subdomain in i=", edTags + "; i=@tls.sender.example", arrived, ""},
		{"another domain in i=", edTags + "; i=@sender.test", arrived, ReasonIdentity},
		{"a domain in i= that only ends alike", edTags + "; i=@evilsender.example", arrived, ReasonIdentity},
		{"i= without a domain", edTags + "; i=sender.example", arrived, ReasonIdentity},
		{"From is not signed", strings.Replace(edTags, "h=from:", "h=", 1), arrived, ReasonFromUnsigned},
		{"another version", strings.Replace(edTags, "v=1", "v=2", 1), arrived, ReasonSyntax},
		{"no version", strings.Replace(edTags, "v=1; ", "", 1), arrived, ReasonSyntax},
		{"no domain", strings.Replace(edTags, "d=sender.example; ", "", 1), arrived, ReasonSyntax},
		{"no selector", strings.Replace(edTags, "s=e; ", "", 1), arrived, ReasonSyntax},
		{"no list of fields", edTags[:strings.Index(edTags, "; h=")], arrived, ReasonSyntax},
		{"no algorithm", strings.Replace(edTags, "a=ed25519-sha256; ", "", 1), arrived, ReasonSyntax},
		{"a tag twice", edTags + "; v=1", arrived, ReasonSyntax},
		{"rsa-sha1, RFC 8301", strings.Replace(rsaTags, "rsa-sha256", "rsa-sha1", 1), arrived, ReasonAlgorithm},
		{"an unknown algorithm", strings.Replace(rsaTags, "rsa-sha256", "rsa-md5", 1), arrived, ReasonAlgorithm},
		{"an RSA key for Ed25519", strings.Replace(edTags, "s=e", "s=r", 1), arrived, ReasonAlgorithm},
		{"no such key", strings.Replace(edTags, "s=e", "s=gone", 1), arrived, ReasonKeyGone},
		{"a selector of two labels", strings.Replace(edTags, "s=e", "s=2026.e", 1), arrived, ReasonKeyGone},
		{"an empty label", strings.Replace(edTags, "d=sender.example", "d=sender..example", 1), arrived, ReasonSyntax},
		{"a label that is too long", strings.Replace(edTags, "s=e", "s="+strings.Repeat("e", 64), 1), arrived, ReasonSyntax},
		{"a name that is too long", strings.Replace(edTags, "d=", "d="+strings.Repeat("long.", 50), 1), arrived, ReasonSyntax},
		{"no host name", strings.Replace(edTags, "d=sender.example", "d=<b>.example", 1), arrived, ReasonSyntax},
		{"a very long identity", edTags + "; i=" + strings.Repeat("x", 600) + "@sender.example", arrived, ReasonSyntax},
		{"very many signed fields", edTags + strings.Repeat(":x", 500), arrived, ReasonSyntax},
		{"a very large field", edTags + "; z=" + strings.Repeat("x", maxSignatureField), arrived, ReasonSyntax},
		{"a time that is none", edTags + "; t=soon", arrived, ReasonSyntax},
		{"a negative time", edTags + "; t=-1", arrived, ReasonSyntax},
		{"an empty time", edTags + "; x=", arrived, ReasonSyntax},
		{"expires before it was made", edTags + "; t=1772430000; x=1772430000", arrived, ReasonSyntax},
		{"expiry counts at the given time, not now", rsaTags, arrived.Add(week - time.Hour), ""},
		{"not expired at the very second", edTags + "; x=1772431200", arrived, ""},
		{"expired a second ago", edTags + "; x=1772431199", arrived, ReasonExpired},
		{"expired", rsaTags, arrived.Add(week), ReasonExpired},
		{"expiry beyond all time", edTags + "; x=99999999999999999999999", arrived, ""},
		{"a clock that is a few hours ahead", rsaTags, arrived.Add(-23 * time.Hour), ""},
		{"made after the mail arrived", rsaTags, arrived.Add(-25 * time.Hour), ReasonNotYet},
		{"no time of arrival", rsaTags, time.Time{}, ReasonNotYet},
		{"l= is a thing of the caller's", edTags + "; l=10", arrived, ""},
		{"l= of nothing", edTags + "; l=0", arrived, ""},
		{"l= beyond the body", edTags + "; l=100000", arrived, ReasonBodyHash},
		{"l= beyond all numbers", edTags + "; l=" + strings.Repeat("9", 76), arrived, ReasonBodyHash},
		{"l= is no number", edTags + "; l=+1", arrived, ReasonSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := one(t, signOrNot(t, tt.tags, tt.want), tt.at, keys(t))
			if got.Reason != tt.want {
				t.Errorf("reason %q (%v), want %q", got.Reason, got.Err, tt.want)
			}
			if got.BodyLength != strings.Contains(tt.tags, "; l=") {
				t.Errorf("BodyLength = %v", got.BodyLength)
			}
			if len(got.Domain) > 253 || strings.ContainsAny(got.Domain, "<> \r\n") {
				t.Errorf("Domain = %q", got.Domain)
			}
		})
	}
}

// signOrNot signs the report; where the field is too broken to be signed, it
// gets a signature that is none.
func signOrNot(t *testing.T, tags string, want Reason) string {
	t.Helper()
	if want == ReasonSyntax {
		return "DKIM-Signature: " + tags + "; bh=AAAA; b=AAAA\r\n" + report()
	}
	if strings.Contains(tags, "a=rsa-") {
		return sign(t, report(), tags, rsaKey())
	}
	return sign(t, report(), tags, edKey())
}

func TestVerifyBrokenBase64(t *testing.T) {
	t.Parallel()
	for _, tail := range []string{"; bh=!; b=AAAA", "; bh=AAAA; b=!", "; bh=; b=AAAA", "; bh=AAAA; b=", "; bh=AAAA", "; b=AAAA"} {
		got := one(t, "DKIM-Signature: "+edTags+tail+"\r\n"+report(), arrived, keys(t))
		if got.Reason != ReasonSyntax {
			t.Errorf("%s: %q (%v), want %q", tail, got.Reason, got.Err, ReasonSyntax)
		}
	}
}

// What happens to a mail under way, and whether the signature survives it.
func TestVerifyChangedMail(t *testing.T) {
	t.Parallel()
	const relaxed, simple = "relaxed/relaxed", "simple/simple"
	tests := []struct {
		name   string
		change func(string) string
		canon  string
		want   Reason
	}{
		{"nothing", func(m string) string { return m }, relaxed, ""},
		{"LF for CRLF, as in a file, simple", lf, simple, ""},
		{"LF for CRLF, as in a file, relaxed", lf, relaxed, ""},
		{"a field on top", func(m string) string { return "Received: from x by y; z\r\n" + m }, simple, ""},
		{"a second From on top is not what was signed", func(m string) string { return "From: x@evil.example\r\n" + m }, simple, ""},
		{"a second From below", func(m string) string { return strings.Replace(m, "\r\nTo:", "\r\nFrom: x@evil.example\r\nTo:", 1) }, relaxed, ReasonBadSignature},
		{"a signed field", func(m string) string { return strings.Replace(m, "Domain: example.com", "Domain: example.net", 1) }, relaxed, ReasonBadSignature},
		{"an unsigned field", func(m string) string { return strings.Replace(m, "Date: Mon", "Date: Tue", 1) }, relaxed, ""},
		{"a field folded anew, relaxed", func(m string) string { return strings.Replace(m, "TLS reports", "TLS\r\n\t reports", 1) }, relaxed, ""},
		{"a field folded anew, simple", func(m string) string { return strings.Replace(m, "TLS reports", "TLS\r\n\t reports", 1) }, simple, ReasonBadSignature},
		{"a field's name spelt anew, relaxed", func(m string) string { return strings.Replace(m, "\r\nTo: ", "\r\nTO :", 1) }, relaxed, ""},
		{"the signature field folded anew, relaxed", func(m string) string { return strings.Replace(m, "; d=", ";\r\n d=", 1) }, relaxed, ""},
		{"the signature field folded anew, simple", func(m string) string { return strings.Replace(m, "; d=", ";\r\n d=", 1) }, simple, ReasonBadSignature},
		{"the signature itself folded anew, simple", func(m string) string { return strings.Replace(m, "\tb=", "\tb= \r\n\t", 1) }, simple, ""},
		{"a tag of the signature", func(m string) string { return strings.Replace(m, "v=1;", "v=1; y=1;", 1) }, relaxed, ReasonBadSignature},
		{"empty lines at the end", func(m string) string { return m + "\r\n\r\n" }, simple, ""},
		{"a list's footer", func(m string) string { return m + "-- \r\nfooter\r\n" }, relaxed, ReasonBodyHash},
		{"white space in the body, relaxed", func(m string) string { return strings.Replace(m, "  two", " two", 1) }, relaxed, ""},
		{"white space in the body, simple", func(m string) string { return strings.Replace(m, "  two", " two", 1) }, simple, ReasonBodyHash},
		{"the body cut off", func(m string) string { return m[:strings.Index(m, "\r\n\r\n")] }, relaxed, ReasonBodyHash},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mail := sign(t, report(), strings.Replace(edTags, "relaxed/relaxed", tt.canon, 1), edKey())
			z := keys(t)
			got := one(t, tt.change(mail), arrived, z)
			if got.Reason != tt.want {
				t.Errorf("reason %q (%v), want %q", got.Reason, got.Err, tt.want)
			}
			if got.Reason == ReasonBodyHash && len(z.asked) > 0 {
				t.Errorf("a broken body cost the query for %q", z.asked)
			}
		})
	}
}

func lf(m string) string { return strings.ReplaceAll(m, "\r\n", "\n") }

func TestVerifyOversignedFieldRefusesAnother(t *testing.T) {
	t.Parallel()
	mail := sign(t, report(), edTags+":from:cc", edKey())
	for _, field := range []string{"From: x@evil.example\r\n", "Cc: x@evil.example\r\n"} {
		if got := one(t, field+mail, arrived, keys(t)); got.Reason != ReasonBadSignature {
			t.Errorf("with %q: %q, want %q", field, got.Reason, ReasonBadSignature)
		}
	}
}

func TestVerifySeveralSignatures(t *testing.T) {
	t.Parallel()
	mail := sign(t, report(), rsaTags, rsaKey())
	mail = sign(t, mail, edTags+":dkim-signature", edKey())
	mail = sign(t, mail, strings.Replace(edTags, "s=e", "s=gone", 1), edKey())
	mail = "DKIM-Signature: nonsense\r\n" + mail
	z := keys(t)
	all := Verify(t.Context(), []byte(mail), arrived, z.lookup, Options{})
	checkInvariants(t, all)
	var got []string
	for _, s := range all {
		got = append(got, s.Selector+" "+string(s.Status)+" "+string(s.Reason))
	}
	if diff := cmp.Diff([]string{" fail syntax", "gone fail key-gone", "e pass ", "r pass "}, got); diff != "" {
		t.Errorf("in the order of the header (-want +got):\n%s", diff)
	}
	want := []string{"gone._domainkey.sender.example", "e._domainkey.sender.example", "r._domainkey.sender.example"}
	if diff := cmp.Diff(want, z.asked); diff != "" {
		t.Errorf("DNS was asked (-want +got):\n%s", diff)
	}
}

func TestVerifyMaxSignatures(t *testing.T) {
	t.Parallel()
	mail := strings.Repeat(strings.SplitAfter(sign(t, report(), edTags, edKey()), "=\r\n")[0], 20) + report()
	for limit, want := range map[int]int{0: DefaultMaxSignatures, 1: 1, 3: 3, 100: 20} {
		z := keys(t)
		if all := Verify(t.Context(), []byte(mail), arrived, z.lookup, Options{MaxSignatures: limit}); len(all) != want || len(z.asked) > want {
			t.Errorf("MaxSignatures %d: %d signatures, %d queries; want %d", limit, len(all), len(z.asked), want)
		}
	}
}

func TestVerifyHugeHeader(t *testing.T) {
	t.Parallel()
	mail := sign(t, report(), edTags, edKey())
	mail = strings.Replace(mail, "\r\n\r\n", "\r\nX: "+strings.Repeat("x", maxHeader)+"\r\n\r\n", 1)
	if got := one(t, mail, arrived, keys(t)); got.Reason != ReasonSyntax || got.Domain != "sender.example" {
		t.Errorf("%q of %q, want %q of sender.example", got.Reason, got.Domain, ReasonSyntax)
	}
}

// RFC 8616: U-labels in d= and s= are looked up as A-labels.
func TestVerifyInternationalDomain(t *testing.T) {
	t.Parallel()
	z := &zone{records: map[string][]string{"xn--schlssel-95a._domainkey.xn--bcher-kva.example": {record(t, edKey(), "")}}}
	tags := strings.NewReplacer("d=sender.example", "d=B\u00fccher.example", "s=e", "s=schl\u00fcssel").Replace(edTags)
	got := one(t, sign(t, report(), tags+"; i=x@b\u00fccher.example", edKey()), arrived, z)
	if got.Status != Pass || got.Domain != "xn--bcher-kva.example" {
		t.Errorf("%q (%v) by %q; asked %q", got.Status, got.Err, got.Domain, z.asked)
	}
}

func TestVerifyDNS(t *testing.T) {
	t.Parallel()
	mail := sign(t, report(), edTags, edKey())
	timeout := errors.New("timeout")
	tests := []struct {
		name   string
		err    error
		status Status
		reason Reason
	}{
		{"no answer is not known", timeout, Unknown, ReasonDNS},
		{"a wrapped answer that there is nothing is for good", fmt.Errorf("x: %w", ErrNoRecord), Fail, ReasonKeyGone},
		{"given up by the caller", context.Canceled, Unknown, ReasonDNS},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := one(t, mail, arrived, &zone{err: tt.err})
			if got.Status != tt.status || got.Reason != tt.reason || !errors.Is(got.Err, tt.err) {
				t.Errorf("%q, %q, %v; want %q, %q, %v", got.Status, got.Reason, got.Err, tt.status, tt.reason, tt.err)
			}
		})
	}
}

func TestVerifyReportsTheKey(t *testing.T) {
	t.Parallel()
	mail := sign(t, report(), edTags, edKey())
	z := &zone{records: map[string][]string{"e._domainkey.sender.example": {record(t, edKey(), "s=email:other; ")}}}
	got := one(t, mail, arrived, z)
	if got.Status != Pass || got.KeyBits != 256 || !cmp.Equal(got.KeyServices, []string{"email", "other"}) {
		t.Errorf("%q, %d bits, services %q", got.Status, got.KeyBits, got.KeyServices)
	}
	z = &zone{records: map[string][]string{"e._domainkey.sender.example": {rsaRecord(t, 768)}}}
	if got := one(t, mail, arrived, z); got.Reason != ReasonKeyTooShort || got.KeyBits != 768 {
		t.Errorf("%q, %d bits; want %q, 768", got.Reason, got.KeyBits, ReasonKeyTooShort)
	}
}
