package authres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest/authres"
)

// What a stranger gets into a genuine field (a sender's address, a name from
// HELO, tags of a signature) makes no result of its own.
func TestParseTakesNothingFromWithin(t *testing.T) {
	t.Parallel()
	fail := []authres.DKIM{{Result: "fail", Domain: "other.example"}}
	tests := []struct {
		name, value string
		want        []authres.DKIM
	}{
		{"a result in a comment", "mx.example.org; dkim=fail (x; dkim=pass header.d=reporter.example) header.d=other.example", fail},
		{"a result in a nested comment", "mx.example.org; dkim=fail (x (y); dkim=pass header.d=reporter.example) header.d=other.example", fail},
		{"an escaped parenthesis", `mx.example.org; dkim=fail (x\); dkim=pass header.d=reporter.example) header.d=other.example`, fail},
		{"a result in a quoted string", `mx.example.org; spf=none smtp.helo="x; dkim=pass header.d=reporter.example"; dkim=fail header.d=other.example`, fail},
		{"a result in a quoted local part", `mx.example.org; spf=pass smtp.mailfrom="a\"; dkim=pass header.d=reporter.example"@x.example; dkim=fail header.d=other.example`, fail},
		{"a property in a quoted local part", `mx.example.org; dkim=fail header.i="a header.d=reporter.example "@other.example header.d=other.example`,
			[]authres.DKIM{{Result: "fail", Domain: "other.example", Identity: "a header.d=reporter.example @other.example"}}},
		{"a result without semicolon before it", "mx.example.org; spf=none smtp.helo=x dkim=pass header.d=reporter.example", nil},
		{"a method that begins with dkim", "mx.example.org; dkim-atps=pass header.d=reporter.example; x-dkim=pass header.d=reporter.example", nil},
		{"two signing domains", "mx.example.org; dkim=pass header.d=other.example header.d=reporter.example", []authres.DKIM{{Result: "pass"}}},
		{"two identities", "mx.example.org; dkim=pass header.i=@other.example header.i=@reporter.example", []authres.DKIM{{Result: "pass", Identity: "@reporter.example"}}},
		{"an identity outside of the domain", "mx.example.org; dkim=pass header.d=reporter.example header.i=@other.example", []authres.DKIM{{Result: "pass", Identity: "@other.example"}}},
		{"an identity whose name only ends alike", "mx.example.org; dkim=pass header.d=reporter.example header.i=@notreporter.example", []authres.DKIM{{Result: "pass", Identity: "@notreporter.example"}}},
		{"a Kelvin sign is no k", "mx.example.org; dkim=pass header.d=\u212Aelvin.example", []authres.DKIM{{Result: "pass"}}},
		{"properties of another method", "mx.example.org; dkim=pass; dmarc=pass header.d=reporter.example", []authres.DKIM{{Result: "pass"}}},
		{"none beside results is no result", "mx.example.org; none; dkim=fail header.d=other.example", fail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := authres.Parse(tt.value)
			if err != nil {
				t.Fatalf("Parse(%q): %v", tt.value, err)
			}
			if diff := cmp.Diff(authres.Results{AuthservID: "mx.example.org", DKIM: tt.want}, got); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.value, diff)
			}
		})
	}
}

