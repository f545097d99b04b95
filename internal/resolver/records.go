package resolver

import (
	"context"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"tlsbrief/internal/hostname"
)

// An MX is where a domain takes its mail: RFC 5321, section 5.1.
type MX struct {
	Preference uint16
	Host       string // in lower case, without the last dot; empty in a null MX (RFC 7505)
}

// A TLSA says what certificate a server shows: RFC 6698, section 2.1. Nothing of
// it is judged yet.
type TLSA struct {
	Usage, Selector, MatchingType uint8
	Data                          []byte
}

// Records is what one look-up found: at least one record, or an error.
type Records[T any] struct {
	List []T

	// Secure reports whether the resolver vouches with DNSSEC for the records and
	// for all aliases on the way to them: it set the AD bit of RFC 4035, section
	// 3.2.3. It says as much as the resolver and the way to it can be trusted.
	Secure bool
}

// Texts is [Resolver.TXT] with what DNSSEC says.
func (r *Resolver) Texts(ctx context.Context, name string) (Records[string], error) {
	return recordsOf(ctx, r, name, dns.TypeTXT, func(rr dns.RR) (string, bool) {
		txt, ok := rr.(*dns.TXT)
		if !ok {
			return "", false
		}
		return unescape(strings.Join(txt.Txt, "")), true
	})
}

// MX returns the MX records of a name in the order of the answer. The error
// wraps what that of [Resolver.TXT] does.
func (r *Resolver) MX(ctx context.Context, name string) (Records[MX], error) {
	return recordsOf(ctx, r, name, dns.TypeMX, func(rr dns.RR) (MX, bool) {
		mx, ok := rr.(*dns.MX)
		if !ok {
			return MX{}, false
		}
		return MX{mx.Preference, hostname.Fold(mx.Mx)}, true
	})
}

// TLSA returns the TLSA records of a name such as _25._tcp.mx.example.com. The
// error wraps what that of [Resolver.TXT] does.
func (r *Resolver) TLSA(ctx context.Context, name string) (Records[TLSA], error) {
	return recordsOf(ctx, r, name, dns.TypeTLSA, func(rr dns.RR) (TLSA, bool) {
		tlsa, ok := rr.(*dns.TLSA)
		if !ok {
			return TLSA{}, false
		}
		data, err := hex.DecodeString(tlsa.Certificate)
		return TLSA{tlsa.Usage, tlsa.Selector, tlsa.MatchingType, data}, err == nil
	})
}

// CNAME returns what a name is an alias of; an error that wraps [ErrNotFound]
// where it is none.
func (r *Resolver) CNAME(ctx context.Context, name string) (string, error) {
	found, err := recordsOf(ctx, r, name, dns.TypeCNAME, func(rr dns.RR) (string, bool) {
		cname, ok := rr.(*dns.CNAME)
		if !ok {
			return "", false
		}
		return hostname.Fold(cname.Target), true
	})
	if err != nil {
		return "", err
	}
	return found.List[0], nil
}

// Addresses returns the IPv4 addresses of a name and then its IPv6 addresses.
// That one kind could not be looked up matters only where the other has none.
// Secure holds for both kinds. The error wraps what that of [Resolver.TXT] does.
func (r *Resolver) Addresses(ctx context.Context, name string) (Records[netip.Addr], error) {
	v4, err4 := recordsOf(ctx, r, name, dns.TypeA, func(rr dns.RR) (netip.Addr, bool) {
		a, ok := rr.(*dns.A)
		if !ok {
			return netip.Addr{}, false
		}
		addr, ok := netip.AddrFromSlice(a.A)
		return addr.Unmap(), ok
	})
	if errors.Is(err4, ErrNoName) {
		return v4, err4
	}
	v6, err6 := recordsOf(ctx, r, name, dns.TypeAAAA, func(rr dns.RR) (netip.Addr, bool) {
		a, ok := rr.(*dns.AAAA)
		if !ok {
			return netip.Addr{}, false
		}
		return netip.AddrFromSlice(a.AAAA)
	})
	switch {
	case err4 != nil && err6 != nil:
		if errors.Is(err4, ErrNotFound) {
			return v6, err6 // which may be the graver of the two
		}
		return v4, err4
	case err4 != nil:
		return v6, nil
	case err6 != nil:
		return v4, nil
	}
	return Records[netip.Addr]{append(v4.List, v6.List...), v4.Secure && v6.Secure}, nil
}

// FailsValidation reports whether a look-up of TLSA records that ended in
// [ErrServFail] did so because their signatures are wrong: asked not to check
// them, the resolver has an answer (RFC 4035, section 3.2.2).
func (r *Resolver) FailsValidation(ctx context.Context, name string) bool {
	_, err := r.exchangeQuestion(ctx, question{name: strings.ToLower(dns.Fqdn(name)), rrtype: dns.TypeTLSA, unchecked: true})
	return err == nil || errors.Is(err, ErrNotFound)
}

// recordsOf finds records and takes them over. A record that take does not
// understand is left out.
func recordsOf[T any](ctx context.Context, r *Resolver, name string, rrtype uint16, take func(dns.RR) (T, bool)) (Records[T], error) {
	a, err := r.exchange(ctx, name, rrtype)
	if err != nil {
		return Records[T]{}, err
	}
	found := Records[T]{Secure: a.authenticData}
	for _, rr := range a.records {
		if v, ok := take(rr); ok {
			found.List = append(found.List, v)
		}
	}
	if len(found.List) == 0 {
		return Records[T]{}, notUnderstood(name)
	}
	return found, nil
}
