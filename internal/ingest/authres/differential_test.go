package authres_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/authres"
	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest/authres"
)

// verdict is what go-msgauth, too, tells of a DKIM result.
type verdict struct{ Result, Domain, Identity string }

// theirs returns what go-msgauth reads.
func theirs(value string) (id string, dkim []verdict, err error) {
	id, results, err := msgauth.Parse(value)
	for _, r := range results {
		if d, ok := r.(*msgauth.DKIMResult); ok {
			dkim = append(dkim, verdict{string(d.Value), strings.ToLower(d.Domain), d.Identifier})
		}
	}
	return strings.ToLower(id), dkim, err
}

// ours returns what this package reads, as go-msgauth tells it.
func ours(t *testing.T, value string) (id string, dkim []verdict) {
	t.Helper()
	r, err := authres.Parse(value)
	if err != nil {
		t.Fatalf("Parse(%q): %v", value, err)
	}
	for _, d := range r.DKIM {
		dkim = append(dkim, verdict{d.Result, d.Domain, d.Identity})
	}
	return r.AuthservID, dkim
}

func agree(t *testing.T, value string) bool {
	t.Helper()
	theirID, theirDKIM, err := theirs(value)
	ourID, ourDKIM := ours(t, value)
	for i := range theirDKIM { // go-msgauth leaves a missing header.d alone
		if d := &theirDKIM[i]; d.Domain == "" {
			_, d.Domain, _ = strings.Cut(strings.ToLower(d.Identity), "@")
		}
	}
	return err == nil && theirID == ourID && cmp.Equal(theirDKIM, ourDKIM)
}

func TestFormsAgreeWithGoMsgauth(t *testing.T) {
	t.Parallel()
	for _, tt := range forms() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, want := agree(t, tt.value), tt.differs == ""; got != want {
				id, dkim, err := theirs(tt.value)
				t.Errorf("go-msgauth agrees: %t, but %q is noted; it reads %q %+v, %v\n%q", got, tt.differs, id, dkim, err, tt.value)
			}
		})
	}
}

// Fields of what both can read: no comments but plain ones, no quoted strings,
// no white space around equals signs.
func TestAnyPlainFieldAgreesWithGoMsgauth(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(8601, 6376))
	one := func(of ...string) string { return of[rnd.IntN(len(of))] }
	for range 3000 {
		var b strings.Builder
		b.WriteString(one("mx.example.org", "MX.example.org 1", " \tmx") + ";")
		for range rnd.IntN(5) {
			domain := one("a.example", "B.example", "c.a.example")
			b.WriteString(one("", " ", "\r\n\t", " \r\n  "))
			b.WriteString(one("dkim=", "DKIM=", "spf=", "dmarc=", "x-new=", "dkim-atps=") + one("pass", "Fail", "temperror", "none"))
			for _, p := range []string{"(plain comment)", "header.d=" + domain, "header.i=" + one("", "u.v+w") + "@" + domain, "header.s=s-1",
				"header.b=aB/+9==", "policy.x=" + one("1", "a=b", "a@b"), "stray", "smtp.mailfrom=<u@x.example>"} {
				if rnd.IntN(2) == 0 {
					b.WriteString(one(" ", "\t", "\r\n ", "\n\t") + p)
				}
			}
			b.WriteString(one(";", " ;", ";;"))
		}
		if value := b.String(); !agree(t, value) {
			id, dkim, err := theirs(value)
			ourID, ourDKIM := ours(t, value)
			t.Fatalf("%q:\ngo-msgauth reads %q %+v, %v\nwe read %q %+v", value, id, dkim, err, ourID, ourDKIM)
		}
	}
}
