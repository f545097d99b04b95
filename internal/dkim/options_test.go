package dkim

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// signatures is a mail with a signature of each domain, all with the same key.
func signatures(t *testing.T, domains ...string) (string, *zone) {
	t.Helper()
	mail, z := report(), &zone{records: map[string][]string{}}
	for _, d := range slices.Backward(domains) {
		mail = sign(t, mail, strings.Replace(edTags, "sender.example", d, 1), edKey())
		z.records["e._domainkey."+d] = []string{record(t, edKey(), "")}
	}
	return mail, z
}

func reasons(all []Signature) (got []string) {
	for _, s := range all {
		got = append(got, s.Domain+" "+string(s.Status)+" "+string(s.Reason))
	}
	return got
}

// A stranger's signatures must cost nothing.
func TestUnwantedSignaturesAreNeitherHashedNorLookedUp(t *testing.T) {
	t.Parallel()
	mail, z := signatures(t, "a.example", "b.example", "c.example")
	// A body that is not what was signed would show that it had been hashed.
	broken := strings.Replace(mail, "two  words", "three words", 1)
	o := Options{Want: func(s Signature) bool {
		return s.Domain == "b.example" && slices.Contains(s.Signed, "from") && !s.BodyLength
	}}
	for name, tt := range map[string]struct{ mail, want string }{"whole": {mail, "b.example pass "}, "broken": {broken, "b.example fail body-hash"}} {
		z.asked = nil
		all := Verify(t.Context(), []byte(tt.mail), arrived, z.lookup, o)
		checkInvariants(t, all)
		want := []string{"a.example fail unwanted", tt.want, "c.example fail unwanted"}
		if got := reasons(all); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if slices.ContainsFunc(z.asked, func(n string) bool { return n != "e._domainkey.b.example" }) {
			t.Errorf("%s: asked DNS for %q", name, z.asked)
		}
	}
}

func TestSignaturesBeyondTheLimitOfLookupsFail(t *testing.T) {
	t.Parallel()
	mail, z := signatures(t, "a.example", "b.example", "c.example")
	all := Verify(t.Context(), []byte(mail), arrived, z.lookup, Options{MaxLookups: 2})
	checkInvariants(t, all)
	if got, want := reasons(all), []string{"a.example pass ", "b.example pass ", "c.example fail limit"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if len(z.asked) != 2 {
		t.Errorf("asked DNS for %q, want two", z.asked)
	}
}

func TestSignaturesAreUnknownOnceTheContextHasEnded(t *testing.T) {
	t.Parallel()
	mail, z := signatures(t, "a.example", "b.example", "c.example")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	lookup := func(ctx context.Context, name string) ([]string, error) {
		defer cancel()
		return z.lookup(ctx, name)
	}
	all := Verify(ctx, []byte(mail), arrived, lookup, Options{})
	checkInvariants(t, all)
	if got, want := reasons(all), []string{"a.example pass ", "b.example unknown dns", "c.example unknown dns"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if len(z.asked) != 1 || !errors.Is(all[1].Err, context.Canceled) {
		t.Errorf("asked DNS for %q; error %v", z.asked, all[1].Err)
	}
}
