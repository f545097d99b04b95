package tlsrpt_test

import (
	"testing"

	"tlsbrief/internal/tlsrpt"
)

func TestUnlisted(t *testing.T) {
	t.Parallel()
	lines := func(mx ...string) []string {
		all := []string{"version: STSv1", "mode: enforce"}
		for _, m := range mx {
			all = append(all, "mx: "+m)
		}
		return append(all, "max_age: 86400")
	}
	for _, tt := range []struct {
		name   string
		policy tlsrpt.Policy
		host   string
		want   bool
	}{
		{"M-G20 another is listed", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines("mx.shpo.example")}, "mx.shop.example", true},
		{"listed", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines("a.example", "MX.shop.example.")}, "mx.shop.example", false},
		{"by a wildcard", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines("*.shop.example")}, "mx.shop.example", false},
		{"a wildcard stands for one label", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines("*.shop.example")}, "a.mx.shop.example", true},
		{"a wildcard does not stand for none", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines("*.shop.example")}, "shop.example", true},
		{"by mx-host", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines("a.example"), MXHosts: []string{"*.shop.example"}}, "mx.shop.example", false},
		{"mx-host alone", tlsrpt.Policy{Type: tlsrpt.STS, MXHosts: []string{"a.example"}}, "mx.shop.example", true},
		{"no mx is quoted", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines()}, "mx.shop.example", false},
		{"no host is named", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines("a.example")}, "", false},
		{"what is no host", tlsrpt.Policy{Type: tlsrpt.STS, Strings: lines("a.example")}, "not a host", false},
		{"DANE", tlsrpt.Policy{Type: tlsrpt.TLSA, MXHosts: []string{"a.example"}}, "mx.shop.example", false},
	} {
		if got := tt.policy.Unlisted(tt.host); got != tt.want {
			t.Errorf("%s: Unlisted(%q) = %v, want %v", tt.name, tt.host, got, tt.want)
		}
	}
}
