package domaincheck

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// However many addresses a domain publishes, few connections to it are open at once.
func TestConnectionsToOneDomainAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.manyHosts(maxHosts - 1)
	smtp := fmt.Sprint(":", r.SMTPPort)
	var mu sync.Mutex
	open, most, dialled, enough := 0, 0, 0, make(chan struct{})
	r.options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil || !strings.HasSuffix(address, smtp) {
			return conn, err
		}
		mu.Lock()
		open++
		most = max(most, open)
		if dialled++; dialled == maxSessions {
			close(enough) // until so many are open, none goes on
		}
		mu.Unlock()
		<-enough
		return &closing{conn, func() { mu.Lock(); open--; mu.Unlock() }}, nil
	}
	got := r.checker().Check(t.Context(), r.domain)
	if len(got.Findings) > 0 || len(got.Servers) != maxHosts || most != maxSessions {
		t.Errorf("%d connections at once, want %d; %d servers, %+v", most, maxSessions, len(got.Servers), got.Findings)
	}
}

// closing is a connection that tells when it is closed.
type closing struct {
	net.Conn
	closed func()
}

func (c *closing) Close() error {
	c.closed()
	return c.Conn.Close()
}
