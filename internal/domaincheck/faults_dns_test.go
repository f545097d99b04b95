package domaincheck

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"tlsbrief/internal/testing/domaintest"
)

// text gives a name under healthy.example these TXT records.
func text(name string, records ...string) func(*testing.T, *rig) {
	return func(_ *testing.T, r *rig) { r.DNS.SetTXT(name+".healthy.example", records...) }
}

// lookupFaults are those of DNS itself.
func lookupFaults() []fault {
	return []fault{
		{name: "truncated to TCP", make: func(_ *testing.T, r *rig) {
			for _, name := range []string{"healthy.example", "_smtp._tls.healthy.example", "mx.healthy.example"} {
				r.DNS.Truncate(name)
			}
		}},
		{name: "SERVFAIL", make: func(_ *testing.T, r *rig) { r.DNS.Fail("healthy.example", dns.RcodeServerFailure) }, want: "dns-failed error"},
		{name: "lame: refused", make: func(_ *testing.T, r *rig) { r.DNS.Fail("healthy.example", dns.RcodeRefused) }, want: "dns-failed error"},
		{name: "lame: not authoritative, no recursion", make: func(_ *testing.T, r *rig) {
			r.DNS.Mangle("healthy.example", func(m *dns.Msg) {
				m.Answer, m.RecursionAvailable, m.Authoritative = nil, false, false
			})
		}, want: "dns-failed error", says: "does not answer for the domains of others"},
		{name: "lame for the mail server alone", make: func(_ *testing.T, r *rig) { r.DNS.Fail("mx.healthy.example", dns.RcodeRefused) }, want: "dns-failed error"},
		{name: "DNS never answers", make: func(t *testing.T, r *rig) {
			r.DNS.Hold("healthy.example")
			r.options.Timeout = 100 * time.Millisecond
		}, want: "dns-failed error, timeout warning"},
		{name: "no such domain", make: func(_ *testing.T, r *rig) { r.domain.Name = "absent.example" }, want: "domain-missing error"},
		{name: "only reports name it, and it is no mail domain", make: func(_ *testing.T, r *rig) { r.domain = Domain{Name: "mx.healthy.example", Reported: true} }, want: "domain-no-mail info"},
	}
}

