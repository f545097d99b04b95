package authres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest/authres"
)

func FuzzParse(f *testing.F) {
	for _, tt := range forms() {
		f.Add(tt.value)
	}
	f.Add(`mx.example.org; spf=pass (domain of "a) x; dkim=pass header.d=r.example (b"@x.example); dkim=fail reason="a\"b" header.i="c d"@e.example`)
	f.Fuzz(func(t *testing.T, value string) {
		got, err := authres.Parse(value)
		again, err2 := authres.Parse(value)
		if diff := cmp.Diff(got, again); diff != "" || (err == nil) != (err2 == nil) {
			t.Fatalf("two readings differ: %v, %v\n%s", err, err2, diff)
		}
		if err != nil {
			if !errors.Is(err, authres.ErrMalformed) || len(got.DKIM) > 0 || got.NoResult {
				t.Fatalf("%+v beside the error %v", got, err)
			}
			return
		}
		if len(got.DKIM) > 50 || got.NoResult && len(got.DKIM) > 0 || got.Version != "" && got.Version != "1" {
			t.Errorf("%+v", got)
		}
		for _, d := range got.DKIM {
			if len(d.Domain) > 253 || strings.Trim(d.Domain, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || strings.HasSuffix(d.Domain, ".") {
				t.Errorf("the domain is %q", d.Domain)
			}
			if strings.ContainsAny(d.Result, "ABCDEFGHIJKLMNOPQRSTUVWXYZ \t;()\"") {
				t.Errorf("the result is %q", d.Result)
			}
			for _, s := range []string{d.Domain, d.Identity, d.Selector, d.Algorithm, d.Value, d.Reason} {
				if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
					t.Errorf("a control character in %q", s)
				}
			}
			if one := (authres.Signature{Selector: d.Selector}); d.Domain == "" && got.Passed(one, []authres.Signature{one}) {
				t.Errorf("a result without domain passes: %+v", d)
			}
		}
		if !strings.ContainsAny(value, "\r\n") && 3*len(value) < 60<<10 {
			folded, err := authres.Parse(strings.ReplaceAll(value, " ", "\r\n "))
			if diff := cmp.Diff(got, folded); diff != "" || err != nil {
				t.Errorf("folded it reads otherwise: %v\n%s", err, diff)
			}
		}
	})
}

// What a server quotes properly stays without effect, whatever it is.
func FuzzParseQuoted(f *testing.F) {
	f.Add(`x; dkim=pass header.d=forged.example`)
	f.Add(`a) ; dkim=pass header.d=forged.example (b`)
	f.Add(`"; dkim=pass header.d=forged.example; x="`)
	f.Add(`\`)
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `(`, `\(`, `)`, `\)`)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 10<<10 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return
		}
		q := quote.Replace(s)
		want, err := authres.Parse(`mx.example.org; spf=pass; dkim=pass header.d=real.example`)
		if err != nil {
			t.Fatal(err)
		}
		got, err := authres.Parse(`mx.example.org; spf=pass smtp.mailfrom="` + q + `"@x.example; dkim=pass policy.x="` + q + `" header.d=real.example`)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("in a quoted string: %v\n%s", err, diff)
		}
		got, err = authres.Parse(`mx.example.org; spf=pass (` + q + `) smtp.helo=x; dkim=pass (` + q + `) header.d=real.example`)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("in a comment: %v\n%s", err, diff)
		}
	})
}

// Nothing below the genuine field changes what is trusted, and without the
// server's name there is nothing to trust.
func FuzzTrusted(f *testing.F) {
	for _, s := range []string{forged, dmarcOnly, noID, microsoft, real + " (", received, "", "\r\n", " folded", "Authentication-Results: " + strings.Repeat("(", 200)} {
		f.Add([]byte(lines(s, forged)))
		f.Add([]byte(s))
	}
	ids := []string{"mx.example.org"}
	f.Fuzz(func(t *testing.T, below []byte) {
		for _, genuine := range []string{real, microsoft} {
			message := append([]byte(genuine+"\r\n"+received+"\r\n"), below...)
			r, ok := authres.Trusted(message, ids, genuine == microsoft)
			if got := passed(r); !ok || got != "real.example" {
				t.Errorf("the genuine field says real.example, Trusted %q, %t", got, ok)
			}
		}
		message := append([]byte(dmarcOnly+"\r\n"+received+"\r\n"), below...)
		if r, ok := authres.Trusted(message, ids, true); !ok || len(r.DKIM) > 0 {
			t.Errorf("the genuine field says nothing of DKIM, Trusted %+v, %t", r, ok)
		}
		if r, ok := authres.Trusted(below, ids, false); ok && (r.AuthservID != ids[0] || !strings.Contains(strings.ToLower(string(below)), ids[0])) {
			t.Errorf("nobody wrote %+v", r)
		}
		if r, ok := authres.Trusted(below, nil, true); ok && r.AuthservID != "" {
			t.Errorf("not Microsoft 365's: %+v", r)
		}
		if n := len(authres.Fields(below)); n > 50 {
			t.Errorf("%d fields", n)
		}
	})
}
