package domaincheck

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsbrief/internal/testing/domaintest"
)

// noIPv6 gives the mail server these addresses, and no way to those of IPv6.
func noIPv6(addresses ...string) func(*testing.T, *rig) {
	return func(_ *testing.T, r *rig) {
		r.DNS.Set("mx.healthy.example", addresses...)
		r.options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "[") {
				return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
}

// sessionFaults are those of a mail server up to the end of the handshake.
func sessionFaults() []fault {
	session := func(f func(net.Conn)) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.MX.Session = f }
	}
	waits := func(f func(net.Conn)) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.waits(r.SMTPPort, f) }
	}
	versions := func(most uint16) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.MX.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: most} }
	}
	return []fault{
		{name: "port closed", make: func(_ *testing.T, r *rig) { r.MX.Close() }, want: "probe-port-closed info"},
		{name: "one address of two unreachable", make: func(_ *testing.T, r *rig) {
			r.DNS.Set("mx.healthy.example", "A "+r.MX.Address, "A 127.255.255.1")
		}, want: "probe-unreachable warning", says: "(127.255.255.1) cannot be connected to on port "},
		{name: "nothing but addresses that this machine has no way to", make: noIPv6("AAAA 2001:db8::1"), want: "probe-no-route info", says: "2001:db8::1"},
		{name: "a closed port, and addresses that this machine has no way to", make: noIPv6("A 127.255.255.1", "AAAA 2001:db8::1"), want: "probe-port-closed info"},
		{name: "addresses that this machine has no way to", make: func(t *testing.T, r *rig) {
			noIPv6("A "+r.MX.Address, "AAAA 2001:db8::1", "AAAA 2001:db8::2")(t, r)
		}, want: "probe-no-route info", says: "2001:db8::1, 2001:db8::2"},
		{name: "never answers", make: waits(domaintest.Stall), want: "probe-silent warning", says: "its greeting: there was no answer within 1s."},
		{name: "a byte now and then", make: waits(domaintest.Drip(20 * time.Millisecond)), want: "probe-silent warning", says: "no answer within 1s"},
		{name: "falls silent after its greeting", make: waits(func(c net.Conn) { fmt.Fprint(c, "220 hi\r\n"); domaintest.Stall(c) }), want: "probe-silent warning", says: "its answer to EHLO: there was no answer within 1s."},
		{name: "hangs up", make: session(func(net.Conn) {}), want: "probe-silent warning", says: "its greeting: the connection was broken off."},
		{name: "greets for ever", make: session(func(c net.Conn) {
			for {
				if _, err := fmt.Fprint(c, "220-more\r\n"); err != nil {
					return
				}
			}
		}), want: "probe-silent warning", says: "does not end"},
		{name: "is no SMTP", make: session(func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-x\r\n") }), want: "probe-silent warning", says: "no SMTP"},
		{name: "refuses", make: session(func(c net.Conn) { fmt.Fprint(c, "554 no\r\n") }), want: "probe-refused warning", says: "554"},
		{name: "not probed", make: func(_ *testing.T, r *rig) { r.MX.NoSTARTTLS, r.options.NoProbe = true, true }},
		{name: "no STARTTLS", make: func(_ *testing.T, r *rig) { r.MX.NoSTARTTLS = true }, want: "probe-no-starttls error starttls-not-supported"},
		{name: "no EHLO", make: session(func(c net.Conn) { fmt.Fprint(c, "220 hi\r\n500 what\r\n"); domaintest.Stall(c) }), want: "probe-no-starttls error starttls-not-supported"},
		{name: "STARTTLS refused", make: session(func(c net.Conn) {
			fmt.Fprint(c, "220 hi\r\n250 STARTTLS\r\n454 not now\r\n")
			domaintest.Stall(c)
		}), want: "probe-no-starttls error starttls-not-supported", says: "454"},
		{name: "more in plain text behind STARTTLS", make: session(func(c net.Conn) {
			fmt.Fprint(c, "220 hi\r\n250 STARTTLS\r\n220 go\r\n250 injected\r\n")
			domaintest.Stall(c)
		}), want: "probe-handshake error validation-failure", says: "plain text"},
		{name: "the handshake breaks", make: session(domaintest.AfterSTARTTLS(func(net.Conn) {})), want: "probe-handshake error validation-failure"},
		{name: "the handshake is no TLS", make: session(domaintest.AfterSTARTTLS(func(c net.Conn) { fmt.Fprint(c, "no idea what you mean\r\n") })), want: "probe-handshake error validation-failure"},
		{name: "the handshake does not end", make: waits(domaintest.AfterSTARTTLS(domaintest.Stall)), want: "probe-handshake error validation-failure", says: "no answer within 1s"},
		{name: "TLS 1.0 only", make: versions(tls.VersionTLS10), want: "probe-old-tls error validation-failure", says: "TLS 1.0"},
		{name: "TLS 1.1 only", make: versions(tls.VersionTLS11), want: "probe-old-tls error validation-failure", says: "TLS 1.1"},
		{name: "healthy, with TLS 1.2", make: versions(tls.VersionTLS12)},
	}
}

// certificateFaults are those of a mail server's certificate.
func certificateFaults() []fault {
	leaf := func(o domaintest.Template) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.Renew(r.MX, o) }
	}
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	const days = 24 * time.Hour
	return []fault{
		{name: "expired", make: leaf(domaintest.Template{Until: in(-49 * time.Hour)}), want: "cert-expired error certificate-expired", says: "expired 2 days ago"},
		{name: "expired, under a policy in testing", make: func(t *testing.T, r *rig) {
			r.Policy = domaintest.Serve("version: STSv1\nmode: testing\nmx: mx.healthy.example\nmax_age: 604800\n")
			r.Renew(r.MX, domaintest.Template{Until: in(-time.Hour)})
		}, want: "mta-sts-mode info, cert-expired warning certificate-expired", says: "less than a day ago"},
		{name: "expires soon", make: leaf(domaintest.Template{Until: in(13*days + time.Hour)}), want: "cert-expiring warning", says: "expires in 13 days"},
		{name: "expires today", make: leaf(domaintest.Template{Until: in(time.Hour)}), want: "cert-expiring warning", says: "expires in less than a day"},
		{name: "healthy, expires in 15 days", make: leaf(domaintest.Template{Until: in(15 * days)})},
		{name: "not yet valid", make: leaf(domaintest.Template{From: in(time.Hour)}), want: "cert-not-yet-valid error validation-failure"},
		{name: "wrong name", make: leaf(domaintest.Template{Names: []string{"other.example"}}), want: "cert-name error certificate-host-mismatch", says: "other.example"},
		{name: "healthy, with a wildcard", make: leaf(domaintest.Template{Names: []string{"*.healthy.example"}})},
		{name: "self-signed", make: func(t *testing.T, r *rig) {
			r.MX.Leaf, r.MX.Chain = domaintest.Issue(t, nil, domaintest.Template{Names: []string{r.MX.Name}}), nil
		}, want: "cert-self-signed error certificate-not-trusted"},
		{name: "self-signed, expired and for another name", make: func(t *testing.T, r *rig) {
			r.MX.Leaf, r.MX.Chain = domaintest.Issue(t, nil, domaintest.Template{Names: []string{"other.example"}, Until: in(-time.Hour)}), nil
		}, want: "cert-expired error certificate-expired, cert-name error certificate-host-mismatch, cert-self-signed error certificate-not-trusted"},
		{name: "without its intermediate", make: func(_ *testing.T, r *rig) { r.MX.Chain = nil }, want: "cert-chain error certificate-not-trusted"},
		{name: "healthy, with the root sent along", make: func(_ *testing.T, r *rig) { r.MX.Chain = append(r.MX.Chain, r.Root) }},
		{name: "of a root that nobody trusts", make: func(t *testing.T, r *rig) {
			root := domaintest.Issue(t, nil, domaintest.Template{CA: true})
			r.MX.Leaf, r.MX.Chain = domaintest.Issue(t, root, domaintest.Template{Names: []string{r.MX.Name}}), []*domaintest.Certificate{root}
		}, want: "cert-untrusted error certificate-not-trusted"},
		{name: "of an intermediate that has expired", make: func(t *testing.T, r *rig) {
			middle := domaintest.Issue(t, r.Root, domaintest.Template{CA: true, Until: in(-time.Hour)})
			r.MX.Leaf, r.MX.Chain = domaintest.Issue(t, middle, domaintest.Template{Names: []string{r.MX.Name}}), []*domaintest.Certificate{middle}
		}, want: "cert-expired error certificate-expired", says: "sends along"},
	}
}
