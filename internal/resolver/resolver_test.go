package resolver

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"tlsbrief/internal/testing/dnstest"
)

// testTimeout is far longer than a busy machine takes to answer.
const testTimeout = time.Minute

// start starts a DNS server and a Resolver that asks it. Options without a timeout
// get one that nobody sees the end of.
func start(t *testing.T, o Options) (*dnstest.Server, *Resolver) {
	t.Helper()
	s := dnstest.New(t)
	o.Server = s.Addr()
	if o.Timeout == 0 {
		o.Timeout = testTimeout
	}
	return s, New(o)
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(testTimeout); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestTXT(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	long := strings.Repeat("MIIBIjANBgkqhkiG", 40)
	odd := "quote \" backslash \\ \\065 NUL \x00 high \xff"
	s.SetTXT("key.example", "v=DKIM1; p="+long)
	s.SetTXT("two.example", "one", "two")
	s.SetTXT("odd.example", odd)
	s.SetTXT("large.example", strings.Repeat("large", 1000))
	s.SetTXT("cut.example", "x")
	s.Truncate("cut.example")
	s.SetCNAME("alias.example", "Second.Example")
	s.SetCNAME("second.example", "two.example")
	s.SetCNAME("dangling.example", "nowhere.example")
	s.SetCNAME("loop.example", "loop.example")
	s.SetTXT("empty.example")
	for name, code := range map[string]int{"servfail.example": dns.RcodeServerFailure, "refused.example": dns.RcodeRefused, "odd-code.example": 3841} {
		s.SetTXT(name, "x")
		s.Fail(name, code)
	}

	tests := []struct {
		name, host string
		want       []string
		wantErr    error
		says       string // in the error
		tcp        int
	}{
		{name: "the strings of a record are joined", host: "key.example", want: []string{"v=DKIM1; p=" + long}},
		{name: "case and the last dot do not matter", host: "KEY.example.", want: []string{"v=DKIM1; p=" + long}},
		{name: "several records", host: "two.example", want: []string{"one", "two"}},
		{name: "bytes come through as they are", host: "odd.example", want: []string{odd}},
		{name: "aliases are followed", host: "alias.example", want: []string{"one", "two"}},
		{name: "a large answer comes over TCP", host: "large.example", want: []string{strings.Repeat("large", 1000)}, tcp: 1},
		{name: "a cut answer comes over TCP", host: "cut.example", want: []string{"x"}, tcp: 1},
		{name: "no such name", host: "absent.example", wantErr: ErrNotFound, says: s.Addr()},
		{name: "no such record", host: "empty.example", wantErr: ErrNotFound, says: "empty.example"},
		{name: "an alias to nothing", host: "dangling.example", wantErr: ErrNotFound},
		{name: "an alias to itself", host: "loop.example", wantErr: ErrNotFound},
		{name: "the server failed", host: "servfail.example", wantErr: ErrTemporary, says: s.Addr() + " says: SERVFAIL"},
		{name: "the server refused", host: "refused.example", wantErr: ErrTemporary, says: "REFUSED"},
		{name: "a code nobody knows", host: "odd-code.example", wantErr: ErrTemporary, says: "3841"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := r.TXT(t.Context(), tt.host)
			if !errors.Is(err, tt.wantErr) || errors.Is(err, ErrNotFound) && errors.Is(err, ErrTemporary) {
				t.Fatalf("TXT(%q) error = %v, want %v", tt.host, err, tt.wantErr)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error %q does not say %q", err, tt.says)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("TXT(%q) (-want +got):\n%s", tt.host, diff)
			}
			if n := s.TCPQueries(tt.host); n != tt.tcp {
				t.Errorf("asked %d times over TCP, want %d", n, tt.tcp)
			}
		})
	}
}

func TestNamesThatCannotBeAreNotAskedFor(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	for _, name := range []string{
		"", ".", "a..b", ".a", "a b.example", "a\x00.example", "b\u00fccher.example", `a\.b.example`, `a\046b.example`, "a;b", "$ORIGIN",
		strings.Repeat("x", 64) + ".example", strings.Repeat("long.", 60) + "example",
	} {
		if _, err := r.TXT(t.Context(), name); !errors.Is(err, ErrNotFound) {
			t.Errorf("TXT(%q) error = %v, want %v", name, err, ErrNotFound)
		}
	}
	if n := s.Total(); n != 0 {
		t.Errorf("%d queries were sent", n)
	}
}

