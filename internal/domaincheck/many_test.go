package domaincheck

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"tlsbrief/internal/resolver"
	"tlsbrief/internal/testing/domaintest"
)

// manyDomains makes n healthy domains, each with a policy and a mail server of its
// own, and a checker that knows nothing of them yet, as a new process does.
func manyDomains(t testing.TB, n int) (*domaintest.World, []Domain) {
	t.Helper()
	w := domaintest.New(t)
	domains := make([]Domain, n)
	for i := range domains {
		domains[i].Name = fmt.Sprintf("domain-%d.example", i)
		w.Domain(domains[i].Name)
	}
	return w, domains
}

// manyChecker gives up on nobody who is silent before the test's end.
func manyChecker(w *domaintest.World) *Checker {
	return New(Options{
		DNS:   resolver.New(resolver.Options{Server: w.DNS.Addr(), Parallel: 8 * 32, Timeout: testTimeout}),
		Roots: w.Root.Pool(), SMTPPort: w.SMTPPort, HTTPSPort: w.HTTPSPort,
		Timeout: testTimeout, StepTimeout: testTimeout, Concurrency: 32,
	})
}

// Those that never answer, be it their name server, their web server or their mail
// server, delay none of the others: these are all done while they are still waited
// for.
func TestManyDomainsBesideSomeThatNeverAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: hundreds of domains")
	}
	t.Parallel()
	w, domains := manyDomains(t, 500)
	released := make(chan struct{})
	mute, silent, stuck := w.Domain("mute.example"), w.Domain("silent.example"), w.Domain("stuck.example")
	answer := w.DNS.Hold(mute.Name)
	w.Change(func() {
		silent.MX.Session = func(net.Conn) { <-released }
		stuck.Policy = func(http.ResponseWriter, *http.Request) { <-released }
	})
	release := func() { answer(); close(released) }

	unanswering := []Domain{{Name: mute.Name}, {Name: silent.Name}, {Name: stuck.Name}}
	all := append(slices.Clone(unanswering), domains...)
	var order []string
	results, err := manyChecker(w).CheckAll(t.Context(), all, func(got Result) {
		if order = append(order, got.Domain); len(order) == len(domains) {
			release() // all others are through while these still wait
		}
	})
	if err != nil {
		release()
		t.Fatalf("%d of %d domains done: %v", len(order), len(all), err)
	}
	for i, name := range order {
		if late := slices.ContainsFunc(unanswering, func(d Domain) bool { return d.Name == name }); late != (i >= len(domains)) {
			t.Errorf("%s was done as number %d", name, i+1)
		}
	}
	for i, got := range results {
		if got.Domain != all[i].Name {
			t.Errorf("result %d is of %s, want %s", i, got.Domain, all[i].Name)
		}
		if strings.HasPrefix(got.Domain, "domain-") && (len(got.Findings) > 0 || len(got.Servers) != 1 || got.Servers[0].TLSVersion == "") {
			t.Errorf("a healthy domain: %+v", got)
		}
	}
}

// BenchmarkCheck500 is a check of 500 domains, 32 at a time, none of which shares
// anything with another: on this machine, and with a round trip of 50 ms to
// everybody.
func BenchmarkCheck500(b *testing.B) {
	for _, away := range []time.Duration{0, 50 * time.Millisecond} {
		b.Run(fmt.Sprintf("%s away", away), func(b *testing.B) {
			w, domains := manyDomains(b, 500)
			for _, d := range domains {
				for _, under := range []string{"", "_smtp._tls.", "_mta-sts.", "mta-sts.", "mx.", "_25._tcp.mx."} {
					w.DNS.Mangle(under+d.Name, func(*dns.Msg) { time.Sleep(away) })
				}
			}
			for b.Loop() {
				c := manyChecker(w)
				c.o.Dial = distant(away)
				results, err := c.CheckAll(b.Context(), domains, nil)
				if err != nil {
					b.Fatal(err)
				}
				for _, r := range results {
					if r.Verdict != OK || len(r.Servers) != 1 {
						b.Fatalf("%+v", r)
					}
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/check")
			b.ReportMetric(float64(w.DNS.Total())/float64(b.N)/float64(len(domains)), "queries/domain")
		})
	}
}

// distant dials as to a server whose answers take some time.
func distant(away time.Duration) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		time.Sleep(away)
		return &distantConn{Conn: conn, away: away}, err
	}
}

// A distantConn waits before it reads the answer to what was written last.
type distantConn struct {
	net.Conn
	away  time.Duration
	asked atomic.Bool
}

func (c *distantConn) Write(p []byte) (int, error) {
	c.asked.Store(true)
	return c.Conn.Write(p)
}

func (c *distantConn) Read(p []byte) (int, error) {
	if c.asked.Swap(false) {
		time.Sleep(c.away)
	}
	return c.Conn.Read(p)
}
