package authres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/poller/authres"
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
			if got := r.Passed(tt.domain, tt.selector); got != tt.want {
				t.Errorf("%q: Passed(%q, %q) = %t", tt.value, tt.domain, tt.selector, got)
			}
		})
	}
}
