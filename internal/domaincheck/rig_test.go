package domaincheck

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tlsbrief/internal/resolver"
	"tlsbrief/internal/testing/domaintest"
)

// testTimeout is far longer than a busy machine takes for a domain. Only who waits for
// what never comes would see its end.
const testTimeout = 5 * time.Minute

// A rig is a domain, healthy.example, with all that belongs to it: what a test
// changes before it looks is the fault.
type rig struct {
	*domaintest.World
	*domaintest.Domain
	options Options
	domain  Domain // what is looked at

	// silent are servers that let the look wait, by the port that is connected to.
	// They are as far away as the test's own goroutines; see [rig.look].
	silent map[int]func(net.Conn)
}

func newRig(t *testing.T) *rig {
	t.Helper()
	w := domaintest.New(t)
	now := time.Now()
	return &rig{
		World: w, Domain: w.Domain("healthy.example"), domain: Domain{Name: "healthy.example"}, silent: map[int]func(net.Conn){},
		options: Options{
			Now:     func() time.Time { return now },
			Timeout: testTimeout, StepTimeout: testTimeout, Ours: []string{"reports@healthy.example"},
		},
	}
}

// checker returns what looks at the rig.
func (r *rig) checker() *Checker {
	o := r.options
	o.DNS = resolver.New(resolver.Options{Server: r.DNS.Addr(), Timeout: testTimeout, Parallel: 256})
	o.Roots, o.SMTPPort, o.HTTPSPort = r.Root.Pool(), r.SMTPPort, r.HTTPSPort
	return New(o)
}

// waits has the server at a port, of all addresses, be one that lets the look wait
// for as long as a step may last: a second.
func (r *rig) waits(port int, session func(net.Conn)) {
	r.silent[port] = session
	r.options.StepTimeout = time.Second
}

// look looks at the domain. Where a server lets it wait, it does so in a bubble: its
// clock stands while anything is under way, be it with the servers outside, and the
// deadline passes when there is nothing left but to wait for it. How fast the
// machine is makes no difference.
func (r *rig) look(t *testing.T) (result Result) {
	t.Helper()
	if len(r.silent) == 0 {
		return r.checker().Check(t.Context(), r.domain)
	}
	synctest.Test(t, func(t *testing.T) {
		var sessions sync.WaitGroup
		r.options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			for port, session := range r.silent {
				if strings.HasSuffix(address, fmt.Sprint(":", port)) {
					near, far := net.Pipe()
					sessions.Go(func() { defer far.Close(); session(far) })
					return near, nil
				}
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		result = r.checker().Check(t.Context(), r.domain)
		sessions.Wait()
	})
	return result
}