// Answers that are not what was asked for must not be believed.
func TestLies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		lie  func(*dns.Msg)
	}{
		{"another ID", func(m *dns.Msg) { m.Id++ }},
		{"another name", func(m *dns.Msg) { m.Question[0].Name = "other.example." }},
		{"another type", func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeA }},
		{"another class", func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }},
		{"no question", func(m *dns.Msg) { m.Question = nil }},
		{"two questions", func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }},
		{"a query for an answer", func(m *dns.Msg) { m.Response = false }},
		{"another operation", func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }},
		{"cut off even over TCP", func(m *dns.Msg) { m.Truncated = true }},
		{"a server that does not ask others", func(m *dns.Msg) { m.Answer, m.Ns, m.RecursionAvailable = nil, nil, false }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, r := start(t, Options{Timeout: 100 * time.Millisecond})
			s.SetTXT("x.example", "a lie")
			s.Mangle("x.example", tt.lie)
			got, err := r.TXT(t.Context(), "x.example")
			if !errors.Is(err, ErrTemporary) {
				t.Errorf("TXT = %q, %v; want %v", got, err, ErrTemporary)
			}
		})
	}
}

// Records that the answer holds beside the question's count for nothing.
func TestRecordsOfOthersAreLeftOut(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	s.SetTXT("x.example", "mine")
	s.Mangle("x.example", func(m *dns.Msg) {
		h := dns.RR_Header{Name: "other.example.", Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1}
		chaos := dns.RR_Header{Name: "x.example.", Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS, Ttl: 1}
		m.Answer = append([]dns.RR{&dns.TXT{Hdr: h, Txt: []string{"other"}}, &dns.TXT{Hdr: chaos, Txt: []string{"chaos"}}}, m.Answer...)
	})
	got, err := r.TXT(t.Context(), "x.example")
	if diff := cmp.Diff([]string{"mine"}, got); diff != "" || err != nil {
		t.Errorf("TXT: %v (-want +got):\n%s", err, diff)
	}
	if a, err := r.exchange(t.Context(), "x.example", dns.TypeTXT); err != nil || a.ttl != 300*time.Second {
		t.Errorf("lives %s (%v), want as long as the record asked for", a.ttl, err)
	}
}

func TestAuthenticDataIsKept(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	for _, signed := range []bool{true, false} {
		host := strconv.FormatBool(signed) + ".example"
		s.SetTXT(host, "x")
		s.Mangle(host, func(m *dns.Msg) { m.AuthenticatedData = signed })
		if a, err := r.exchange(t.Context(), host, dns.TypeTXT); err != nil || a.authenticData != signed {
			t.Errorf("AD = %v (%v), want %v", a.authenticData, err, signed)
		}
	}
}

// RFC 6891, section 6.2.2.
func TestServerWithoutEDNS(t *testing.T) {
	t.Parallel()
	for _, code := range []int{dns.RcodeFormatError, dns.RcodeNotImplemented} {
		s, r := start(t, Options{})
		s.SetTXT("x.example", "x")
		s.Mangle("x.example", func(m *dns.Msg) {
			if m.IsEdns0() != nil { // only where the query had it
				m.Rcode, m.Answer, m.Extra, m.Question = code, nil, nil, nil
			}
		})
		if got, err := r.TXT(t.Context(), "x.example"); err != nil || !cmp.Equal(got, []string{"x"}) {
			t.Errorf("code %d: %q, %v", code, got, err)
		}
	}
}

func TestSilentServerIsTriedTwiceThenGivenUp(t *testing.T) {
	t.Parallel()
	// Long enough for a busy machine to get a query out in it.
	s, r := start(t, Options{Timeout: time.Second})
	s.SetTXT("x.example", "x")
	s.Drop("x.example")
	_, err := r.TXT(t.Context(), "x.example")
	if !errors.Is(err, ErrTemporary) || !strings.Contains(err.Error(), s.Addr()) || !strings.Contains(err.Error(), "x.example") {
		t.Errorf("error = %v, want %v that names server and name", err, ErrTemporary)
	}
	// The server may not have got round to reading the last one.
	waitFor(t, "all tries", func() bool { return s.Queries("x.example") >= tries })
	s.SetTXT("flush.example", "x")
	if _, err := New(Options{Server: s.Addr(), Timeout: testTimeout}).TXT(t.Context(), "flush.example"); err != nil {
		t.Errorf("TXT of another name: %v", err)
	}
	if n := s.Queries("x.example"); n != tries {
		t.Errorf("asked %d times, want %d", n, tries)
	}
}

