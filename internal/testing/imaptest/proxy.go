package imaptest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// maxRecorded bounds how many commands a proxy records.
const maxRecorded = 100_000

// An Action is what a proxy does with a client's command.
type Action int

// Actions of a proxy.
const (
	Forward       Action = iota // forward the command
	CutBefore                   // end the connection before the server receives the command
	CutAfterReply               // end it after the server executed the command, before the client gets the reply
	Stall                       // forward nothing more in either direction, and stay connected
)

// A Proxy stands between a client and a server. It counts bytes, records the
// client's commands unless they are encrypted, and breaks connections on request.
// Its settings apply to open and to later connections.
type Proxy struct {
	Port int
	Addr string

	target   string
	protocol Protocol
	listener net.Listener
	done     sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	links     map[*link]struct{}
	accepted  int
	cuts      int
	toClient  int64
	toServer  int64
	cutAfter  int64 // -1: never
	cutEach   int64 // bytes to the client after which each connection ends; 0: never
	cutsNext  []int64
	delay     time.Duration
	commands  []string
	onCommand func(line string) Action
	onReply   func(line string) bool
	tracing   bool
	fault     Fault
	steps     []Step
	struck    bool
}

// NewProxy starts a proxy in front of a server, until the test ends.
func NewProxy(t testing.TB, s *Server) *Proxy {
	t.Helper()
	return newProxy(t, s.Addr, IMAP)
}

// NewSMTPProxy starts a proxy in front of an SMTP server at an address, until the
// test ends.
func NewSMTPProxy(t testing.TB, address string) *Proxy {
	t.Helper()
	return newProxy(t, address, SMTP)
}

func newProxy(t testing.TB, target string, protocol Protocol) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		target: target, protocol: protocol, listener: listener, Addr: listener.Addr().String(), links: make(map[*link]struct{}), cutAfter: -1,
	}
	_, port, err := net.SplitHostPort(p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	p.Port = portOf(t, port)
	p.done.Go(p.accept)
	t.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		_ = listener.Close()
		p.CloseAll()
		p.done.Wait()
	})
	return p
}

// Commands returns the lines that clients have sent so far. Lines of literals are
// among them.
func (p *Proxy) Commands() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.commands...)
}

// Forget drops the commands so far.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands = nil
}

// Bytes returns how many bytes went each way.
func (p *Proxy) Bytes() (toClient, toServer int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.toClient, p.toServer
}

// Connections returns how many connections were made.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Cuts returns how many connections the proxy has ended by itself.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// CutAfter ends the connection that raises the bytes sent to clients from now on
// above n, once.
func (p *Proxy) CutAfter(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAfter, p.cutsNext = n, nil
}

// CutAfterEach is CutAfter several times: each number counts the bytes since the
// previous cut. Without numbers it cancels earlier ones.
func (p *Proxy) CutAfterEach(n ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAfter, p.cutsNext = -1, n
	p.nextCut()
}

// nextCut takes the next number of CutAfterEach, if there is one left.
func (p *Proxy) nextCut() {
	if len(p.cutsNext) > 0 {
		p.cutAfter, p.cutsNext = p.cutsNext[0], p.cutsNext[1:]
	}
}

// CutEach ends each connection that sends more than n bytes to a client; 0 ends none.
func (p *Proxy) CutEach(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutEach = n
}

// OnCommand sets the function that decides on each line of a client; nil forwards all.
func (p *Proxy) OnCommand(f func(line string) Action) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onCommand = f
}

// OnReply sets the function that is called before each line of the server is
// forwarded; true ends the connection instead. Lines of literals are among them.
func (p *Proxy) OnReply(f func(line string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onReply = f
}

// Delay delays each chunk from the server, as a distant server does.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// CloseAll ends the connections that are open.
func (p *Proxy) CloseAll() {
	p.mu.Lock()
	var open []*link
	for l := range p.links {
		open = append(open, l)
	}
	p.mu.Unlock()
	for _, l := range open {
		l.close()
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{proxy: p, client: client, server: server, ended: make(chan struct{})}
		p.mu.Lock()
		p.accepted++
		p.links[l] = struct{}{}
		closed := p.closed
		p.mu.Unlock()
		if closed {
			l.close()
		}
		p.done.Go(func() {
			if _, alive := l.begin(Step{}, ""); alive {
				p.done.Go(l.upstream)
				l.downstream()
			}
		})
	}
}

// A link is one proxied connection.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	once           sync.Once
	ended          chan struct{}
	sent           int64 // to the client; guarded by the proxy's mutex

	mu      sync.Mutex
	stalled bool
	swallow string // the tag after whose reply the link ends; until then nothing is forwarded

	exchange *exchange // the step that the link is in; nil where steps are not counted
	inBody   bool      // the client is sending the mail of SMTP
}

