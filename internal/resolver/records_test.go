package resolver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"
)

func TestMX(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	s.Set("example.com", "MX 20 MX2.Example.com.", "MX 10 mx1.example.com.", "A 192.0.2.1")
	s.Set("null.example", "MX 0 .")
	s.SetCNAME("alias.example", "example.com")
	s.Set("signed.example", "MX 10 mx.signed.example.")
	s.Secure("signed.example")
	s.SetCNAME("half.example", "signed.example") // an alias that is not signed
	s.Set("large.example", many(200)...)
	s.Exist("empty.example")
	s.Fail("servfail.example", dns.RcodeServerFailure)
	s.Fail("refused.example", dns.RcodeRefused)
	tests := []struct {
		name, host string
		want       []MX
		secure     bool
		err, isNot error
		tcp        int
	}{
		{name: "in lower case, without the last dot", host: "Example.COM", want: []MX{{20, "mx2.example.com"}, {10, "mx1.example.com"}}},
		{name: "a null MX", host: "null.example", want: []MX{{0, ""}}},
		{name: "behind an alias", host: "alias.example", want: []MX{{20, "mx2.example.com"}, {10, "mx1.example.com"}}},
		{name: "signed", host: "signed.example", want: []MX{{10, "mx.signed.example"}}, secure: true},
		{name: "an alias that is not signed leads to nothing signed", host: "half.example", want: []MX{{10, "mx.signed.example"}}},
		{name: "cut off over UDP", host: "large.example", want: hosts(200), tcp: 1},
		{name: "the name has other records", host: "empty.example", err: ErrNotFound, isNot: ErrNoName},
		{name: "no such name", host: "absent.example", err: ErrNoName, isNot: ErrTemporary},
		{name: "the resolver failed", host: "servfail.example", err: ErrServFail, isNot: ErrNotFound},
		{name: "the resolver refused", host: "refused.example", err: ErrTemporary, isNot: ErrServFail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := r.MX(t.Context(), tt.host)
			if !errors.Is(err, tt.err) || tt.isNot != nil && errors.Is(err, tt.isNot) {
				t.Fatalf("MX(%q) error = %v, want %v and not %v", tt.host, err, tt.err, tt.isNot)
			}
			byHost := cmpopts.SortSlices(func(a, b MX) bool { return a.Host < b.Host })
			if diff := cmp.Diff(Records[MX]{tt.want, tt.secure}, got, byHost); diff != "" {
				t.Errorf("MX(%q) (-want +got):\n%s", tt.host, diff)
			}
			if n := s.TCPQueries(tt.host); n != tt.tcp {
				t.Errorf("asked %d times over TCP, want %d", n, tt.tcp)
			}
		})
	}
}

func many(n int) (records []string) {
	for _, mx := range hosts(n) {
		records = append(records, fmt.Sprintf("MX %d %s.", mx.Preference, mx.Host))
	}
	return records
}

func hosts(n int) (list []MX) {
	for i := range n {
		list = append(list, MX{10, fmt.Sprintf("a-rather-long-name-%03d.example", i)})
	}
	return list
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	s.Set("both.example", "AAAA 2001:db8::1", "A 192.0.2.1", "A 192.0.2.2")
	s.Set("v4.example", "A 192.0.2.1")
	s.Set("v6.example", "AAAA 2001:db8::1")
	s.Secure("v6.example", "both.example")
	s.Exist("empty.example")
	s.Fail("servfail.example", dns.RcodeServerFailure)
	for host, want := range map[string]string{
		"both.example": "192.0.2.1 192.0.2.2 2001:db8::1 secure", "v4.example": "192.0.2.1", "v6.example": "2001:db8::1 secure",
	} {
		got, err := r.Addresses(t.Context(), host)
		if err != nil {
			t.Errorf("Addresses(%q): %v", host, err)
		}
		slices.SortFunc(got.List, netip.Addr.Compare)
		said := strings.Trim(fmt.Sprint(got.List), "[]")
		if got.Secure {
			said += " secure"
		}
		if said != want {
			t.Errorf("Addresses(%q) = %s, want %s", host, said, want)
		}
	}
	for host, want := range map[string]error{"empty.example": ErrNotFound, "absent.example": ErrNoName, "servfail.example": ErrServFail} {
		if got, err := r.Addresses(t.Context(), host); !errors.Is(err, want) || len(got.List) > 0 {
			t.Errorf("Addresses(%q) = %v, %v, want %v", host, got, err, want)
		}
	}
	if n := s.Queries("absent.example"); n != 1 {
		t.Errorf("asked %d times for a name that does not exist, want once", n)
	}
}

func TestTLSAAndCNAME(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	s.Set("_25._tcp.mx.example", "TLSA 3 1 1 00FF", "TLSA 2 0 2 ab")
	s.Secure("_25._tcp.mx.example")
	want := Records[TLSA]{[]TLSA{{3, 1, 1, []byte{0, 0xff}}, {2, 0, 2, []byte{0xab}}}, true}
	got, err := r.TLSA(t.Context(), "_25._tcp.mx.example")
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b TLSA) bool { return a.Usage > b.Usage })); diff != "" || err != nil {
		t.Errorf("TLSA: %v (-want +got):\n%s", err, diff)
	}

	s.SetCNAME("alias.example", "Target.example")
	s.Exist("target.example")
	if got, err := r.CNAME(t.Context(), "alias.example"); got != "target.example" || err != nil {
		t.Errorf("CNAME = %q, %v", got, err)
	}
	if got, err := r.CNAME(t.Context(), "target.example"); !errors.Is(err, ErrNotFound) {
		t.Errorf("CNAME of no alias = %q, %v", got, err)
	}
}

// A name whose signatures are wrong is told from one whose servers are down.
func TestFailsValidation(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	s.Set("bogus.example", "TLSA 3 1 1 00")
	s.Bogus("bogus.example")
	s.Set("down.example", "TLSA 3 1 1 00")
	s.Fail("down.example", dns.RcodeServerFailure)
	for host, want := range map[string]bool{"bogus.example": true, "down.example": false} {
		if _, err := r.TLSA(t.Context(), host); !errors.Is(err, ErrServFail) {
			t.Errorf("TLSA(%q) error = %v, want %v", host, err, ErrServFail)
		}
		if got := r.FailsValidation(t.Context(), host); got != want {
			t.Errorf("FailsValidation(%q) = %v, want %v", host, got, want)
		}
	}
	// What was asked for unchecked is not taken for the checked answer.
	if _, err := r.TLSA(t.Context(), "bogus.example"); !errors.Is(err, ErrServFail) {
		t.Errorf("TLSA of the bogus name afterwards: %v, want %v", err, ErrServFail)
	}
}
