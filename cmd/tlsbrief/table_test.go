package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"tlsbrief/internal/domaincheck"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		width      int
		want       []string
	}{
		{"at spaces", "The MX host has  no address.", 11, []string{"The MX host", "has no", "address."}},
		{"nothing", " ", 10, nil},
		{"behind a dot of a long word", "at mail.provider.example now", 15, []string{"at", "mail.provider.", "example now"}},
		{"behind an underscore", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 20, []string{"TLS_ECDHE_RSA_WITH_", "AES_256_GCM_SHA384"}},
		{"but not to leave little on a line", "a.verylongword", 8, []string{"a.verylo", "ngword"}},
		{"two columns for a character", "例え株式会社.example", 8, []string{"例え株式", "会社.", "example"}},
		{"an odd width", "例え株式", 5, []string{"例え", "株式"}},
		{"no room at all", "例え", 1, []string{"例", "え"}},
		{"marks stay with their letters", "a\u0301b\u0301c\u0301", 2, []string{"a\u0301b\u0301", "c\u0301"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, wrap(tt.text, tt.width)); diff != "" {
			t.Errorf("%s: wrap(%q, %d) (-want +got):\n%s", tt.name, tt.text, tt.width, diff)
		}
	}
}

func TestTheTableOfACheck(t *testing.T) {
	t.Parallel()
	days := 81
	results := []domaincheck.Result{
		{Domain: "example.com", Verdict: domaincheck.Error, Findings: []domaincheck.Finding{
			{Code: domaincheck.MXNoAddress, Severity: domaincheck.Error, Message: "The MX host mx.example.com has no address.", Fix: "Give it an A or AAAA record, or take it out of the MX records."},
			{Code: domaincheck.ProbeNoSTARTTLS, Severity: domaincheck.Error, Message: "No STARTTLS.", Fix: "Turn it on.", ResultType: "starttls-not-supported"},
		}},
		{Domain: "xn--l8jegik4gre3003b6htb.example", Verdict: domaincheck.OK, Servers: []domaincheck.Server{
			{Host: "mx.example.com", Address: "192.0.2.1", TLSVersion: "TLS 1.3", CipherSuite: "TLS_AES_128_GCM_SHA256", Days: &days},
			{Host: "mx.example.com", Address: "2001:db8::1"},
		}},
	}
	var out bytes.Buffer
	if err := checkTable(results).print(&out, 80); err != nil {
		t.Fatal(err)
	}
	const want = `Severity  Domain                What                         What to do
--------  --------------------  ---------------------------  -------------------
error     example.com           mx-no-address: The MX host   Give it an A or
                                mx.example.com has no        AAAA record, or
                                address.                     take it out of the
                                                             MX records.

error     example.com           probe-no-starttls: No        Turn it on.
                                STARTTLS. Senders report it
                                as starttls-not-supported.

ok        あいうえお漢字です.   nothing to mend
          example

info      あいうえお漢字です.   mx.example.com (192.0.2.1):
          example               TLS 1.3,
                                TLS_AES_128_GCM_SHA256; the
                                certificate expires in 81
                                days
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line := range strings.Lines(out.String()) {
		if n := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// Whatever is in it and however wide it is, nothing of a table is lost, and no line
// is wider.
func TestTablesOfManyWidths(t *testing.T) {
	t.Parallel()
	words := []string{"warning", strings.Repeat("長い名前", 20) + ".example", "a word and a_very-long.one/of:many@parts " + strings.Repeat("x", 300), "→ \x1b[31mred\u202e"}
	for width := minTableWidth; width <= maxTableWidth; width++ {
		tab := &table{heads: [4]string{"Severity", "Domain", "What", "What to do"}}
		tab.row(words...)
		var out bytes.Buffer
		if err := tab.print(&out, width); err != nil {
			t.Fatal(err)
		}
		widths := tab.widths(width)
		var got [4]string
		for _, line := range slices.Collect(strings.Lines(out.String()))[2:] {
			line = strings.TrimSuffix(line, "\n")
			if n := uniseg.StringWidth(line); n > width || strings.ContainsAny(line, "\x1b\u202e") {
				t.Fatalf("%d columns of %d: %q", n, width, line)
			}
			for i := range got {
				cell := line[:len(line)-len(cutColumns(line, widths[i]))]
				got[i] += strings.TrimSpace(cell)
				line = cutColumns(line, widths[i]+len(gap))
			}
		}
		for i, w := range words {
			if want := strings.ReplaceAll(printable(w), " ", ""); strings.ReplaceAll(got[i], " ", "") != want {
				t.Fatalf("at %d columns the cell %d is %q, want %q", width, i, got[i], want)
			}
		}
	}
}

// cutColumns takes columns off the front of a line.
func cutColumns(line string, n int) string {
	for state := -1; n > 0 && line != ""; {
		var width int
		_, line, width, state = uniseg.FirstGraphemeClusterInString(line, state)
		n -= width
	}
	return line
}
