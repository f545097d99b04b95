package domaincheck

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"tlsbrief/internal/resolver"
)

// dane looks for the TLSA records of the MX hosts. Having none is no fault.
//
// RFC 7672, section 2.2.
func (l *run) dane(ctx context.Context) {
	for _, h := range l.hosts {
		name := "_25._tcp." + h.name
		found, err := l.c.o.DNS.TLSA(ctx, name)
		switch {
		case errors.Is(err, resolver.ErrServFail) && l.c.o.DNS.FailsValidation(ctx, name):
			l.add(DANEBogus, h.name, fmt.Sprintf("The TLSA records at %s do not stand DNSSEC validation: senders that use DANE hold mail to this host.", name),
				"Mend the zone's signatures or its DS record (delv shows what is wrong).")
			continue
		case l.unanswered(err), err != nil:
			continue
		case !found.Secure:
			l.add(DANEUnsigned, h.name, fmt.Sprintf("There are TLSA records at %s, but no DNSSEC vouches for them, so senders pass them over.", name),
				"Sign the zone with DNSSEC. If it is signed, this machine's resolver does not validate: see [dns] server.")
			continue
		}
		for _, t := range found.List {
			if usable(t) {
				h.tlsa = append(h.tlsa, t)
				continue
			}
			l.add(DANEUsage, h.name, fmt.Sprintf("The TLSA record %d %d %d at %s, with %d bytes of data, is none that senders use.", t.Usage, t.Selector, t.MatchingType, name, len(t.Data)),
				"Publish 3 1 1 with the SHA-256 of the server's public key (RFC 7672, section 3.1).")
		}
	}
}

// danePresent reports whether senders that use DANE find all that they need of it at
// every host, from the MX record on: RFC 7672, section 2.2.1.
func (l *run) danePresent() bool {
	return l.secureMX && l.hostsHaveTLSA()
}

func (l *run) hostsHaveTLSA() bool {
	return len(l.hosts) > 0 && !slices.ContainsFunc(l.hosts, func(h *mxHost) bool { return len(h.tlsa) == 0 })
}

// usable reports whether SMTP senders use a TLSA record: RFC 7672, section 3.1.
func usable(t resolver.TLSA) bool {
	length := map[uint8]int{0: len(t.Data), 1: sha256.Size, 2: sha512.Size}
	n, known := length[t.MatchingType]
	return (t.Usage == 2 || t.Usage == 3) && t.Selector <= 1 && known && n == len(t.Data) && n > 0
}

// daneMatches returns by which usage a host's certificates match one of its TLSA
// records: 3 the host's own, which asks no more, or 2 the one of an authority that
// signed it, at a time when it holds; 0: they match none.
func daneMatches(records []resolver.TLSA, chain []*x509.Certificate, host string, at time.Time) (usage uint8) {
	for _, t := range records {
		if t.Usage == 3 && associated(t, chain[0]) {
			return 3
		}
		for _, anchor := range chain[1:] {
			if t.Usage == 2 && associated(t, anchor) && signedBy(chain, anchor, host, at) {
				usage = 2
			}
		}
	}
	return usage
}

func signedBy(chain []*x509.Certificate, anchor *x509.Certificate, host string, at time.Time) bool {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(anchor)
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host, CurrentTime: at})
	return err == nil
}

// associated reports whether a certificate is the one that a record means: RFC
// 6698, section 2.1.
func associated(t resolver.TLSA, c *x509.Certificate) bool {
	data := c.Raw
	if t.Selector == 1 {
		data = c.RawSubjectPublicKeyInfo
	}
	switch t.MatchingType {
	case 1:
		sum := sha256.Sum256(data)
		data = sum[:]
	case 2:
		sum := sha512.Sum512(data)
		data = sum[:]
	}
	return bytes.Equal(data, t.Data)
}
