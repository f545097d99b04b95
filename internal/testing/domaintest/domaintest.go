// Package domaintest is mail domains on loopback for tests: their records in DNS,
// their policies over HTTPS and their mail servers up to STARTTLS.
//
// [World.Domain] makes a domain that is healthy and has no DANE. A test changes it
// to make a fault. Each mail server has an address of its own in 127.0.0.0/8, which
// Linux offers without further setup, and all have the same port.
package domaintest

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/ports"
)

// A World holds domains and the servers that they share. It stops with the test.
type World struct {
	DNS  *dnstest.Server
	Root *Certificate // the only trusted root
	// Middle signs the certificates of mail servers, and is sent along.
	Middle *Certificate

	SMTPPort, HTTPSPort int

	t       testing.TB
	mu      sync.Mutex // guards what follows, and all fields of domains and hosts
	domains map[string]*Domain
	hosts   int
	open    []*Host
}

// A Domain is a mail domain with a policy host and a mail server.
type Domain struct {
	Name   string
	Policy http.HandlerFunc
	Web    *Certificate // the policy host's
	MX     *Host
}

// A Host is one mail server.
type Host struct {
	Name    string // "mx." and the domain
	Address string

	Leaf  *Certificate
	Chain []*Certificate // sent with the certificate
	TLS   *tls.Config    // without certificates; versions, say

	NoSTARTTLS bool
	Session    func(net.Conn) // instead of SMTP

	listener net.Listener
}

// New starts a world without domains.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{DNS: dnstest.New(t), SMTPPort: ports.Reserve(t), t: t, domains: map[string]*Domain{}}
	w.Root = Issue(t, nil, Template{CA: true})
	w.Middle = Issue(t, w.Root, Template{CA: true})
	web := httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	web.TLS = &tls.Config{GetCertificate: w.webCertificate}
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	w.HTTPSPort = web.Listener.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() {
		w.Change(func() {
			for _, h := range w.open {
				h.listener.Close()
			}
		})
		web.CloseClientConnections()
		web.Close()
	})
	return w
}

// GoodPolicy returns the policy of a healthy domain.
func GoodPolicy(domain string) string {
	return "version: STSv1\r\nmode: enforce\r\nmx: mx." + domain + "\r\nmax_age: 604800\r\n"
}

// Serve serves a text as a policy.
func Serve(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, text)
	}
}

// Domain adds a healthy domain. Its reports go to reports@ itself.
func (w *World) Domain(name string) *Domain {
	w.t.Helper()
	d := &Domain{Name: name, Policy: Serve(GoodPolicy(name))}
	d.Web = Issue(w.t, w.Root, Template{Names: []string{"mta-sts." + name}})
	d.MX = &Host{
		Name: "mx." + name, TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Chain: []*Certificate{w.Middle},
		Leaf: Issue(w.t, w.Middle, Template{Names: []string{"mx." + name}}),
	}
	w.Change(func() {
		w.domains["mta-sts."+name] = d
		w.listen(d.MX)
	})
	w.DNS.Set(name, "MX 10 mx."+name+".")
	w.DNS.Set("mx."+name, "A "+d.MX.Address)
	w.DNS.Set("mta-sts."+name, "A 127.0.0.1")
	w.DNS.SetTXT("_smtp._tls."+name, "v=TLSRPTv1; rua=mailto:reports@"+name)
	w.DNS.SetTXT("_mta-sts."+name, "v=STSv1; id=20260101T000000;")
	return d
}

// Change lets f change domains and hosts while they are in use.
func (w *World) Change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// Renew gives a host a new certificate by a template. A template without names
// gets the name of the host.
func (w *World) Renew(h *Host, o Template) {
	w.t.Helper()
	if o.Names == nil {
		o.Names = []string{h.Name}
	}
	leaf := Issue(w.t, w.Middle, o)
	w.Change(func() { h.Leaf = leaf })
}

// SecureTLSA gives a host TLSA records, and secures them and the MX record of its
// domain by DNSSEC.
func (w *World) SecureTLSA(d *Domain, records ...string) {
	w.DNS.Set("_25._tcp."+d.MX.Name, records...)
	w.DNS.Secure("_25._tcp."+d.MX.Name, d.Name, d.MX.Name)
}

func (w *World) serve(rw http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.Host)
	if host == "" {
		host = r.Host
	}
	w.mu.Lock()
	d := w.domains[host]
	handler := http.NotFound
	if d != nil {
		handler = d.Policy
	}
	w.mu.Unlock()
	handler(rw, r)
}

func (w *World) webCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.domains[hello.ServerName]
	if d == nil {
		return nil, fmt.Errorf("no domain has the policy host %q", hello.ServerName)
	}
	return d.Web.chain(nil), nil
}

// listen opens a host's port, on an address of its own. The caller holds the lock.
func (w *World) listen(h *Host) {
	w.t.Helper()
	h.Address = fmt.Sprintf("127.0.%d.%d", w.hosts/250, 1+w.hosts%250)
	w.hosts++
	l, err := net.Listen("tcp", net.JoinHostPort(h.Address, strconv.Itoa(w.SMTPPort)))
	if err != nil {
		w.t.Fatal(err)
	}
	h.listener, w.open = l, append(w.open, h)
	go w.accept(h, l)
}

// Close closes a host's port.
func (h *Host) Close() { h.listener.Close() }
