package domaincheck

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"tlsbrief/internal/testing/domaintest"
	"tlsbrief/internal/tlsrpt"
)

// What a sender reported is looked at: it is so, something else is, it is not, or
// nobody can tell from here.
func TestConfirm(t *testing.T) {
	t.Parallel()
	const mx = "mx.healthy.example"
	healthy := func(*testing.T, *rig) {}
	leaf := func(o domaintest.Template) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.Renew(r.MX, o) }
	}
	expired := leaf(domaintest.Template{Until: time.Now().Add(-49 * time.Hour)})
	for _, tt := range []struct {
		name     string
		make     func(*testing.T, *rig)
		host     string
		reported tlsrpt.ResultType
		want     ConfirmState
		says     string
	}{
		{"expired, and it is", expired, mx, tlsrpt.CertificateExpired, Confirmed, "expired 2 days ago"},
		{"expired, of a host in capitals with a dot", expired, "MX.Healthy.Example.", tlsrpt.CertificateExpired, Confirmed, "expired 2 days ago"},
		{"expired, of no host", expired, "", tlsrpt.CertificateExpired, Confirmed, "expired 2 days ago"},
		{"expired, and all is well", healthy, mx, tlsrpt.CertificateExpired, NotSeen, ""},
		{"expired, and it has another name", leaf(domaintest.Template{Names: []string{"other.example"}}), mx, tlsrpt.CertificateExpired, OtherFault, "other.example"},
		{"a general failure, and it has expired", expired, mx, tlsrpt.ValidationFailure, Confirmed, "expired 2 days ago"},
		{"a general failure, and all is well", healthy, mx, tlsrpt.ValidationFailure, NotSeen, ""},
		{"of a host that is none any more", healthy, "old.healthy.example", tlsrpt.CertificateExpired, NotSeen, "no MX host"},
		{"of a host while another is at fault", expired, "old.healthy.example", tlsrpt.CertificateExpired, NotSeen, "no MX host"},
		{"the port is closed", func(_ *testing.T, r *rig) { r.MX.Close() }, mx, tlsrpt.CertificateExpired, Unconfirmed, "port"},
		{"one of two addresses is closed", func(_ *testing.T, r *rig) { r.DNS.Set(mx, "A "+r.MX.Address, "A 127.255.255.1") }, mx, tlsrpt.CertificateExpired, NotSeen, "127.255.255.1"},
		{"nothing but IPv6, which this machine lacks", noIPv6("AAAA 2001:db8::1"), mx, tlsrpt.CertificateExpired, Unconfirmed, "no route"},
		{"IPv6 as well, which this machine lacks", func(t *testing.T, r *rig) { noIPv6("A "+r.MX.Address, "AAAA 2001:db8::1")(t, r) }, mx, tlsrpt.CertificateExpired, NotSeen, ""},
		{"the server is silent", func(_ *testing.T, r *rig) { r.waits(r.SMTPPort, domaintest.Stall) }, mx, tlsrpt.STARTTLSNotSupported, Unconfirmed, "did not finish its greeting"},
		{"servers are left alone", func(_ *testing.T, r *rig) { r.options.NoProbe = true }, mx, tlsrpt.CertificateExpired, NotProbed, "not connected to"},
		{"DNS fails", func(_ *testing.T, r *rig) { r.DNS.Fail("healthy.example", dns.RcodeServerFailure) }, mx, tlsrpt.CertificateExpired, Unconfirmed, "DNS does not answer"},
		{"no STARTTLS, and there is none", func(_ *testing.T, r *rig) { r.MX.NoSTARTTLS = true }, mx, tlsrpt.STARTTLSNotSupported, Confirmed, "does not offer STARTTLS"},
		{"no TLSA match, and it does not", func(_ *testing.T, r *rig) { r.SecureTLSA(r.Domain, "TLSA 3 1 1 "+strings.Repeat("00", 32)) }, mx, tlsrpt.TLSAInvalid, Confirmed, "matches none"},
		{"DNSSEC, and it is well", healthy, mx, tlsrpt.DNSSECInvalid, NotSeen, "resolver"},
		{"no policy, and there is one", healthy, "", tlsrpt.STSPolicyFetchError, NotSeen, "fetched"},
		{"no policy, and its host is closed", func(_ *testing.T, r *rig) { r.DNS.Set("mta-sts.healthy.example", "A 127.255.255.1") }, "", tlsrpt.STSPolicyFetchError, Confirmed, "127.255.255.1"},
		{"an unreadable policy, and there is no record", text("_mta-sts"), "", tlsrpt.STSPolicyInvalid, OtherFault, "no MTA-STS record"},
		{"the policy's certificate, and the host is closed", func(_ *testing.T, r *rig) { r.DNS.Set("mta-sts.healthy.example", "A 127.255.255.1") }, "", tlsrpt.STSWebPKIInvalid, OtherFault, "127.255.255.1"},
		{"the policy, while DNS fails", func(_ *testing.T, r *rig) { r.DNS.Fail("_mta-sts.healthy.example", dns.RcodeServerFailure) }, "", tlsrpt.STSPolicyFetchError, Unconfirmed, "DNS does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tt.make(t, r)
			result := r.look(t)
			got := result.Confirm(tt.host, tt.reported)
			if got.State != tt.want || !strings.Contains(got.Message, tt.says) || got.State != NotSeen && got.Message == "" {
				t.Errorf("Confirm = %+v, want %s, with %q in it\n%+v", got, tt.want, tt.says, result.Findings)
			}
		})
	}
}

func TestWhyNoReportsCome(t *testing.T) {
	t.Parallel()
	const at = "_smtp._tls"
	for _, tt := range []struct {
		name string
		make func(*testing.T, *rig)
		want ConfirmState
		says string
	}{
		{"the domain is not the reason", func(*testing.T, *rig) {}, NotSeen, "v=TLSRPTv1"},
		{"no record", text(at), Confirmed, "There is no TLS-RPT record"},
		{"two records", text(at, "v=TLSRPTv1; rua=mailto:a@healthy.example", "v=TLSRPTv1; rua=mailto:b@healthy.example"), Confirmed, "2 TLS-RPT records"},
		{"reports go elsewhere", text(at, "v=TLSRPTv1; rua=mailto:a@healthy.example"), Confirmed, "leads to no mailbox"},
		{"nobody knows where", func(t *testing.T, r *rig) {
			text(at, "v=TLSRPTv1; rua=mailto:a@healthy.example")(t, r)
			r.options.Ours, r.options.Unaddressed = nil, []string{"reports"}
		}, NotSeen, "not known"},
		{"no such domain", func(_ *testing.T, r *rig) { r.domain.Name = "none.example" }, Confirmed, "does not exist"},
		{"DNS fails", func(_ *testing.T, r *rig) { r.DNS.Fail(at+".healthy.example", dns.RcodeServerFailure) }, Unconfirmed, "DNS does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tt.make(t, r)
			if got := r.look(t).Silence(); got.State != tt.want || !strings.Contains(got.Message, tt.says) {
				t.Errorf("Silence = %+v, want %s, with %q in it", got, tt.want, tt.says)
			}
		})
	}
}