func TestNextServerIsAsked(t *testing.T) {
	t.Parallel()
	bad, good := dnstest.New(t), dnstest.New(t)
	bad.SetTXT("x.example", "x")
	bad.Fail("x.example", dns.RcodeServerFailure)
	good.SetTXT("x.example", "right")
	r := New(Options{Timeout: testTimeout})
	r.servers = func() []string { return []string{closedPort, bad.Addr(), good.Addr()} }
	if got, err := r.TXT(t.Context(), "x.example"); err != nil || !cmp.Equal(got, []string{"right"}) {
		t.Errorf("TXT = %q, %v", got, err)
	}
	if n := good.Queries("x.example"); n != 1 {
		t.Errorf("the good server was asked %d times, want 1", n)
	}
}

// The server that knew last is asked first: one that is down costs its time once.
func TestTheServerThatKnewIsAskedFirst(t *testing.T) {
	t.Parallel()
	silent, good := dnstest.New(t), dnstest.New(t)
	for _, name := range []string{"x.example", "y.example"} {
		silent.Drop(name)
		good.SetTXT(name, "right")
	}
	r := New(Options{Timeout: time.Second})
	r.servers = func() []string { return []string{silent.Addr(), good.Addr()} }
	for _, name := range []string{"x.example", "y.example"} {
		if got, err := r.TXT(t.Context(), name); err != nil || !cmp.Equal(got, []string{"right"}) {
			t.Errorf("TXT(%s) = %q, %v", name, got, err)
		}
	}
	if n := silent.Total(); n != 1 {
		t.Errorf("the silent server was asked %d times, want once", n)
	}
}

// What is cached is had without time.
func TestCachedAnswerAfterTheContextEnded(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{Timeout: 10 * time.Second})
	s.SetTXT("x.example", "x")
	if _, err := r.TXT(t.Context(), "x.example"); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := r.TXT(ended, "x.example"); err != nil || !cmp.Equal(got, []string{"x"}) {
		t.Errorf("TXT = %q, %v; want what is cached", got, err)
	}
}

// closedPort is an address where nobody listens. A port that was closed just now may
// be another test's by the time it is asked.
const closedPort = "127.255.255.254:9"

func TestTCPThatFails(t *testing.T) {
	t.Parallel()
	// A UDP server of its own that cuts every answer, with no TCP beside it.
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.Truncated = true
		w.WriteMsg(m)
	})}
	go srv.ActivateAndServe()
	t.Cleanup(func() { conn.Close() })
	r := New(Options{Server: conn.LocalAddr().String(), Timeout: time.Second})
	if _, err := r.TXT(t.Context(), "x.example"); !errors.Is(err, ErrTemporary) {
		t.Errorf("error = %v, want %v", err, ErrTemporary)
	}
}

func TestGarbageIsReadPast(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			q := new(dns.Msg)
			if q.Unpack(buf[:n]) != nil {
				continue
			}
			m := new(dns.Msg)
			m.SetReply(q)
			m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}, Txt: []string{"right"}}}
			packed, err := m.Pack()
			if err != nil {
				continue
			}
			conn.WriteTo([]byte("garbage"), from)
			conn.WriteTo(append([]byte{packed[0] + 1}, packed[1:]...), from)
			conn.WriteTo(packed, from)
		}
	}()
	r := New(Options{Server: conn.LocalAddr().String(), Timeout: testTimeout})
	if got, err := r.TXT(t.Context(), "x.example"); err != nil || !cmp.Equal(got, []string{"right"}) {
		t.Errorf("TXT = %q, %v", got, err)
	}
}

