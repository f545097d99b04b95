package authres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest/authres"
)

func TestFields(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, message string
		want          []string
	}{
		{"topmost first", "Authentication-Results: a\r\nFrom: x\r\nAuthentication-Results: b\r\n\r\n", []string{" a", " b"}},
		{"in any case", "AUTHENTICATION-results:a\r\n\r\n", []string{"a"}},
		{"still folded", "Authentication-Results: a;\r\n b\r\n\tc\r\nFrom: x\r\n\r\n", []string{" a;\r\n b\r\n\tc"}},
		{"LF", "Authentication-Results: a;\n b\nAuthentication-Results: c\n\n", []string{" a;\n b", " c"}},
		{"folded over a blank line", "Authentication-Results: a;\r\n \r\n b\r\n\r\nAuthentication-Results: c\r\n", []string{" a;\r\n \r\n b"}},
		{"not in the body", "From: x\r\n\r\nAuthentication-Results: a\r\n", nil},
		{"not behind an empty LF line", "From: x\r\n\nAuthentication-Results: a\r\n", nil},
		{"not within another field", "Subject: x\r\n Authentication-Results: a\r\n\r\n", nil},
		{"not behind a bare CR", "Subject: x\rAuthentication-Results: a\r\n\r\n", nil},
		{"no other names", "ARC-Authentication-Results: i=1; a\r\nAuthentication-Results-Original: b\r\nX-Authentication-Results: c\r\nAuthentication-Results : d\r\n\r\n", nil},
		{"a header without end", "Authentication-Results: a", []string{" a"}},
		{"an mbox line first", "From a@b.example Mon Mar  2 05:59:58 2026\nAuthentication-Results: a\n\n", []string{" a"}},
		{"a continuation of nothing", " x\r\nAuthentication-Results: a\r\n\r\n", []string{" a"}},
		{"no header", "\r\nAuthentication-Results: a\r\n", nil},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, authres.Fields([]byte(tt.message))); diff != "" {
				t.Errorf("Fields(%q) (-want +got):\n%s", tt.message, diff)
			}
		})
	}
}

func TestFieldsIsBounded(t *testing.T) {
	t.Parallel()
	const one = "Authentication-Results: mx.example.org; none\r\n"
	tests := []struct {
		name, message string
		want          int
	}{
		{"50 fields", strings.Repeat(one, 60) + "\r\n", 50},
		{"64 KiB together", strings.Repeat("Authentication-Results: "+strings.Repeat("x", 20<<10)+"\r\n", 5), 3},
		{"nothing below a field that is too large", one + "Authentication-Results: " + strings.Repeat("x", 64<<10) + "\r\n" + one, 1},
		{"1 MiB of header", one + "X: " + strings.Repeat("x", 1<<20) + "\r\n" + one, 1},
		{"no field that the bound cuts", one + "X: " + strings.Repeat("x", 1<<20-2*len(one)) + "\r\n" + one, 1},
		{"a long body does not count", one + "\r\n" + strings.Repeat("x", 2<<20), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := len(authres.Fields([]byte(tt.message))); got != tt.want {
				t.Errorf("%d fields, want %d", got, tt.want)
			}
		})
	}
}

func TestPassed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value, domain, selector string
		want                          bool
	}{
		{"the signature", "x; dkim=pass header.d=a.example header.s=s", "a.example", "s", true},
		{"without selector", "x; dkim=pass header.d=a.example", "a.example", "s", true},
		{"in any case", "x; dkim=pass header.d=A.example header.s=S", "a.EXAMPLE.", "s", true},
		{"one of several", "x; dkim=fail header.d=b.example; dkim=pass header.d=a.example", "a.example", "s", true},
		{"beside another selector that failed", "x; dkim=fail header.d=a.example header.s=t; dkim=pass header.d=a.example header.s=s", "a.example", "s", true},
		{"another selector", "x; dkim=pass header.d=a.example header.s=t", "a.example", "s", false},
		{"another domain", "x; dkim=pass header.d=b.example", "a.example", "s", false},
		{"a subdomain", "x; dkim=pass header.d=b.a.example", "a.example", "s", false},
		{"the parent domain", "x; dkim=pass header.d=example", "a.example", "s", false},
		{"contradicted", "x; dkim=pass header.d=a.example header.s=s; dkim=fail header.d=a.example header.s=s", "a.example", "s", false},
		{"contradicted without selector", "x; dkim=pass header.d=a.example header.s=s; dkim=temperror header.d=a.example", "a.example", "s", false},
		{"failed", "x; dkim=fail header.d=a.example", "a.example", "s", false},
		{"policy", "x; dkim=policy header.d=a.example", "a.example", "s", false},
		{"no domain on either side", "x; dkim=pass", "", "", false},
		{"nothing checked", "x; none", "a.example", "s", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := authres.Parse(tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Passed(authres.Signature{Domain: tt.domain, Selector: tt.selector}, []authres.Signature{{Domain: tt.domain, Selector: tt.selector}}); got != tt.want {
				t.Errorf("%q: Passed(%q, %q) = %t", tt.value, tt.domain, tt.selector, got)
			}
		})
	}
}

