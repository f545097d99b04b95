// Package dnstest is a DNS server on 127.0.0.1 for tests and for the demo.
//
// It answers on one port over UDP and TCP as a recursive resolver does, from
// names that the test sets. On request it fails, gives no answer, truncates or
// changes answers, and it counts queries. Names have no trailing dot and may be in
// any case. A name that was never set does not exist.
package dnstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// A Server is a running DNS server. Its methods may be called at any time, from
// several goroutines.
type Server struct {
	addr    string
	servers []*dns.Server

	mu      sync.Mutex
	names   map[string]*name
	queries map[string]count
	ttl     uint32
}

// name holds the records and the faults of one name.
type name struct {
	txt      [][]string // each record's strings
	records  []dns.RR   // of other types
	secure   bool       // answered with the AD bit
	bogus    bool       // SERVFAIL, unless the query has the CD bit
	cname    string
	rcode    int // answered instead of the records unless 0
	drop     bool
	truncate bool
	mangle   func(*dns.Msg)
	held     chan struct{} // answers wait until it is closed
}

type count struct{ udp, tcp int }

// TB is the part of [testing.TB] that [New] needs. It keeps package testing out
// of programs that use this one for a demo.
type TB interface {
	Helper()
	Fatal(args ...any)
	Cleanup(func())
}

// New starts a server that stops with the test.
func New(t TB) *Server {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Start starts a server on a free port.
func Start() (*Server, error) {
	l, conn, err := listen()
	if err != nil {
		return nil, fmt.Errorf("starting a DNS server: %w", err)
	}
	s := &Server{
		addr:    l.Addr().String(),
		names:   make(map[string]*name),
		queries: make(map[string]count),
		ttl:     300,
	}
	var started sync.WaitGroup
	started.Add(2)
	s.servers = []*dns.Server{
		{Listener: l, Handler: s.handler(true), NotifyStartedFunc: started.Done},
		{PacketConn: conn, Handler: s.handler(false), NotifyStartedFunc: started.Done},
	}
	for _, srv := range s.servers {
		go srv.ActivateAndServe() // ends with Close, which its error only repeats
	}
	started.Wait()
	return s, nil
}

// listen opens the same port for TCP and UDP.
func listen() (net.Listener, net.PacketConn, error) {
	var errs []error
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		conn, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return l, conn, nil
		}
		errs = append(errs, err, l.Close())
	}
	return nil, nil, errors.Join(errs...)
}

// Addr returns the server's address as host:port.
func (s *Server) Addr() string { return s.addr }

// Close stops the server and releases held answers. It may be called again.
func (s *Server) Close() error {
	s.mu.Lock()
	servers := s.servers
	s.servers = nil
	for _, n := range s.names {
		n.release()
	}
	s.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var errs []error
	for _, srv := range servers {
		errs = append(errs, srv.ShutdownContext(ctx))
	}
	return errors.Join(errs...)
}

// set changes the records or the faults of a name.
func (s *Server) set(host string, change func(*name)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := canonical(host)
	if s.names[key] == nil {
		s.names[key] = new(name)
	}
	change(s.names[key])
}

// SetTXT gives a name these TXT records, in place of those it had. A record
// longer than 255 bytes is sent as several strings. Without records the name
// exists and has none. SetTXT undoes Fail, Drop and the like for the name.
func (s *Server) SetTXT(host string, records ...string) {
	var txt [][]string
	for _, r := range records {
		txt = append(txt, split(r))
	}
	s.set(host, func(n *name) {
		n.release()
		*n = name{txt: txt, records: n.records, secure: n.secure}
	})
}

// Set gives a name these records, in place of those it had of types other than
// TXT: each a type and its data as a zone file has them, such as
// "MX 10 mx.example.com.". It panics at one that it cannot read, since the test
// itself is wrong.
func (s *Server) Set(host string, records ...string) {
	var list []dns.RR
	for _, text := range records {
		rr, err := dns.NewRR(dns.Fqdn(host) + " IN " + text)
		if err != nil || rr == nil {
			panic(fmt.Sprintf("dnstest: the record %q of %s: %v", text, host, err))
		}
		list = append(list, rr)
	}
	s.set(host, func(n *name) { n.records = list })
}

// Secure answers for names with the AD bit, as a validating resolver does for
// signed zones.
func (s *Server) Secure(hosts ...string) {
	for _, host := range hosts {
		s.set(host, func(n *name) { n.secure = true })
	}
}

// Bogus answers for a name as a validating resolver does if signatures are wrong:
// SERVFAIL, unless the query has the CD bit.
func (s *Server) Bogus(host string) { s.set(host, func(n *name) { n.bogus = true }) }

// Exist makes a name exist, with whatever records it has.
func (s *Server) Exist(host string) { s.set(host, func(*name) {}) }

// SetCNAME makes a name an alias.
func (s *Server) SetCNAME(host, target string) {
	s.set(host, func(n *name) { n.cname = dns.Fqdn(target) })
}

// SetTTL sets the time to live of all answers, in seconds; it is 300 at first.
func (s *Server) SetTTL(seconds uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ttl = seconds
}

// Fail answers queries for a name with an error, such as [dns.RcodeServerFailure].
func (s *Server) Fail(host string, rcode int) { s.set(host, func(n *name) { n.rcode = rcode }) }

// Drop leaves queries for a name without an answer.
func (s *Server) Drop(host string) { s.set(host, func(n *name) { n.drop = true }) }

// Truncate answers queries for a name over UDP with the TC bit and no records.
func (s *Server) Truncate(host string) { s.set(host, func(n *name) { n.truncate = true }) }

// Mangle lets f change the answers for a name before they are sent.
func (s *Server) Mangle(host string, f func(answer *dns.Msg)) {
	s.set(host, func(n *name) { n.mangle = f })
}

// Hold makes answers for a name wait until release is called.
func (s *Server) Hold(host string) (release func()) {
	s.set(host, func(n *name) {
		n.release()
		n.held = make(chan struct{})
	})
	return func() { s.set(host, (*name).release) }
}

func (n *name) release() {
	if n.held != nil {
		close(n.held)
		n.held = nil
	}
}

// Queries returns how often a name was asked for, over UDP and TCP.
func (s *Server) Queries(host string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.queries[canonical(host)]
	return c.udp + c.tcp
}

// TCPQueries returns how often a name was asked for over TCP.
func (s *Server) TCPQueries(host string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queries[canonical(host)].tcp
}

// Total returns how many queries came in all.
func (s *Server) Total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	for _, c := range s.queries {
		total += c.udp + c.tcp
	}
	return total
}

func canonical(host string) string { return strings.ToLower(dns.Fqdn(host)) }

// split cuts a record into strings that DNS can carry, written as package dns
// wants them.
func split(record string) []string {
	var list []string
	for len(record) > 255 {
		list = append(list, escape(record[:255]))
		record = record[255:]
	}
	return append(list, escape(record))
}

// escape writes bytes that are not plain text as \DDD.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\%03d`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