// recordFaults are those of the TLS-RPT record.
func recordFaults() []fault {
	const at = "_smtp._tls"
	return []fault{
		{name: "healthy, with a tag in rua", make: text(at, "v=TLSRPTv1; rua=mailto:Reports+tls@healthy.example,https://r.example/")},
		{name: "healthy, with unknown fields and another TXT record", make: text(at, "v=TLSRPTv1;rua=mailto:reports@healthy.example; x=y;", "something else")},
		{name: "no TLS-RPT record", make: text(at), want: "tlsrpt-missing error"},
		{name: "TLS-RPT at _tls._smtp", make: func(_ *testing.T, r *rig) {
			r.DNS.SetTXT("_smtp._tls.healthy.example")
			r.DNS.SetTXT("_tls._smtp.healthy.example", "v=TLSRPTv1; rua=mailto:a@healthy.example")
		}, want: "tlsrpt-wrong-name error", says: "_tls._smtp.healthy.example"},
		{name: "TLS-RPT at the domain itself", make: func(_ *testing.T, r *rig) {
			r.DNS.SetTXT("_smtp._tls.healthy.example")
			r.DNS.SetTXT("healthy.example", "v=spf1 -all", "v=TLSRPTv1; rua=mailto:a@healthy.example")
		}, want: "tlsrpt-wrong-name error", says: "stands at healthy.example,"},
		{name: "M-G22: TLS-RPT at a doubled name", make: func(_ *testing.T, r *rig) {
			r.DNS.SetTXT("_smtp._tls.healthy.example")
			r.DNS.SetTXT("_smtp._tls.healthy.example.healthy.example", "v=TLSRPTv1; rua=mailto:a@healthy.example")
		}, want: "tlsrpt-wrong-name error", says: "stands at _smtp._tls.healthy.example.healthy.example, where no sender looks for it. The name was doubled"},
		{name: "M-G22: a blank before the version", make: text(at, " v=TLSRPTv1; rua=mailto:reports@healthy.example"), want: "tlsrpt-syntax error", says: "there is a blank before v=TLSRPTv1 (RFC 8460, section 3)"},
		{name: "M-G22: a tab before the version", make: text(at, "\tv=TLSRPTv1; rua=mailto:reports@healthy.example"), want: "tlsrpt-syntax error", says: "something before v=TLSRPTv1"},
		{name: "M-G22: the version in quotation marks", make: text(at, `"v=TLSRPTv1"; rua=mailto:reports@healthy.example`), want: "tlsrpt-syntax error", says: "something before v=TLSRPTv1"},
		{name: "M-G22: the version in small letters", make: text(at, "v=tlsrptv1; rua=mailto:reports@healthy.example"), want: "tlsrpt-syntax error", says: "in just these letters"},
		{name: "M-G22: no semicolon behind the version", make: text(at, "something", "v=TLSRPTv1 rua=mailto:reports@healthy.example"), want: "tlsrpt-syntax error", says: "no semicolon behind v=TLSRPTv1"},
		{name: "M-G22: another record, and none of TLS-RPT", make: text(at, "v=spf1 -all"), want: "tlsrpt-syntax error", says: "does not begin with v=TLSRPTv1;"},
		{name: "healthy, blanks behind the version", make: text(at, "v=TLSRPTv1 ;rua=mailto:reports@healthy.example")},
		{name: "healthy, one with a blank before it beside", make: text(at, "v=TLSRPTv1; rua=mailto:reports@healthy.example", " v=TLSRPTv1; rua=mailto:b@healthy.example")},
		{name: "several TLS-RPT records", make: text(at, "v=TLSRPTv1; rua=mailto:a@healthy.example", "v=TLSRPTv1; rua=mailto:b@healthy.example"), want: "tlsrpt-several error"},
		{name: "TLS-RPT without rua", make: text(at, "v=TLSRPTv1;"), want: "tlsrpt-syntax error"},
		{name: "TLS-RPT of another version", make: text(at, "v=TLSRPT1; rua=mailto:a@healthy.example"), want: "tlsrpt-syntax error"},
		{name: "a rua without its scheme", make: text(at, "v=TLSRPTv1; rua=reports@healthy.example"), want: "tlsrpt-syntax error"},
		{name: "escape sequences in a record", make: text(at, "v=TLSRPTv1; rua=mailto:\x1b[31ma@healthy.example"), want: "tlsrpt-syntax error"},
		{name: "rua elsewhere", make: text(at, "v=TLSRPTv1; rua=mailto:x@healthy.example"), want: "tlsrpt-rua-not-ours warning"},
		{name: "rua over https alone", make: text(at, "v=TLSRPTv1; rua=https://healthy.example/tls"), want: "tlsrpt-rua-not-ours warning"},
		{name: "rua elsewhere, or of a mailbox whose address is not known", make: func(t *testing.T, r *rig) {
			text(at, "v=TLSRPTv1; rua=mailto:x@healthy.example")(t, r)
			r.options.Unaddressed = []string{"reports"}
		}, want: "tlsrpt-rua-unknown info", says: `of the user "reports"`},
		{name: "healthy, beside a mailbox whose address is not known", make: func(_ *testing.T, r *rig) { r.options.Unaddressed = []string{"reports"} }},
		{name: "no mailbox is known", make: func(_ *testing.T, r *rig) { r.options.Ours = nil }},
		{name: "rua that takes no mail", make: text(at, "v=TLSRPTv1; rua=mailto:reports@healthy.example,mailto:x@gone.example"), want: "tlsrpt-rua-no-mail error"},
		{name: "rua with a null MX", make: func(t *testing.T, r *rig) {
			r.DNS.Set("null.example", "MX 0 .")
			text(at, "v=TLSRPTv1; rua=mailto:reports@healthy.example,mailto:x@null.example")(t, r)
		}, want: "tlsrpt-rua-no-mail error"},
	}
}