// M-E7: a result speaks of one signature of a message, and a stranger can have
// added others with the same d= and s=, beyond those that the server looked at.
func TestPassedIsAboutOneSignature(t *testing.T) {
	t.Parallel()
	genuine := authres.Signature{Domain: "a.example", Selector: "s", Value: "AbCdEfGhIjKl"}
	added := authres.Signature{Domain: "a.example", Selector: "s", Value: "ZZZZZZZZZZZZ"}
	alike := authres.Signature{Domain: "a.example", Selector: "s", Value: "AbCdEfGhXXXX"}
	otherKey := authres.Signature{Domain: "a.example", Selector: "t", Value: "YYYYYYYYYYYY"}
	foreign := authres.Signature{Domain: "b.example", Selector: "s", Value: "AbCdEfGh1234"}
	unreadable := authres.Signature{}
	tests := []struct {
		name, value string
		of          authres.Signature
		beside      []authres.Signature
		want        bool
	}{
		{"header.b is its own", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", genuine, nil, true},
		{"all of b=", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGhIjKl", genuine, nil, true},
		{"white space in header.b", `x; dkim=pass header.d=a.example header.b="AbCd EfGh"`, genuine, []authres.Signature{added}, true},
		{"header.b is its own, beside an added one", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", genuine, []authres.Signature{added}, true},
		{"header.b is another's", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", added, []authres.Signature{genuine}, false},
		{"header.b is another's that is not there", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", added, nil, false},
		{"header.b in another case", "x; dkim=pass header.d=a.example header.s=s header.b=ABCDEFGH", genuine, nil, false},
		{"header.b fits two, the genuine one", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", genuine, []authres.Signature{alike}, false},
		{"header.b fits two, the added one", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", alike, []authres.Signature{genuine}, false},
		{"header.b fits one of another domain as well", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", genuine, []authres.Signature{foreign}, false},
		{"header.b longer tells the two apart", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGhI", genuine, []authres.Signature{alike}, true},
		{"header.b too short for RFC 6008, one signature", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfG", genuine, nil, true},
		{"header.b too short for RFC 6008, two", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfG", genuine, []authres.Signature{added}, false},
		{"header.b contradicts itself", "x; dkim=pass header.d=a.example header.b=AbCdEfGh header.b=ZZZZZZZZ", genuine, nil, false},
		{"the added one failed", "x; dkim=fail header.d=a.example header.s=s header.b=ZZZZZZZZ; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", genuine, []authres.Signature{added}, true},
		{"it failed, and the added one passed", "x; dkim=fail header.d=a.example header.s=s header.b=AbCdEfGh; dkim=pass header.d=a.example header.s=s header.b=ZZZZZZZZ", genuine, []authres.Signature{added}, false},
		{"no header.b, one signature", "x; dkim=pass header.d=a.example header.s=s", genuine, nil, true},
		{"no header.b, two of the same key", "x; dkim=pass header.d=a.example header.s=s", genuine, []authres.Signature{added}, false},
		{"no header.b, two of the same key, both passed", "x; dkim=pass header.d=a.example header.s=s; dkim=pass header.d=a.example header.s=s", added, []authres.Signature{genuine}, false},
		{"no header.b, another key of the domain", "x; dkim=pass header.d=a.example header.s=s", genuine, []authres.Signature{otherKey, foreign}, true},
		{"neither header.b nor header.s, another key of the domain", "x; dkim=pass header.d=a.example", genuine, []authres.Signature{otherKey}, false},
		{"neither header.b nor header.s, another domain", "x; dkim=pass header.d=a.example", genuine, []authres.Signature{foreign}, true},
		{"no header.b, one that cannot be read", "x; dkim=pass header.d=a.example header.s=s", genuine, []authres.Signature{unreadable}, false},
		{"header.b, and one that cannot be read", "x; dkim=pass header.d=a.example header.s=s header.b=AbCdEfGh", genuine, []authres.Signature{unreadable}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := authres.Parse(tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Passed(tt.of, append([]authres.Signature{tt.of}, tt.beside...)); got != tt.want {
				t.Errorf("%q: Passed(%+v) beside %+v = %t", tt.value, tt.of, tt.beside, got)
			}
		})
	}
}