func (l *link) close() {
	l.once.Do(func() {
		close(l.ended)
		_ = l.client.Close()
		_ = l.server.Close()
		l.proxy.mu.Lock()
		delete(l.proxy.links, l)
		l.proxy.mu.Unlock()
	})
}

func (l *link) cut() {
	l.proxy.mu.Lock()
	l.proxy.cuts++
	l.proxy.mu.Unlock()
	l.close()
}

// upstream forwards the client's lines.
func (l *link) upstream() {
	defer l.close()
	br := bufio.NewReaderSize(l.client, 64<<10)
	for {
		line, err := br.ReadSlice('\n')
		if len(line) > 0 && !l.command(line) {
			return
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// command handles one line and reports whether the link stays open.
func (l *link) command(line []byte) bool {
	p := l.proxy
	text := strings.TrimRight(string(line), "\r\n")
	p.mu.Lock()
	if len(p.commands) < maxRecorded {
		p.commands = append(p.commands, text)
	}
	decide := p.onCommand
	p.mu.Unlock()
	if l.isStalled() {
		return true // read on, to notice the client's end
	}
	action := Forward
	if decide != nil {
		action = decide(text)
	}
	switch action {
	case CutBefore:
		l.cut()
		return false
	case Stall:
		l.stall()
		return true
	case CutAfterReply:
		tag, _, _ := strings.Cut(text, " ")
		l.mu.Lock()
		l.swallow = tag
		l.mu.Unlock()
	}
	if forward, alive := l.commandStep(text); !forward || !alive {
		return alive
	}
	n, err := l.server.Write(line)
	p.mu.Lock()
	p.toServer += int64(n)
	p.mu.Unlock()
	return err == nil
}

// commandStep begins a step if a line is a command.
func (l *link) commandStep(text string) (forward, alive bool) {
	l.mu.Lock()
	inBody := l.inBody
	if text == "." {
		l.inBody = false
	}
	l.mu.Unlock()
	tag, command, ok := l.proxy.protocol.command(text, inBody)
	if !ok {
		return true, true
	}
	return l.begin(Step{Command: command}, tag)
}

// downstream forwards the server's lines.
func (l *link) downstream() {
	defer l.close()
	br := bufio.NewReaderSize(l.server, 64<<10)
	for {
		line, err := br.ReadSlice('\n')
		if len(line) > 0 && !l.reply(line) {
			return
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// reply handles one line and reports whether the link stays open.
func (l *link) reply(line []byte) bool {
	p := l.proxy
	text := strings.TrimRight(string(line), "\r\n")
	l.mu.Lock()
	stalled, swallow := l.stalled, l.swallow
	l.mu.Unlock()
	if stalled {
		<-l.ended
		return false
	}
	if swallow != "" {
		if strings.HasPrefix(text, swallow+" ") {
			l.cut()
			return false
		}
		return true
	}
	if taken, alive := l.hear(line); taken || !alive {
		return alive
	}
	p.mu.Lock()
	decide, delay := p.onReply, p.delay
	p.mu.Unlock()
	if decide != nil && decide(text) {
		l.cut()
		return false
	}
	if delay > 0 && !l.pause(delay) {
		return false
	}
	return l.send(line)
}

// send writes to the client, up to the next cut.
func (l *link) send(line []byte) bool {
	p := l.proxy
	p.mu.Lock()
	cut := p.cutAfter >= 0 && int64(len(line)) > p.cutAfter
	if cut {
		line = line[:p.cutAfter]
		p.cutAfter = -1
		p.nextCut()
	} else if p.cutAfter >= 0 {
		p.cutAfter -= int64(len(line))
	}
	if p.cutEach > 0 && l.sent+int64(len(line)) > p.cutEach {
		cut, line = true, line[:max(p.cutEach-l.sent, 0)]
	}
	l.sent += int64(len(line))
	p.mu.Unlock()
	n, err := l.client.Write(line)
	p.mu.Lock()
	p.toClient += int64(n)
	p.mu.Unlock()
	if cut {
		l.cut()
		return false
	}
	return err == nil || errors.Is(err, io.ErrShortWrite)
}

// pause waits, unless the link ends before.
func (l *link) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ended:
		return false
	}
}