// manyHosts gives the domain n more MX hosts, all of which lead to the same server,
// which has a certificate for them.
func (r *rig) manyHosts(n int) {
	list := []string{"MX 10 mx.healthy.example."}
	for i := range n {
		list = append(list, fmt.Sprintf("MX 20 mx%d.healthy.example.", i))
		r.DNS.Set(fmt.Sprintf("mx%d.healthy.example", i), "A "+r.MX.Address)
	}
	r.DNS.Set("healthy.example", list...)
	r.Renew(r.MX, domaintest.Template{Names: []string{"*.healthy.example"}})
	r.Policy = domaintest.Serve(strings.Replace(domaintest.GoodPolicy(r.Name), "mx: mx", "mx: *", 1))
}

// mxFaults are those of MX and address records.
func mxFaults() []fault {
	return []fault{
		{name: "null MX", make: func(_ *testing.T, r *rig) { r.DNS.Set("healthy.example", "MX 0 .") }, want: "mx-null info"},
		{name: "null MX and another", make: func(_ *testing.T, r *rig) { r.DNS.Set("healthy.example", "MX 0 .", "MX 10 mx.healthy.example.") }, want: "mx-null-mixed error"},
		{name: "no MX", make: func(_ *testing.T, r *rig) { r.DNS.Set("healthy.example") },
			want: "mx-missing warning, mx-no-address error, tlsrpt-rua-no-mail error, mta-sts-mx-unmatched error validation-failure, mta-sts-mx-unused info"},
		{name: "MX is an alias", make: func(_ *testing.T, r *rig) {
			r.DNS.SetCNAME("mx.healthy.example", "real.healthy.example")
			r.DNS.Set("real.healthy.example", "A "+r.MX.Address)
		}, want: "mx-cname warning"},
		{name: "MX without address", make: func(_ *testing.T, r *rig) { r.DNS.Set("mx.healthy.example") }, want: "mx-no-address error"},
		{name: "too many MX", make: func(_ *testing.T, r *rig) { r.manyHosts(2 * maxHosts) }, want: "mx-many info", says: "has 41 MX records; the first 20 "},
		{name: "only reports name it", make: func(_ *testing.T, r *rig) { r.domain.Reported = true }, want: "mx-private info, mta-sts-fetch error sts-policy-fetch-error"},
		{name: "only reports name it, and private addresses are allowed", make: func(_ *testing.T, r *rig) { r.domain.Reported, r.options.Private = true, true }},
	}
}

