package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// udpSize is the largest answer asked for over UDP; larger ones would be
// fragmented on the way and get lost (RFC 9715).
const udpSize = 1232

// maxAliases bounds a chain of CNAME records.
const maxAliases = 16

// maxStray bounds the answers to other questions that are read past while
// waiting for ours.
const maxStray = 100

// ask asks the servers in turn until one answers, beginning with the one that
// answered last: the first of the list may be down. It waits while too many queries
// are under way.
func (r *Resolver) ask(ctx context.Context, q question) (answer, error) {
	select {
	case r.parallel <- struct{}{}:
		defer func() { <-r.parallel }()
	case <-ctx.Done():
		return answer{}, gaveUp(ctx)
	}
	var err error
	servers, first := r.servers(), int(r.first.Load())
	for range tries {
		for i := range servers {
			n := (first + i) % len(servers)
			var a answer
			switch a, err = r.askServer(ctx, servers[n], q); {
			case err == nil, errors.Is(err, ErrNotFound):
				r.first.Store(int32(n))
				return a, err
			case ctx.Err() != nil:
				return answer{}, gaveUp(ctx)
			}
		}
	}
	return answer{}, err
}

// gaveUp is the error of a look-up whose context ended.
func gaveUp(ctx context.Context) error {
	return fmt.Errorf("%w in the time there was: %w", ErrTemporary, ctx.Err())
}

// askServer asks one server once, and over TCP if the answer did not fit.
func (r *Resolver) askServer(ctx context.Context, server string, q question) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()

	m, err := send(ctx, "udp", server, query(q, true))
	if err == nil && (m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented) {
		// Old servers refuse EDNS0: RFC 6891, section 6.2.2.
		m, err = send(ctx, "udp", server, query(q, false))
	}
	if err == nil && m.Truncated {
		m, err = send(ctx, "tcp", server, query(q, true))
	}
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrTemporary, err)
	}
	a, err := read(m, q)
	if err != nil {
		return a, fmt.Errorf("%s says: %w", server, err)
	}
	return a, nil
}

// query makes a query with an ID that nobody can guess.
func query(q question, edns bool) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.rrtype)
	m.CheckingDisabled = q.unchecked
	m.AuthenticatedData = true // we understand AD in the answer: RFC 6840, section 5.7
	if edns {
		m.SetEdns0(udpSize, false)
	}
	return m
}

// send sends a query and waits for its answer, until ctx ends.
func send(ctx context.Context, network, server string, q *dns.Msg) (*dns.Msg, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	c := &dns.Conn{Conn: conn, UDPSize: udpSize}
	if err := c.WriteMsg(q); err != nil {
		return nil, fmt.Errorf("asking %s: %w", server, err)
	}
	for range maxStray {
		m, err := c.ReadMsg()
		var netErr net.Error
		switch {
		case errors.As(err, &netErr) && netErr.Timeout():
			return nil, fmt.Errorf("%s gave no answer in time", server)
		case err == nil && answers(m, q):
			return m, nil
		case network == "tcp" && err == nil:
			return nil, fmt.Errorf("%s answered another question", server)
		case network == "tcp" || errors.As(err, &netErr):
			return nil, fmt.Errorf("reading the answer of %s: %w", server, err)
		}
		// Over UDP, anybody can send us anything: wait for the right answer.
	}
	return nil, fmt.Errorf("%s sent nothing but answers to other questions", server)
}

// answers reports whether m is an answer to q. A server that failed need not
// repeat the question.
func answers(m, q *dns.Msg) bool {
	if !m.Response || m.Id != q.Id || m.Opcode != q.Opcode {
		return false
	}
	if len(m.Question) == 0 {
		return m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError
	}
	got, want := m.Question[0], q.Question[0]
	return len(m.Question) == 1 && got.Qtype == want.Qtype && got.Qclass == want.Qclass && strings.EqualFold(got.Name, want.Name)
}

// read takes the records out of an answer. Where there are none, the answer that
// comes with [ErrNotFound] says for how long.
func read(m *dns.Msg, q question) (answer, error) {
	switch {
	case m.Rcode == dns.RcodeNameError:
		return answer{ttl: negativeTTL(m)}, ErrNoName
	case m.Rcode == dns.RcodeServerFailure:
		return answer{}, ErrServFail
	case m.Rcode != dns.RcodeSuccess:
		return answer{}, fmt.Errorf("%s: %w", rcode(m.Rcode), ErrTemporary)
	case m.Truncated:
		return answer{}, fmt.Errorf("the answer is cut off even over TCP: %w", ErrTemporary)
	}
	a := answer{authenticData: m.AuthenticatedData, ttl: maxTTL, size: m.Len()}
	name := q.name
	for range maxAliases {
		if a.records = find(m, name, q.rrtype); len(a.records) > 0 {
			a.limitTTL(a.records)
			return a, nil
		}
		alias := find(m, name, dns.TypeCNAME)
		if len(alias) == 0 {
			break
		}
		a.limitTTL(alias)
		name = strings.ToLower(alias[0].(*dns.CNAME).Target)
	}
	if !m.RecursionAvailable && !m.Authoritative {
		return answer{}, fmt.Errorf("it does not answer for the domains of others: %w", ErrTemporary)
	}
	return answer{ttl: negativeTTL(m)}, fmt.Errorf("the name has no such records: %w", ErrNotFound)
}

// find returns the records of a name and type in the answer section.
func find(m *dns.Msg, name string, rrtype uint16) []dns.RR {
	var found []dns.RR
	for _, rr := range m.Answer {
		h := rr.Header()
		if h.Rrtype == rrtype && h.Class == dns.ClassINET && strings.EqualFold(h.Name, name) {
			found = append(found, rr)
		}
	}
	return found
}

// limitTTL makes an answer live no longer than these records.
func (a *answer) limitTTL(records []dns.RR) {
	for _, rr := range records {
		a.ttl = min(a.ttl, time.Duration(rr.Header().Ttl)*time.Second)
	}
}

// negativeTTL returns how long it holds that there is nothing: RFC 2308, section
// 5. It is 0 where the answer does not say.
func negativeTTL(m *dns.Msg) time.Duration {
	i := slices.IndexFunc(m.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA })
	if i < 0 {
		return 0
	}
	soa, ok := m.Ns[i].(*dns.SOA)
	if !ok {
		return 0
	}
	return time.Duration(min(soa.Hdr.Ttl, soa.Minttl)) * time.Second
}

// rcode returns the name of an answer's code.
func rcode(code int) string {
	if s, ok := dns.RcodeToString[code]; ok {
		return s
	}
	return fmt.Sprintf("code %d", code)
}
