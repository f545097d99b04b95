package dnstest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// timeout is far longer than a busy machine takes to answer.
const timeout = time.Minute

// ask asks the server for the TXT records of a name.
func ask(t *testing.T, s *Server, network, host string) *dns.Msg {
	t.Helper()
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(host), dns.TypeTXT)
	q.SetEdns0(1232, false)
	m, _, err := (&dns.Client{Net: network, Timeout: timeout}).Exchange(q, s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// texts returns the TXT records of an answer, their strings joined.
func texts(m *dns.Msg) []string {
	var list []string
	for _, rr := range m.Answer {
		if txt, ok := rr.(*dns.TXT); ok {
			list = append(list, strings.Join(txt.Txt, ""))
		}
	}
	return list
}

func TestServerAnswers(t *testing.T) {
	t.Parallel()
	s := New(t)
	long := strings.Repeat("0123456789", 60)
	s.SetTXT("key.example", long, "second")
	s.SetTXT("empty.example")
	s.SetCNAME("alias.example", "key.example")
	s.SetCNAME("loop.example", "loop.example")
	s.SetTXT("fails.example", "x")
	s.Fail("fails.example", dns.RcodeServerFailure)
	tests := []struct {
		host  string
		rcode int
		want  []string
	}{
		{"key.example", dns.RcodeSuccess, []string{long, "second"}},
		{"KEY.Example", dns.RcodeSuccess, []string{long, "second"}},
		{"alias.example", dns.RcodeSuccess, []string{long, "second"}},
		{"empty.example", dns.RcodeSuccess, nil},
		{"absent.example", dns.RcodeNameError, nil},
		{"fails.example", dns.RcodeServerFailure, nil},
		{"loop.example", dns.RcodeSuccess, nil},
	}
	for _, tt := range tests {
		for _, network := range []string{"udp", "tcp"} {
			m := ask(t, s, network, tt.host)
			if diff := cmp.Diff(tt.want, texts(m)); diff != "" || m.Rcode != tt.rcode || m.Truncated {
				t.Errorf("%s over %s: rcode %d, truncated %v, (-want +got):\n%s", tt.host, network, m.Rcode, m.Truncated, diff)
			}
		}
	}
	if n, tcp := s.Queries("key.EXAMPLE"), s.TCPQueries("key.example"); n != 4 || tcp != 2 || s.Total() != 2*len(tests) {
		t.Errorf("counted %d queries for key.example, %d over TCP, %d in all", n, tcp, s.Total())
	}
}

func TestServerTruncates(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.SetTXT("asked.example", "x")
	s.Truncate("asked.example")
	s.SetTXT("large.example", strings.Repeat("x", 2000))
	for _, host := range []string{"asked.example", "large.example"} {
		if m := ask(t, s, "udp", host); !m.Truncated || len(texts(m)) > 0 {
			t.Errorf("%s over UDP: truncated %v with %d records", host, m.Truncated, len(texts(m)))
		}
		if m := ask(t, s, "tcp", host); m.Truncated || len(texts(m)) != 1 {
			t.Errorf("%s over TCP: truncated %v with %d records", host, m.Truncated, len(texts(m)))
		}
	}
}

func TestServerDropsHoldsAndMangles(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.SetTXT("silent.example", "x")
	s.Drop("silent.example")
	q := new(dns.Msg)
	q.SetQuestion("silent.example.", dns.TypeTXT)
	if m, _, err := (&dns.Client{Timeout: 50 * time.Millisecond}).Exchange(q, s.Addr()); err == nil {
		t.Errorf("a dropped query was answered: %v", m)
	}

	s.SetTXT("odd.example", "x")
	s.Mangle("odd.example", func(m *dns.Msg) { m.Rcode = dns.RcodeRefused })
	if m := ask(t, s, "udp", "odd.example"); m.Rcode != dns.RcodeRefused {
		t.Errorf("rcode %d, want what Mangle set", m.Rcode)
	}

	s.SetTXT("held.example", "x")
	release := s.Hold("held.example")
	done := make(chan []string)
	go func() {
		m, _, err := (&dns.Client{Timeout: timeout}).Exchange(new(dns.Msg).SetQuestion("held.example.", dns.TypeTXT), s.Addr())
		if err != nil {
			t.Error(err)
			m = new(dns.Msg)
		}
		done <- texts(m)
	}()
	for deadline := time.Now().Add(timeout); s.Queries("held.example") == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the query never came")
		}
		time.Sleep(time.Millisecond)
	}
	select {
	case got := <-done:
		t.Errorf("a held query was answered with %q", got)
	default:
	}
	release()
	if got := <-done; !cmp.Equal(got, []string{"x"}) {
		t.Errorf("released: %q", got)
	}
}

func TestServerCloses(t *testing.T) {
	t.Parallel()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	s.SetTXT("x.example", "closed")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	// The port may be somebody else's by now.
	tcp := &dns.Client{Net: "tcp", Timeout: timeout}
	if m, _, err := tcp.Exchange(new(dns.Msg).SetQuestion("x.example.", dns.TypeTXT), s.Addr()); err == nil && len(m.Answer) > 0 {
		t.Errorf("a closed server answers %v", m)
	}
}

func TestBytesSurvive(t *testing.T) {
	t.Parallel()
	s := New(t)
	record := "quote \" backslash \\ NUL \x00 high \xff end"
	s.SetTXT("bytes.example", record)
	if got := texts(ask(t, s, "tcp", "bytes.example")); len(got) != 1 || got[0] != `quote \" backslash \\ NUL \000 high \255 end` {
		t.Errorf("got %q", got)
	}
}

func TestRecordsOfOtherTypes(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.SetTXT("example.com", "text")
	s.Set("example.com", "MX 10 mx.example.com.", "A 192.0.2.1")
	s.Secure("example.com")
	s.SetCNAME("alias.example", "example.com")
	s.Set("bogus.example", "MX 10 mx.example.com.")
	s.Bogus("bogus.example")
	tests := []struct {
		host      string
		rrtype    uint16
		unchecked bool
		rcode, n  int
		adBit     bool
	}{
		{host: "example.com", rrtype: dns.TypeMX, n: 1, adBit: true},
		{host: "example.com", rrtype: dns.TypeTXT, n: 1, adBit: true},
		{host: "example.com", rrtype: dns.TypeAAAA, n: 0, adBit: true},
		{host: "alias.example", rrtype: dns.TypeMX, n: 2},
		{host: "alias.example", rrtype: dns.TypeCNAME, n: 1},
		{host: "bogus.example", rrtype: dns.TypeMX, rcode: dns.RcodeServerFailure},
		{host: "bogus.example", rrtype: dns.TypeMX, unchecked: true, n: 1},
	}
	for _, tt := range tests {
		q := new(dns.Msg).SetQuestion(dns.Fqdn(tt.host), tt.rrtype)
		q.CheckingDisabled = tt.unchecked
		m, _, err := (&dns.Client{Timeout: timeout}).Exchange(q, s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if m.Rcode != tt.rcode || len(m.Answer) != tt.n || m.AuthenticatedData != tt.adBit {
			t.Errorf("%s of %s: rcode %d, %d records, AD %v; want %d, %d, %v", dns.TypeToString[tt.rrtype], tt.host,
				m.Rcode, len(m.Answer), m.AuthenticatedData, tt.rcode, tt.n, tt.adBit)
		}
	}
	// Text and other records are set apart from each other.
	s.SetTXT("example.com", "other")
	if m := ask(t, s, "udp", "example.com"); len(texts(m)) != 1 || texts(m)[0] != "other" {
		t.Errorf("texts %q", texts(m))
	}
}
