package dnstest

import (
	"github.com/miekg/dns"
)

// maxAliases bounds the chain of CNAMEs that an answer follows.
const maxAliases = 20

// handler answers the queries that come over TCP or over UDP.
func (s *Server) handler(tcp bool) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) {
		if len(q.Question) != 1 {
			return
		}
		n := s.note(q.Question[0].Name, tcp)
		if n.held != nil {
			<-n.held
		}
		if n.drop {
			return
		}
		m := s.answer(q)
		if n.truncate && !tcp {
			m.Truncated, m.Answer, m.Ns = true, nil, nil
		}
		if !tcp {
			size := dns.MinMsgSize
			if opt := q.IsEdns0(); opt != nil {
				size = int(opt.UDPSize())
			}
			m.Truncate(size)
			m.Truncated = m.Truncated || n.truncate
		}
		if n.mangle != nil {
			n.mangle(m)
		}
		w.WriteMsg(m) // the client may have gone
	}
}

// note counts a query and returns what is set for its name.
func (s *Server) note(host string, tcp bool) name {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := canonical(host)
	c := s.queries[key]
	if tcp {
		c.tcp++
	} else {
		c.udp++
	}
	s.queries[key] = c
	if n := s.names[key]; n != nil {
		return *n
	}
	return name{}
}

// answer answers a query from the names that are set.
func (s *Server) answer(q *dns.Msg) *dns.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := new(dns.Msg)
	m.SetReply(q)
	m.RecursionAvailable = true
	if opt := q.IsEdns0(); opt != nil {
		m.SetEdns0(dns.DefaultMsgSize, false)
	}
	host := q.Question[0].Name
	secure := true
	for range maxAliases {
		n := s.names[canonical(host)]
		secure = secure && n != nil && n.secure
		m.AuthenticatedData = secure
		switch {
		case n == nil:
			m.Rcode = dns.RcodeNameError
		case n.rcode != 0:
			m.Rcode = n.rcode
			return m
		case n.bogus && !q.CheckingDisabled:
			m.Rcode = dns.RcodeServerFailure
			return m
		case n.cname != "" && q.Question[0].Qtype == dns.TypeCNAME:
			m.Answer = append(m.Answer, &dns.CNAME{Hdr: s.header(host, dns.TypeCNAME), Target: n.cname})
			return m
		case n.cname != "":
			m.Answer = append(m.Answer, &dns.CNAME{Hdr: s.header(host, dns.TypeCNAME), Target: n.cname})
			host = n.cname
			continue
		case q.Question[0].Qtype == dns.TypeTXT:
			for _, txt := range n.txt {
				m.Answer = append(m.Answer, &dns.TXT{Hdr: s.header(host, dns.TypeTXT), Txt: txt})
			}
			if len(n.txt) > 0 {
				return m
			}
		default:
			if s.add(m, n, host, q.Question[0].Qtype) {
				return m
			}
		}
		break
	}
	// RFC 2308, section 3: an answer without records carries the zone's SOA.
	m.Ns = append(m.Ns, &dns.SOA{
		Hdr: s.header(".", dns.TypeSOA), Ns: "ns.invalid.", Mbox: "nobody.invalid.",
		Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: s.ttl,
	})
	return m
}

// add puts a name's records of a type into an answer, and reports whether there
// are any.
func (s *Server) add(m *dns.Msg, n *name, host string, rrtype uint16) bool {
	found := false
	for _, rr := range n.records {
		if rr.Header().Rrtype == rrtype {
			rr = dns.Copy(rr)
			*rr.Header() = s.header(host, rrtype)
			m.Answer = append(m.Answer, rr)
			found = true
		}
	}
	return found
}

// header returns the header of a record.
func (s *Server) header(host string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: host, Rrtype: rrtype, Class: dns.ClassINET, Ttl: s.ttl}
}