func TestParseReadsOverOddities(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value string
		want        authres.DKIM
	}{
		{"a subdomain in header.i", "x; dkim=pass header.d=reporter.example header.i=a@b.reporter.example", authres.DKIM{Result: "pass", Domain: "reporter.example", Identity: "a@b.reporter.example"}},
		{"header.d twice the same", "x; dkim=pass header.d=reporter.example header.d=Reporter.example", authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"a trailing dot", "x; dkim=pass header.d=reporter.example.", authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"upper case", "x; DKIM=Pass HEADER.D=REPORTER.EXAMPLE HEADER.S=Sel", authres.DKIM{Result: "pass", Domain: "reporter.example", Selector: "Sel"}},
		{"no space before a comment", "x;dkim=pass(ok)header.d=reporter.example(ok)header.s=a;", authres.DKIM{Result: "pass", Domain: "reporter.example", Selector: "a"}},
		{"white space around equals signs", "x; dkim = pass header.d = reporter.example", authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"a method with a version", "x; dkim/1=pass header.d=reporter.example", authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"empty results", "x;; ;dkim=pass header.d=reporter.example;;", authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"a stray parenthesis, equals sign, word and string", `x; dkim=pass ) = word "string; " header.d=reporter.example`, authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"base64 with equals signs", "x; dkim=pass header.b=ab+/==  header.d=reporter.example", authres.DKIM{Result: "pass", Domain: "reporter.example", Value: "ab+/=="}},
		{"an empty value", "x; dkim=temperror header.d=;", authres.DKIM{Result: "temperror"}},
		{"no properties", "x; dkim=permerror", authres.DKIM{Result: "permerror"}},
		{"a domain that is none", "x; dkim=pass header.d=reporter..example", authres.DKIM{Result: "pass"}},
		{"a domain that is too long", "x; dkim=pass header.d=" + strings.Repeat("a.", 130) + "example", authres.DKIM{Result: "pass"}},
		{"bytes that are no UTF-8", "x; dkim=pass header.d=reporter.example reason=\xff", authres.DKIM{Result: "pass", Domain: "reporter.example", Reason: "\ufffd"}},
		{"folded with LF", "x;\n dkim=pass\n\theader.d=reporter.example\n", authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"folded over a blank line", "x;\r\n \r\n dkim=pass header.d=reporter.example", authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"no semicolon behind the version", "x 1 dkim=pass header.d=reporter.example", authres.DKIM{Result: "pass", Domain: "reporter.example"}},
		{"a quoted authserv-id", `"x"; dkim=pass header.d=reporter.example`, authres.DKIM{Result: "pass", Domain: "reporter.example"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := authres.Parse(tt.value)
			if err != nil || got.AuthservID != "x" {
				t.Fatalf("Parse(%q) = %+v, %v; want authserv-id x", tt.value, got, err)
			}
			if diff := cmp.Diff([]authres.DKIM{tt.want}, got.DKIM); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.value, diff)
			}
		})
	}
}

func TestParseRefusesWhatCanBeReadInTwoWays(t *testing.T) {
	t.Parallel()
	const rest = "dkim=pass header.d=reporter.example"
	tests := []struct{ name, value, id string }{
		{"nothing", "", ""},
		{"white space and a comment", " (x) ", ""},
		{"a semicolon first", "; " + rest, ""},
		{"an equals sign first", "=pass; " + rest, ""},
		{"a quoted local part in a comment", `mx.example.org; spf=pass (domain of "a) x; dkim=pass header.d=reporter.example (b"@x.example) smtp.mailfrom=x.example; ` + rest, "mx.example.org"},
		{"a comment that does not end", "mx.example.org; " + rest + " (", "mx.example.org"},
		{"a comment that ends in a backslash", "mx.example.org; " + rest + ` (\`, "mx.example.org"},
		{"a nested comment that does not end", "mx.example.org; " + rest + " (())(()", "mx.example.org"},
		{"a quoted string that does not end", "mx.example.org; " + rest + ` reason="`, "mx.example.org"},
		{"a quoted string that ends in a backslash", "mx.example.org; " + rest + ` reason="\`, "mx.example.org"},
		{"a quoted string that does not end, of another method", `mx.example.org; spf=pass smtp.helo="; ` + rest, "mx.example.org"},
		{"an authserv-id that does not end", `"mx.example.org; ` + rest, ""},
		{"another version", "mx.example.org 2; " + rest, "mx.example.org"},
		{"a bare CR", "mx.example.org;\r " + rest, ""},
		{"a NUL", "mx.example.org;\x00 " + rest, ""},
		{"too many results", "mx.example.org;" + strings.Repeat("dkim=pass;", 51), "mx.example.org"},
		{"too long", "mx.example.org; " + rest + strings.Repeat(" ", 64<<10), ""},
		{"64 KiB of comment", "mx.example.org; " + strings.Repeat("(", 65000), "mx.example.org"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := authres.Parse(tt.value)
			if !errors.Is(err, authres.ErrMalformed) {
				t.Fatalf("Parse(%.200q) = %+v, %v; want ErrMalformed", tt.value, got, err)
			}
			if diff := cmp.Diff(authres.Results{AuthservID: tt.id}, got); diff != "" {
				t.Errorf("Parse(%.200q) (-want +got):\n%s", tt.value, diff)
			}
		})
	}
}
