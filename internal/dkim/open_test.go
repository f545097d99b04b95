package dkim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// M-E4: what is left of a signature once the message is gone decides as the
// message itself would, after a trip through storage.
func TestAStoredSignatureDecidesWithoutItsMessage(t *testing.T) {
	t.Parallel()
	mail, z := signatures(t, "a.example", "b.example")
	for _, tt := range []struct{ name, mail string }{
		{"whole", mail},
		{"another header", strings.Replace(mail, "Subject: ", "Subject: x", 1)},
	} {
		want := Verify(t.Context(), []byte(tt.mail), arrived, z.lookup, Options{})
		examined := Examine([]byte(tt.mail), arrived, Options{})
		if len(examined) != len(want) {
			t.Fatalf("%s: %d examined, want %d", tt.name, len(examined), len(want))
		}
		for i, e := range examined {
			if e.Open == nil || e.Signature.Status != Unknown || e.Signature.Reason != ReasonDNS {
				t.Fatalf("%s: %+v, want an open one", tt.name, e)
			}
			stored, err := json.Marshal(e.Open)
			if err != nil {
				t.Fatal(err)
			}
			var o Open
			if err := json.Unmarshal(stored, &o); err != nil {
				t.Fatal(err)
			}
			records, err := z.lookup(t.Context(), o.KeyName())
			v := o.Decide(records, err)
			if v.Status != want[i].Status || v.Reason != want[i].Reason || v.KeyBits != want[i].KeyBits {
				t.Errorf("%s: decided %q %q, want %q %q", tt.name, v.Status, v.Reason, want[i].Status, want[i].Reason)
			}
		}
	}
}

func TestDecideByWhatTheLookUpReturns(t *testing.T) {
	t.Parallel()
	mail, z := signatures(t, "a.example")
	open := Examine([]byte(mail), arrived, Options{})[0].Open
	good, err := z.lookup(t.Context(), open.KeyName())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		records []string
		err     error
		want    string
	}{
		{"the key", good, nil, "pass "},
		{"no record", nil, fmt.Errorf("%w: gone", ErrNoRecord), "fail key-gone"},
		{"no answer", nil, errors.New("no answer"), "unknown dns"},
		{"another key", []string{record(t, rsaKey(), "")}, nil, "fail algorithm"},
		{"M-E9: a key in testing", []string{strings.Replace(good[0], "p=", "t=y; p=", 1)}, nil, "fail key-testing"},
	} {
		v := open.Decide(tt.records, tt.err)
		if got := string(v.Status) + " " + string(v.Reason); got != tt.want || (v.Err == nil) != (v.Status == Pass) {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, v.Err, tt.want)
		}
	}
}

// What is stored of a signature is bounded, whatever a stranger writes into it.
func TestASignatureLongerThanThatOfAnyKeyIsNotKept(t *testing.T) {
	t.Parallel()
	mail, z := signatures(t, "a.example")
	head, rest, _ := strings.Cut(mail, "\tb=")
	long := head + "\tb=" + strings.Repeat("AAAA", 2000) + rest
	if got := reasons(Verify(t.Context(), []byte(long), arrived, z.lookup, Options{})); got[0] != "a.example fail bad-signature" || len(z.asked) > 0 {
		t.Errorf("%q, asked %q; want a bad signature, and no look-up", got, z.asked)
	}
}

// M-E7: all signatures are told, those that are not verified too.
func TestClaimed(t *testing.T) {
	t.Parallel()
	var mail strings.Builder
	for i := range DefaultMaxSignatures + 2 {
		fmt.Fprintf(&mail, "DKIM-Signature: v=1; a=rsa-sha256; d=A%d.example; s=S; h=from; bh=AAAA; b=AA\r\n AA\r\n", i)
	}
	mail.WriteString("DKIM-Signature: nonsense\r\ndkim-signature : v=1; a=rsa-sha256; d=z.example; s=t; h=from; bh=AAAA; b=BBBB\r\nFrom: a@a.example\r\n\r\nbody\r\n")
	var want []Signature
	for i := range DefaultMaxSignatures + 2 {
		want = append(want, Signature{Domain: fmt.Sprintf("a%d.example", i), Selector: "s", Value: "AAAA"})
	}
	want = append(want, Signature{}, Signature{Domain: "z.example", Selector: "t", Value: "BBBB"})
	if diff := cmp.Diff(want, Claimed([]byte(mail.String()))); diff != "" {
		t.Errorf("Claimed (-want +got):\n%s", diff)
	}
}
