package tlsrpt_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/idna"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

func TestReadableDomain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, unicode, want string }{
		{"a plain name stays", "mx.example.com", "mx.example.com"},
		{"Latin letters with marks are shown", "bücher.example", "bücher.example"},
		{"label by label", "mx1.пример.example", "mx1.пример.example"},
		{"Chinese and Japanese are shown", "例え.テスト", "例え.テスト"},
		{"so is Korean", "한국.example", "한국.example"},
		{"so is Greek that looks like nothing else", "παράδειγμα.example", "παράδειγμα.example"},
		{"a Cyrillic word of Latin look-alikes is not", "рорсор.example", ""},
		{"nor are two scripts in one label", "gооgle.example", ""},
		{"nor a Greek omicron among Latin letters", "gοogle.example", ""},
		{"nor a dotless i", "mıcrosoft.example", ""},
		{"nor Latin letters of phonetics", "ɡoogle.example", ""},
		{"nor kana that look like punctuation", "ノ.example", ""},
		{"nor what is read from right to left", "דוגמה.example", ""},
		{"a wildcard stays one", "*.bücher.example", "*.bücher.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			star, name := "", tt.unicode
			if strings.HasPrefix(name, "*.") {
				star, name = "*.", name[2:]
			}
			a, err := idna.Lookup.ToASCII(name)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == "" {
				want = star + a
			}
			if got := tlsrpt.ReadableDomain(star + a); got != want {
				t.Errorf("ReadableDomain(%q) = %q, want %q", star+a, got, want)
			}
		})
	}
	for _, bad := range []string{"", "xn--", "xn--a.example", "xn--99999999.example", "xn--a\x00.example", strings.Repeat("xn--x.", 100)} {
		if got := tlsrpt.ReadableDomain(bad); got != bad {
			t.Errorf("ReadableDomain(%q) = %q", bad, got)
		}
	}
}

// Whatever is shown stands for the name and for no other, on one line.
func FuzzReadableDomain(f *testing.F) {
	for _, s := range []string{"mx.example.com", "xn--bcher-kva.example", "xn--e1afmkfd.xn--80akhbyknj4f", "xn--r8jz45g.xn--zckzah", "*.xn--bcher-kva.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		domain, _ := hostname.Normalize(s)
		got := tlsrpt.ReadableDomain(domain)
		if got == domain {
			return
		}
		if back, odd := hostname.Normalize(got); back != domain {
			t.Errorf("ReadableDomain(%q) = %q, which reads as %q (%v)", domain, got, back, odd)
		}
		if strings.Count(got, ".") != strings.Count(domain, ".") {
			t.Errorf("ReadableDomain(%q) = %q: another number of labels", domain, got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) || unicode.In(r, unicode.Arabic, unicode.Hebrew) {
				t.Errorf("ReadableDomain(%q) = %q: %U", domain, got, r)
			}
		}
	})
}