// daneFaults are those of TLSA records.
func daneFaults() []fault {
	tlsa := func(records ...string) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.SecureTLSA(r.Domain, records...) }
	}
	noPolicy := func(r *rig) { r.DNS.SetTXT("_mta-sts.healthy.example") }
	own := func(r *rig, usage int) { r.SecureTLSA(r.Domain, r.MX.Leaf.TLSA(usage)) }
	signer := func(r *rig, usage int) { r.SecureTLSA(r.Domain, r.Middle.TLSA(usage)) }
	none := strings.Repeat("00", 32)
	return []fault{
		{name: "healthy, with DANE", make: func(_ *testing.T, r *rig) { own(r, 3) }},
		{name: "healthy, with DANE by the issuer", make: func(_ *testing.T, r *rig) { signer(r, 2) }},
		{name: "healthy, while keys change", make: func(_ *testing.T, r *rig) { r.SecureTLSA(r.Domain, "TLSA 3 1 1 "+none, r.MX.Leaf.TLSA(3)) }},
		{name: "DANE alone, and a certificate that would not do without", make: func(t *testing.T, r *rig) {
			r.MX.Leaf, r.MX.Chain = domaintest.Issue(t, nil, domaintest.Template{Until: time.Now().Add(-time.Hour)}), nil
			own(r, 3)
			noPolicy(r)
		}, want: "mta-sts-missing info", says: "DANE protects mail"},
		{name: "DANE alone, on an MX record that is not signed", make: func(_ *testing.T, r *rig) {
			r.DNS.Set("_25._tcp.mx.healthy.example", r.MX.Leaf.TLSA(3))
			r.DNS.Secure("_25._tcp.mx.healthy.example")
			noPolicy(r)
		}, want: "mta-sts-missing warning", says: "DNSSEC does not vouch for the MX records"},
		{name: "DANE alone, but not at every MX host", make: func(_ *testing.T, r *rig) {
			own(r, 3)
			noPolicy(r)
			other := r.World.Domain("other.example")
			r.DNS.Set("healthy.example", "MX 10 mx.healthy.example.", "MX 20 "+other.MX.Name+".")
		}, want: "mta-sts-missing warning"},
		{name: "DANE alone by the issuer, expired", make: func(t *testing.T, r *rig) {
			r.Renew(r.MX, domaintest.Template{Until: time.Now().Add(-50 * time.Hour)})
			signer(r, 2)
			noPolicy(r)
		}, want: "mta-sts-missing info, cert-expired error certificate-expired", says: "expired 2 days ago"},
		{name: "DANE alone by the issuer, for another name", make: func(t *testing.T, r *rig) {
			r.Renew(r.MX, domaintest.Template{Names: []string{"other.example"}})
			signer(r, 2)
			noPolicy(r)
		}, want: "mta-sts-missing info, cert-name warning certificate-host-mismatch, dane-mismatch error tlsa-invalid"},
		{name: "TLSA without AD", make: func(_ *testing.T, r *rig) { r.DNS.Set("_25._tcp.mx.healthy.example", r.MX.Leaf.TLSA(3)) }, want: "dane-unsigned warning"},
		{name: "TLSA with wrong signatures", make: func(_ *testing.T, r *rig) { own(r, 3); r.DNS.Bogus("_25._tcp.mx.healthy.example") }, want: "dane-bogus error dnssec-invalid"},
		{name: "TLSA fails, whoever asks", make: func(_ *testing.T, r *rig) { r.DNS.Fail("_25._tcp.mx.healthy.example", dns.RcodeServerFailure) }, want: "dns-failed error"},
		{name: "TLSA of usage 1", make: tlsa("TLSA 1 1 1 " + none), want: "dane-usage warning"},
		{name: "TLSA of selector 7", make: tlsa("TLSA 3 7 1 " + none), want: "dane-usage warning"},
		{name: "TLSA of matching type 9", make: tlsa("TLSA 3 1 9 " + none), want: "dane-usage warning"},
		{name: "TLSA cut short", make: tlsa("TLSA 3 1 1 0011"), want: "dane-usage warning"},
		{name: "TLSA of another key, usage 3", make: tlsa("TLSA 3 1 1 " + none), want: "dane-mismatch error tlsa-invalid"},
		{name: "TLSA of the issuer, usage 3", make: func(_ *testing.T, r *rig) { signer(r, 3) }, want: "dane-mismatch error tlsa-invalid"},
		{name: "TLSA of another issuer, usage 2", make: tlsa("TLSA 2 1 1 " + none), want: "dane-mismatch error tlsa-invalid"},
		{name: "TLSA of an issuer that did not sign, usage 2", make: func(t *testing.T, r *rig) {
			stranger := domaintest.Issue(t, r.Root, domaintest.Template{CA: true})
			r.MX.Chain = append(r.MX.Chain, stranger)
			r.SecureTLSA(r.Domain, stranger.TLSA(2))
		}, want: "dane-mismatch error tlsa-invalid"},
	}
}