// 10,000 reports by 40 senders cost 40 queries.
func TestManyCallersFewQueries(t *testing.T) {
	t.Parallel()
	const senders, reports = 40, 10_000
	s, r := start(t, Options{})
	name := func(i int) string { return "k._domainkey.sender" + strconv.Itoa(i) + ".example" }
	for i := range senders {
		s.SetTXT(name(i), "v=DKIM1; p=")
	}
	var wg sync.WaitGroup
	var failed atomic.Int64
	for i := range reports {
		wg.Go(func() {
			if got, err := r.TXT(t.Context(), name(i%senders)); err != nil || len(got) != 1 {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if failed.Load() > 0 || s.Total() > senders*tries {
		t.Errorf("%d of %d look-ups failed, %d queries", failed.Load(), reports, s.Total())
	}
	for i := range senders {
		if n := s.Queries(name(i)); n == 0 {
			t.Errorf("%s was never asked for", name(i))
		}
	}
}

func TestSameQuestionIsUnderWayOnce(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	s.SetTXT("x.example", "x")
	release := s.Hold("x.example")
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := r.TXT(t.Context(), "X.example"); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, "all callers to wait", func() bool {
		r.inflight.mu.Lock()
		defer r.inflight.mu.Unlock()
		fl := r.inflight.lookups[question{"x.example.", dns.TypeTXT, false}]
		return fl != nil && fl.waiting == 50
	})
	release()
	wg.Wait()
	if n := s.Queries("x.example"); n != 1 {
		t.Errorf("%d queries for one name, want 1", n)
	}
}

func TestParallelIsBounded(t *testing.T) {
	t.Parallel()
	const parallel, names = 3, 10
	s, r := start(t, Options{Parallel: parallel})
	var releases []func()
	for i := range names {
		host := "h" + strconv.Itoa(i) + ".example"
		s.SetTXT(host, "x")
		releases = append(releases, s.Hold(host))
	}
	var wg sync.WaitGroup
	for i := range names {
		wg.Go(func() {
			if _, err := r.TXT(t.Context(), "h"+strconv.Itoa(i)+".example"); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, "the first queries", func() bool { return s.Total() == parallel })
	waitFor(t, "all to be under way or to wait", func() bool {
		r.inflight.mu.Lock()
		defer r.inflight.mu.Unlock()
		return len(r.inflight.lookups) == names
	})
	if n := s.Total(); n != parallel {
		t.Errorf("%d queries under way at once, want %d", n, parallel)
	}
	for _, release := range releases {
		release()
	}
	wg.Wait()
	if n := s.Total(); n != names {
		t.Errorf("%d queries in all, want %d", n, names)
	}
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	s, r := start(t, Options{})
	s.SetTXT("x.example", "x")
	release := s.Hold("x.example")
	defer release()

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.TXT(ended, "x.example"); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrTemporary) {
		t.Errorf("before: %v", err)
	}
	if n := s.Total(); n != 0 {
		t.Errorf("%d queries with a context that had ended", n)
	}

	first, cancelFirst := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	go func() { _, err := r.TXT(first, "x.example"); errs <- err }()
	waitFor(t, "the query", func() bool { return s.Queries("x.example") == 1 })
	second, cancelSecond := context.WithCancel(t.Context())
	go func() { _, err := r.TXT(second, "x.example"); errs <- err }()
	under := func() *lookup {
		r.inflight.mu.Lock()
		defer r.inflight.mu.Unlock()
		return r.inflight.lookups[question{"x.example.", dns.TypeTXT, false}]
	}
	waitFor(t, "the second caller", func() bool {
		fl := under()
		r.inflight.mu.Lock()
		defer r.inflight.mu.Unlock()
		return fl.waiting == 2
	})
	cancelFirst()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("the first caller: %v", err)
	}
	fl := under()
	if fl == nil {
		t.Fatal("the query was called off while another caller waits")
	}
	cancelSecond()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("the second caller: %v", err)
	}
	select {
	case <-fl.done:
	case <-time.After(testTimeout):
		t.Fatal("the query goes on though nobody waits")
	}
	release()
	if got, err := r.TXT(t.Context(), "x.example"); err != nil || !cmp.Equal(got, []string{"x"}) {
		t.Errorf("afterwards: %q, %v; having given up must not be remembered", got, err)
	}
}

func TestUnescape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", `a\"b\\c`: `a"b\c`, `\000\255`: "\x00\xff", `\0651`: "A1", `end\`: `end\`, `\12`: "12", "": "",
	} {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}
