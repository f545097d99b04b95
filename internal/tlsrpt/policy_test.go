package tlsrpt

import "testing"

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
		policy Policy
		host   string
		want   bool
	}{
		{"M-G20 another is listed", Policy{Type: STS, Strings: lines("mx.shpo.example")}, "mx.shop.example", true},
		{"listed", Policy{Type: STS, Strings: lines("a.example", "MX.shop.example.")}, "mx.shop.example", false},
		{"by a wildcard", Policy{Type: STS, Strings: lines("*.shop.example")}, "mx.shop.example", false},
		{"a wildcard stands for one label", Policy{Type: STS, Strings: lines("*.shop.example")}, "a.mx.shop.example", true},
		{"a wildcard does not stand for none", Policy{Type: STS, Strings: lines("*.shop.example")}, "shop.example", true},
		{"by mx-host", Policy{Type: STS, Strings: lines("a.example"), MXHosts: []string{"*.shop.example"}}, "mx.shop.example", false},
		{"mx-host alone", Policy{Type: STS, MXHosts: []string{"a.example"}}, "mx.shop.example", true},
		{"no mx is quoted", Policy{Type: STS, Strings: lines()}, "mx.shop.example", false},
		{"no host is named", Policy{Type: STS, Strings: lines("a.example")}, "", false},
		{"what is no host", Policy{Type: STS, Strings: lines("a.example")}, "not a host", false},
		{"DANE", Policy{Type: TLSA, MXHosts: []string{"a.example"}}, "mx.shop.example", false},
	} {
		if got := tt.policy.Unlisted(tt.host); got != tt.want {
			t.Errorf("%s: Unlisted(%q) = %v, want %v", tt.name, tt.host, got, tt.want)
		}
	}
}
