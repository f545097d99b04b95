package facts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChooser(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		patterns []string
		domain   string
		want     bool
	}{
		{"exact", []string{"example.com"}, "example.com", true},
		{"exact is not its subdomain", []string{"example.com"}, "mx.example.com", false},
		{"case does not matter", []string{"Example.COM"}, "example.com", true},
		{"nor a dot at the end", []string{"example.com."}, "example.com", true},
		{"a wildcard takes a subdomain", []string{"*.example.org"}, "a.example.org", true},
		{"at any depth", []string{"*.example.org"}, "a.b.c.example.org", true},
		{"but not the domain itself", []string{"*.example.org"}, "example.org", false},
		{"nor another that ends alike", []string{"*.example.org"}, "badexample.org", false},
		{"U-labels are compared as A-labels", []string{"bücher.example"}, "xn--bcher-kva.example", true},
		{"in wildcards too", []string{"*.bücher.example"}, "www.xn--bcher-kva.example", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := NewPatterns(tt.patterns)
			if got := c.Matches(tt.domain); got != tt.want {
				t.Errorf("%q matches %q = %t, want %t", tt.patterns, tt.domain, got, tt.want)
			}
			rest := &Patterns{Not: []*Patterns{NewPatterns([]string{"elsewhere.example"}), c}}
			if got := rest.Matches(tt.domain); got == tt.want {
				t.Errorf("%q is claimed by %q = %t, but the fallback digest has it = %t", tt.domain, tt.patterns, tt.want, got)
			}
		})
	}
}

func TestChooseKeepsDomainsThatNothingCameFor(t *testing.T) {
	t.Parallel()
	got := NewPatterns([]string{"quiet.example", "*.example.org", "example.com"}).choose([]string{"z.example.org", "example.com", "other.example", "z.example.org"})
	want := []DomainName{{"example.com", true}, {"quiet.example", true}, {"z.example.org", false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("choose (-want +got):\n%s", diff)
	}
}
