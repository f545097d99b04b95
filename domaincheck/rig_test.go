package domaincheck

import (
	"testing"
	"time"

	"tlsbrief/internal/domaintest"
	"tlsbrief/resolver"
)

// A rig is a domain, healthy.example, with all that belongs to it: what a test
// changes before it looks is the fault.
type rig struct {
	*domaintest.World
	*domaintest.Domain
	options Options
	domain  Domain // what is looked at
}

func newRig(t *testing.T) *rig {
	t.Helper()
	w := domaintest.New(t)
	return &rig{
		World: w, Domain: w.Domain("healthy.example"), domain: Domain{Name: "healthy.example"},
		options: Options{StepTimeout: 5 * time.Second, Ours: []string{"reports@healthy.example"}},
	}
}

// checker returns what looks at the rig.
func (r *rig) checker() *Checker {
	o := r.options
	o.DNS = resolver.New(resolver.Options{Server: r.DNS.Addr(), Timeout: 20 * time.Second, Parallel: 256})
	o.Roots, o.SMTPPort, o.HTTPSPort = r.Root.Pool(), r.SMTPPort, r.HTTPSPort
	return New(o)
}
