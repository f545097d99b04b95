package poller

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"tlsbrief/poller/imapbox"
)

// gateFor is how long a server's bound on connections is kept to once it has
// been met. Then more are tried: the bound may have been raised.
const gateFor = time.Hour

// gates keep to the bounds that servers set on connections: several mailboxes,
// or folders of one account under several names, may lie on one server, which
// refuses a log-in where too many are open already. How many it takes is learned
// from its refusal.
type gates struct {
	mu    sync.Mutex
	hosts map[string]*gate
}

// A gate counts the connections to one server.
type gate struct {
	open    int
	most    int       // 0: no bound is known
	until   time.Time // when most is forgotten
	changed chan struct{}
}

// enter waits until there is room for one more connection to a host, and takes
// it.
func (g *gates) enter(ctx context.Context, host string) error {
	for {
		g.mu.Lock()
		at := g.at(host)
		if at.most > 0 && time.Now().After(at.until) {
			at.most = 0
		}
		if at.most == 0 || at.open < at.most {
			at.open++
			g.mu.Unlock()
			return nil
		}
		changed := at.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// leave gives back what enter took.
func (g *gates) leave(host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.at(host)
	at.open--
	close(at.changed)
	at.changed = make(chan struct{})
}

// narrow gives back what enter took, after the server has refused one connection
// more for now. It returns whether others are open, after whose end it is worth
// trying again.
func (g *gates) narrow(host string) bool {
	defer g.leave(host)
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.at(host)
	others := at.open - 1
	if others == 0 {
		return false
	}
	if at.most == 0 || others < at.most {
		at.most = others
	}
	at.until = time.Now().Add(gateFor)
	return true
}

// at returns the gate of a host. It is called with the lock held.
func (g *gates) at(host string) *gate {
	if g.hosts == nil {
		g.hosts = map[string]*gate{}
	}
	if g.hosts[host] == nil {
		g.hosts[host] = &gate{changed: make(chan struct{})}
	}
	return g.hosts[host]
}

// logIn opens a connection to the worker's mailbox. Where the server refuses it
// because it has enough of them from us, it is opened once one of the others is
// closed.
func (w *worker) logIn(ctx context.Context) (*imapbox.Session, error) {
	host := w.server()
	for {
		if err := w.p.gates.enter(ctx, host); err != nil {
			return nil, err
		}
		s, err := imapbox.Open(ctx, w.box.IMAP)
		switch {
		case err == nil:
			return s, nil
		case !imapbox.Throttled(err):
			w.p.gates.leave(host)
			return nil, err
		case !w.p.gates.narrow(host):
			return nil, err
		}
		w.log.Info("the server takes no more connections at a time: this mailbox waits for another to be done", "err", err)
	}
}

// server names the server that the mailbox lies on.
func (w *worker) server() string {
	return net.JoinHostPort(w.box.IMAP.Host, strconv.Itoa(w.box.IMAP.Port))
}
