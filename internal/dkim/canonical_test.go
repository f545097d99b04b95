package dkim

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func TestCanonicalHeader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw, simple, relaxed string
	}{
		{"RFC 6376 3.4.5 field A", "A: X", "A: X", "a:X"},
		{"RFC 6376 3.4.5 field B", "B : Y\t\r\n\tZ  ", "B : Y\t\r\n\tZ  ", "b:Y Z"},
		{"bare LF counts as CRLF", "B : Y\t\n\tZ  ", "B : Y\t\r\n\tZ  ", "b:Y Z"},
		{"an empty value stays empty", "X-Empty:  ", "X-Empty:  ", "x-empty:"},
		{"a folded line of white space vanishes", "S: a\r\n \t\r\n b", "S: a\r\n \t\r\n b", "s:a b"},
		{"colons of the value stay", "S:a:b", "S:a:b", "s:a:b"},
		{"a bare CR is an octet", "S: a\rb", "S: a\rb", "s:a\rb"},
		{"8-bit octets are untouched", "S: \xe9\xff", "S: \xe9\xff", "s:\xe9\xff"},
		{"only ASCII letters are made small", "\u212aEY: K", "\u212aEY: K", "\u212aey:K"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				relaxed bool
				want    string
			}{{false, tt.simple}, {true, tt.relaxed}} {
				if got := string(appendHeader(nil, []byte(tt.raw), c.relaxed)); got != c.want+crlf {
					t.Errorf("appendHeader(%q, relaxed %v) = %q, want %q", tt.raw, c.relaxed, got, c.want+crlf)
				}
			}
		})
	}
}

func TestCanonicalBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, simple, relaxed string
	}{
		{"RFC 6376 3.4.5", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
		{"an empty body", "", "\r\n", ""},
		{"only empty lines", "\r\n\r\n\r\n", "\r\n", ""},
		{"only white space", " \r\n\t\r\n", " \r\n\t\r\n", ""},
		{"no line end at the end", "abc", "abc\r\n", "abc\r\n"},
		{"white space and no line end", "abc \t", "abc \t\r\n", "abc\r\n"},
		{"empty lines between stay", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"},
		{"white space only lines between are empty if relaxed", "a\r\n \r\nb\r\n", "a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n"},
		{"bare LF counts as CRLF", "a\nb\n\n\n", "a\r\nb\r\n", "a\r\nb\r\n"},
		{"LF and CRLF mixed", "a\r\nb\nc", "a\r\nb\r\nc\r\n", "a\r\nb\r\nc\r\n"},
		{"a bare CR is an octet", "a\rb\r\n", "a\rb\r\n", "a\rb\r\n"},
		{"a CR at the very end is an octet", "a\r", "a\r\r\n", "a\r\r\n"},
		{"leading white space is one space", "\t \tx\r\n", "\t \tx\r\n", " x\r\n"},
		{"NUL and 8-bit are octets", "\x00\xff\r\n", "\x00\xff\r\n", "\x00\xff\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				relaxed bool
				want    string
			}{{false, tt.simple}, {true, tt.relaxed}} {
				if got := canonicalBody(tt.body, c.relaxed); got != c.want {
					t.Errorf("body %q, relaxed %v: got %q, want %q", tt.body, c.relaxed, got, c.want)
				}
				if again := canonicalBody(c.want, c.relaxed); again != c.want {
					t.Errorf("the canonical form %q changed to %q", c.want, again)
				}
			}
		})
	}
}

func canonicalBody(body string, relaxed bool) string {
	var b bytes.Buffer
	w := bufio.NewWriterSize(&b, 16)
	writeBody(w, []byte(body), relaxed)
	w.Flush()
	return b.String()
}

// The hashes of an empty body stand in RFC 6376, sections 3.4.3 and 3.4.4.
func TestBodySumOfNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		relaxed bool
		want    string
	}{
		{false, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="},
		{true, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
	} {
		s := sumBody(nil, tt.relaxed, -1)
		if got := base64.StdEncoding.EncodeToString(s.sum[:]); got != tt.want {
			t.Errorf("relaxed %v: bh=%s, want %s", tt.relaxed, got, tt.want)
		}
	}
}

func TestBodySumWithLength(t *testing.T) {
	t.Parallel()
	body := []byte("first line  \r\n" + strings.Repeat("filler\r\n", 2000) + "last\r\n\r\n")
	for _, relaxed := range []bool{false, true} {
		whole := []byte(canonicalBody(string(body), relaxed))
		for _, n := range []int64{0, 1, 11, 5000, int64(len(whole)) - 1, int64(len(whole))} {
			// The beginning of a canonical body, taken as a simple body without
			// end, is hashed as it is.
			got, want := sumBody(body, relaxed, n), sumBody(whole, false, n)
			if got.sum != want.sum || got.octets != n {
				t.Errorf("relaxed %v, l=%d: %d octets hashed, or others than the first ones", relaxed, n, got.octets)
			}
		}
		if got := sumBody(body, relaxed, 1<<40); got.octets != int64(len(whole)) || got.sum != sumBody(body, relaxed, -1).sum {
			t.Errorf("relaxed %v: l= beyond the body hashed %d octets, want %d", relaxed, got.octets, len(whole))
		}
	}
}
