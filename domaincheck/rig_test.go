package domaincheck

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/dnstest"
	"tlsbrief/resolver"
)

// A signed is a certificate with its key.
type signed struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	der  []byte
}

// issue makes a certificate. A nil issuer signs itself.
func issue(t *testing.T, issuer *signed, ca bool, until time.Time, names ...string) *signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: serial.String()}, DNSNames: names,
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: until, IsCA: ca, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	s := &signed{key: key}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	if s.der, err = x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer); err != nil {
		t.Fatal(err)
	}
	if s.cert, err = x509.ParseCertificate(s.der); err != nil {
		t.Fatal(err)
	}
	return s
}

// A rig is a domain, healthy.example, with all that belongs to it: what a test
// changes before it looks is the fault.
type rig struct {
	dns          *dnstest.Server
	root, middle *signed
	leaf         *signed // the MX host's
	chain        []*signed
	web          *signed // the policy host's
	policy       http.HandlerFunc
	tls          tls.Config
	session      func(net.Conn) // instead of SMTP
	noSTARTTLS   bool
	closed       bool // nobody listens
	options      Options
	domain       Domain
}

const goodPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mx.healthy.example\r\nmax_age: 604800\r\n"

func serve(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, body)
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	year := time.Now().AddDate(1, 0, 0)
	r := &rig{dns: dnstest.New(t), policy: serve(goodPolicy), domain: Domain{Name: "healthy.example"}}
	r.root = issue(t, nil, true, year)
	r.middle = issue(t, r.root, true, year)
	r.leaf = issue(t, r.middle, false, year, "mx.healthy.example")
	r.chain = []*signed{r.middle}
	r.web = issue(t, r.root, false, year, "mta-sts.healthy.example")
	r.dns.Set("healthy.example", "MX 10 mx.healthy.example.")
	r.dns.Set("mx.healthy.example", "A 127.0.0.1")
	r.dns.Set("mta-sts.healthy.example", "A 127.0.0.1")
	r.dns.SetTXT("_smtp._tls.healthy.example", "v=TLSRPTv1; rua=mailto:reports@healthy.example")
	r.dns.SetTXT("_mta-sts.healthy.example", "v=STSv1; id=20260101T000000;")
	r.options = Options{StepTimeout: 5 * time.Second, Ours: []string{"reports@healthy.example"}}
	return r
}

// tlsa gives the MX host a TLSA record "3 1 1" for a certificate.
func (r *rig) tlsa(s *signed, secure bool) {
	sum := sha256.Sum256(s.cert.RawSubjectPublicKeyInfo)
	r.dns.Set("_25._tcp.mx.healthy.example", fmt.Sprintf("TLSA 3 1 1 %x", sum))
	if secure {
		r.dns.Secure("_25._tcp.mx.healthy.example")
	}
}

// checker starts the servers and returns what looks at them.
func (r *rig) checker(t *testing.T) *Checker {
	t.Helper()
	web := httptest.NewUnstartedServer(r.policy)
	web.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{r.web.der}, PrivateKey: r.web.key}}}
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	t.Cleanup(web.Close)
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mail.Close() })
	certificate := tls.Certificate{Certificate: [][]byte{r.leaf.der}, PrivateKey: r.leaf.key}
	for _, c := range r.chain {
		certificate.Certificate = append(certificate.Certificate, c.der)
	}
	r.tls.Certificates = []tls.Certificate{certificate}
	if r.session == nil {
		r.session = r.smtp
	}
	if r.closed {
		mail.Close()
	}
	go func() {
		for {
			conn, err := mail.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); r.session(conn) }()
		}
	}()
	o := r.options
	o.DNS = resolver.New(resolver.Options{Server: r.dns.Addr(), Timeout: 20 * time.Second, Parallel: 256})
	o.Roots = x509.NewCertPool()
	o.Roots.AddCert(r.root.cert)
	o.SMTPPort = mail.Addr().(*net.TCPAddr).Port
	o.HTTPSPort = web.Listener.Addr().(*net.TCPAddr).Port
	return New(o)
}

// smtp is a server that does no more than STARTTLS.
func (r *rig) smtp(conn net.Conn) {
	fmt.Fprint(conn, "220-mx.healthy.example\r\n220 ready\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch command, _, _ := strings.Cut(lines.Text(), " "); {
		case command == "EHLO" && r.noSTARTTLS:
			fmt.Fprint(conn, "250 mx\r\n")
		case command == "EHLO":
			fmt.Fprint(conn, "250-mx\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
		case command == "STARTTLS":
			fmt.Fprint(conn, "220 go\r\n")
			if s := tls.Server(conn, &r.tls); s.Handshake() == nil {
				io.Copy(io.Discard, s)
			}
			return
		default:
			return
		}
	}
}
