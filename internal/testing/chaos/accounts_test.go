package chaos

import (
	"fmt"
	"sync/atomic"
	"testing"

	"tlsbrief/internal/testing/imaptest"
)

// A hotel is a Dovecot with many accounts, one for each fault: starting a server
// for each would take longer than the faults.
type hotel struct {
	server *imaptest.Server
	names  []string
	taken  atomic.Int64
}

// accounts starts a Dovecot with so many accounts. The test is skipped where there
// is none to start.
func accounts(t *testing.T, n int, opts ...imaptest.Option) *hotel {
	t.Helper()
	h := &hotel{}
	for i := range n {
		h.names = append(h.names, fmt.Sprintf("reports-%d@example.test", i))
	}
	h.server = imaptest.Dovecot(t, append(opts, imaptest.WithUsers(h.names...))...)
	return h
}

// next returns an account that nobody has used yet.
func (h *hotel) next(t *testing.T) *imaptest.Server {
	t.Helper()
	n := int(h.taken.Add(1))
	if n > len(h.names) {
		t.Fatalf("more than %d accounts are wanted", len(h.names))
	}
	return h.server.As(t, h.names[n-1])
}
